package nifti

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labelmap"
)

// ecodeComment is NIFTI_ECODE_COMMENT: plain text.
const ecodeComment = 6

// tableMark begins the text of an extension that carries a volume.Table.
const tableMark = `{"iris":"` + volume.TableVersion + `"`

// maxTableText bounds the texts of one label.
const maxTableText = 200

// headerExtension is one extension as it stands in the file, padding included.
type headerExtension struct {
	code int
	text []byte
}

// eachExtension lists the extensions up to the end or to where their chain breaks.
func (f *file) eachExtension() iter.Seq[headerExtension] {
	return func(yield func(headerExtension) bool) {
		rest := f.extensions
		if len(rest) < 4 || rest[0] == 0 { // the four bytes that say whether any follow
			return
		}
		for rest = rest[4:]; len(rest) >= 8; {
			size, code := int64(f.order.Uint32(rest)), f.order.Uint32(rest[4:])
			if size < 8 || size > int64(len(rest)) || !yield(headerExtension{int(int32(code)), rest[8:size]}) {
				return
			}
			rest = rest[size:]
		}
	}
}

// findTable looks for our table among the extensions. Those of others, and
// chains that are broken, are passed over; a broken table of ours is an error.
func findTable(f *file) (volume.Table, error) {
	for e := range f.eachExtension() {
		if e.code == ecodeComment && bytes.HasPrefix(e.text, []byte(tableMark)) {
			return parseTable(bytes.TrimRight(e.text, "\x00"))
		}
	}
	return volume.Table{}, nil
}

func parseTable(text []byte) (volume.Table, error) {
	var t volume.Table
	if err := json.Unmarshal(text, &t); err != nil {
		return volume.Table{}, volume.Reject("bad_labels", "the label table in the header is not the JSON that it claims to be")
	}
	if err := checkTable(&t); err != nil {
		return volume.Table{}, err
	}
	return t, nil
}

// checkTable refuses ids that no voxel can have or that occur twice, and texts
// that are no names.
func checkTable(t *volume.Table) error {
	seen := make([]bool, math.MaxUint16+1)
	for _, l := range t.Labels {
		if l.ID < 1 || l.ID > math.MaxUint16 || seen[l.ID] {
			return volume.Reject("bad_labels", "label %d in the header's table: want each id once, from 1 to %d", l.ID, math.MaxUint16)
		}
		seen[l.ID] = true
		if l.Source < 0 || l.Source >= labelmap.Largest {
			return volume.Reject("bad_labels", "label %d in the header's table: its source_id is %d: want 0 to 2⁵³", l.ID, l.Source)
		}
		for _, s := range []string{l.Name, l.NameEN, l.NameES, l.Color, l.SNOMED, l.Group} {
			if !plainText(s) {
				return volume.Reject("bad_labels", "label %d in the header's table: want texts of at most %d printable characters", l.ID, maxTableText)
			}
		}
		if l.Name == "" {
			return volume.Reject("bad_labels", "label %d in the header's table has no name", l.ID)
		}
	}
	p := t.Provenance
	for _, s := range []string{p.Model, p.Version, p.Task, p.Weights, p.Note} {
		if !plainText(s) {
			return volume.Reject("bad_labels", "the provenance in the header: want texts of at most %d printable characters", maxTableText)
		}
	}
	if len(t.Warnings) > volume.MaxTableWarnings {
		return volume.Reject("bad_labels", "the header's table has %d warnings: want at most %d", len(t.Warnings), volume.MaxTableWarnings)
	}
	for _, w := range t.Warnings {
		if w.Code == "" || w.Message == "" || !plainText(w.Code) || !plainText(w.Message) {
			return volume.Reject("bad_labels", "a warning in the header's table: want a code and a sentence, each of at most %d printable characters", maxTableText)
		}
	}
	return nil
}

func plainText(s string) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxTableText {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// tableExtension is the header extension of a table, empty for one without labels.
func tableExtension(t volume.Table) ([]byte, error) {
	if len(t.Labels) == 0 {
		return nil, nil
	}
	t.Iris = volume.TableVersion
	if err := checkTable(&t); err != nil {
		return nil, fmt.Errorf("write label table: %w", err)
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("write label table: %w", err)
	}
	size := (8 + len(text) + 15) &^ 15 // esize is a multiple of 16
	if size > keptExtensions {
		return nil, fmt.Errorf("write label table: %d bytes: want at most %d", size, keptExtensions)
	}
	out := make([]byte, size)
	binary.LittleEndian.PutUint32(out, uint32(size))
	binary.LittleEndian.PutUint32(out[4:], ecodeComment)
	copy(out[8:], text)
	return out, nil
}

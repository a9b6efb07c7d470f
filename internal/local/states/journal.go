package states

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/durable"
)

// header is the first line of an execution's journal: all that it began with.
type header struct {
	Name       string          `json:"name"`
	Machine    string          `json:"machine"`
	RoleARN    string          `json:"role_arn"`
	Definition string          `json:"definition"`
	Revision   string          `json:"revision"`
	Input      json.RawMessage `json:"input"`
	Start      time.Time       `json:"start"`
}

// line is one line of a journal: a header, records, and at last the note that the
// end was announced.
type line struct {
	Header    *header     `json:"header,omitempty"`
	Record    *asl.Record `json:"record,omitempty"`
	Announced bool        `json:"announced,omitempty"`
}

// encodeLine is a line's text: its checksum, a space, JSON, a line feed. A line
// that a crash cut short does not have its checksum.
func encodeLine(l line) ([]byte, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(body), body), nil
}

// decodeLine reads the first line of text; ok is false when it is not whole.
func decodeLine(text []byte) (body, rest []byte, ok bool) {
	end := bytes.IndexByte(text, '\n')
	if end < 9 || text[8] != ' ' {
		return nil, nil, false
	}
	sum, err := strconv.ParseUint(string(text[:8]), 16, 32)
	body = text[9:end]
	if err != nil || uint32(sum) != crc32.ChecksumIEEE(body) {
		return nil, nil, false
	}
	return body, text[end+1:], true
}

// readJournal reads the whole lines of a journal, and how many bytes they have.
func readJournal(path string) (lines []line, size int64, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	return parseJournal(text)
}

func parseJournal(text []byte) (lines []line, size int64, err error) {
	rest := text
	for len(rest) > 0 {
		body, after, ok := decodeLine(rest)
		if !ok {
			break
		}
		var l line
		if err := json.Unmarshal(body, &l); err != nil {
			return nil, 0, fmt.Errorf("read journal: %w", err)
		}
		lines = append(lines, l)
		rest = after
	}
	if len(lines) == 0 || lines[0].Header == nil {
		return nil, 0, errors.New("read journal: no header")
	}
	return lines, int64(len(text) - len(rest)), nil
}

// edges are the first and the last two lines of a journal: all that is needed of
// an execution that is over. Where they do not show that it is, the whole is read.
func edges(text []byte) (first, end line, over bool) {
	whole, _ := bytes.CutSuffix(text, []byte("\n"))
	last := bytes.LastIndexByte(whole, '\n') + 1
	before := bytes.LastIndexByte(whole[:max(last-1, 0)], '\n') + 1
	var note line
	for _, part := range []struct {
		text []byte
		into *line
	}{{text, &first}, {text[before:], &end}, {text[last:], &note}} {
		body, _, ok := decodeLine(part.text)
		if !ok || json.Unmarshal(body, part.into) != nil {
			return line{}, line{}, false
		}
	}
	return first, end, first.Header != nil && note.Announced && end.Record != nil && end.Record.End != nil
}

// journal is an execution's open journal. Its lines are appended and synced; one
// that could not be written in full is taken back.
type journal struct {
	file *os.File
	size int64
}

// createJournal makes a journal with its header, durable when it returns.
func createJournal(path string, h header) (*journal, error) {
	text, err := encodeLine(line{Header: &h})
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(path, text); err != nil {
		return nil, err
	}
	return openJournal(path, int64(len(text)))
}

// openJournal opens a journal of which size bytes are whole.
func openJournal(path string, size int64) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(size); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &journal{f, size}, nil
}

// append adds a line and waits until it is on disk, if asked to.
func (j *journal) append(l line, sync bool) error {
	text, err := encodeLine(l)
	if err != nil {
		return err
	}
	_, err = j.file.WriteAt(text, j.size)
	if err == nil && sync {
		err = j.file.Sync()
	}
	if err != nil {
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(len(text))
	return nil
}

func (j *journal) close() error { return j.file.Close() }

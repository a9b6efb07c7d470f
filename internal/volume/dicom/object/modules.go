// Package object writes the DICOM objects that IRIS makes of a scan: a data set (Set), the
// modules that all of them share with the series they were made from, and the file. In:
// what is kept of the series (origin). Out: elements in ascending order of their tags,
// explicit or implicit VR, little endian. The same input gives the same bytes. Errors are
// those of the writer, and elements that cannot be written.
package object

import (
	"bytes"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
)

// Code is a coded term; Scheme is SCT, DCM or UCUM.
type Code struct{ Value, Scheme, Meaning string }

// Code writes a sequence of coded terms.
func (s *Set) Code(tag uint32, codes ...Code) {
	s.Items(tag, len(codes), func(i int, s *Set) {
		s.Text(0x00080100, "SH", codes[i].Value)
		s.Text(0x00080102, "SH", codes[i].Scheme)
		s.Text(0x00080104, "LO", Text(codes[i].Meaning, 64))
	})
}

// Made says who made an object, and when. The UIDs of an object follow from Seed and
// Created, beside its content.
type Made struct {
	Seed    string    // a job's id, for instance
	Created time.Time // the object's date and time
}

// What is written of every object.
const (
	Manufacturer = "IRIS Oculus"
	software     = "1"
	serial       = "0" // a program has no serial number, and the attribute may not be empty
)

// Common is what an object shares with its series, and what it says of itself. The
// methods write its attributes in the order of tags: between them an object writes its own.
type Common struct {
	Source      *origin.Scan
	Made        Made
	Class       string
	Instance    string
	Series      string // the object's own series
	Modality    string
	Description string // of the series
	ImageType   []string
	Number      int  // of the series
	Content     bool // it has a content date
	Operators   bool // it has operators, of whom none is known
}

// vrs are the VRs of the attributes that are copied from the source.
var vrs = map[uint32]string{
	0x00080020: "DA", 0x00080030: "TM", 0x00080050: "SH", 0x00080090: "PN", 0x00080201: "SH", 0x00081030: "LO",
	0x00100010: "PN", 0x00100020: "LO", 0x00100021: "LO", 0x00100022: "CS", 0x00100030: "DA", 0x00100032: "TM", 0x00100040: "CS",
	0x00101010: "AS", 0x00101020: "DS", 0x00101030: "DS", 0x00120062: "CS", 0x00120063: "LO", 0x00200010: "SH", 0x00201040: "LO",
	0x00282110: "CS", 0x00282112: "DS", 0x00282114: "CS",
}

// required must be there, if need be empty (type 2).
var required = map[uint32]bool{
	0x00080020: true, 0x00080030: true, 0x00080050: true, 0x00080090: true,
	0x00100010: true, 0x00100020: true, 0x00100030: true, 0x00100040: true, 0x00200010: true, 0x00201040: true,
}

// Copy writes attributes of the source as its files have them, those that it has.
func (c *Common) Copy(s *Set, tags ...uint32) {
	for _, tag := range tags {
		vr := vrs[tag]
		value := []byte(strings.TrimRight(string(c.Source.Value(tag)), " \x00"))
		if len(value) == 0 && !required[tag] {
			continue
		}
		if vr == "CS" {
			value = bytes.ToUpper(value) // a sex of "f" is F
		}
		if !proper(vr, value) {
			value = nil
		}
		if len(value) == 0 && !required[tag] {
			continue
		}
		s.Raw(tag, vr, value)
	}
}

// proper says whether a value can be one of its VR, so that no reader takes offence. Names
// and ids are kept whatever they are: an object that names its patient otherwise would be
// another's.
func proper(vr string, value []byte) bool {
	allowed, most := "", 0
	switch vr {
	case "DA":
		return len(value) == 8 && only(value, "0123456789")
	case "TM":
		allowed, most = "0123456789.", 16
	case "DS":
		allowed, most = `0123456789+-eE. \`, 256
	case "AS":
		return len(value) == 4 && only(value[:3], "0123456789") && only(value[3:], "DWMY")
	case "CS":
		allowed, most = `ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \`, 256
	default:
		return true
	}
	return len(value) <= most && only(value, allowed)
}

func only(value []byte, allowed string) bool {
	return strings.Trim(string(value), allowed) == ""
}

// Now is the object's date and time, in the zone of its source's where that says one.
func (c *Common) Now() (date, clock string) {
	at := c.Made.Created.UTC()
	if offset := strings.TrimSpace(string(c.Source.Value(0x00080201))); len(offset) == 5 {
		if zone, err := time.Parse("-0700", offset); err == nil {
			at = c.Made.Created.In(zone.Location())
		}
	}
	return at.Format("20060102"), at.Format("150405")
}

// Begin writes the attributes up to the series' description.
func (c *Common) Begin(s *Set) {
	c.charset(s)
	date, clock := c.Now()
	if len(c.ImageType) > 0 {
		s.Text(0x00080008, "CS", c.ImageType...)
	}
	s.Text(0x00080012, "DA", date)
	s.Text(0x00080013, "TM", clock)
	s.Text(0x00080016, "UI", c.Class)
	s.Text(0x00080018, "UI", c.Instance)
	c.Copy(s, 0x00080020)
	s.Text(0x00080021, "DA", date)
	if c.Content {
		s.Text(0x00080023, "DA", date)
	}
	c.Copy(s, 0x00080030)
	s.Text(0x00080031, "TM", clock)
	if c.Content {
		s.Text(0x00080033, "TM", clock)
	}
	c.Copy(s, 0x00080050)
	s.Text(0x00080060, "CS", c.Modality)
}

// Equipment writes the attributes from the manufacturer to the model's name.
func (c *Common) Equipment(s *Set) {
	s.Text(0x00080070, "LO", Manufacturer)
	c.Copy(s, 0x00080090, 0x00080201, 0x00081030)
	s.Text(0x0008103E, "LO", c.Description)
	if c.Operators {
		s.Text(0x00081070, "PN")
	}
	s.Text(0x00081090, "LO", Manufacturer)
}

// charset writes the source's character set, in the standard's spelling: its texts are
// copied as they are, and without their character set a name would be read as another.
func (c *Common) charset(s *Set) {
	value := strings.TrimRight(string(c.Source.Value(0x00080005)), " \x00")
	sets := strings.Split(value, `\`)
	for i, set := range sets {
		sets[i] = spelled(set)
	}
	if value = strings.Join(sets, `\`); value != "" && proper("CS", []byte(value)) {
		s.Text(0x00080005, "CS", value)
	}
}

// spelled is a character set as PS3.3 C.12.1.1.2 has it; files have "iso_ir 100", "ISO-IR
// 100", "ISO 2022-IR-87" or "utf8", too.
func spelled(set string) string {
	set = strings.ToUpper(strings.Trim(set, " \x00"))
	words := strings.FieldsFunc(set, func(r rune) bool { return strings.ContainsRune(" _-", r) })
	switch {
	case strings.Join(words, "") == "UTF8":
		return "ISO_IR 192"
	case len(words) == 3 && words[0] == "ISO" && words[1] == "IR":
		return "ISO_IR " + words[2]
	case len(words) == 4 && words[0] == "ISO" && words[1] == "2022" && words[2] == "IR":
		return "ISO 2022 IR " + words[3]
	}
	return set
}

// Patient writes the patient and the device.
func (c *Common) Patient(s *Set) {
	c.Copy(s, 0x00100010, 0x00100020, 0x00100021, 0x00100022, 0x00100030, 0x00100032, 0x00100040, 0x00101010, 0x00101020, 0x00101030)
	c.deidentified(s)
	s.Text(0x00181000, "LO", serial)
	s.Text(0x00181020, "LO", software)
}

// deidentified writes what the source says of its de-identification; if it says no method,
// not that it was de-identified, for both belong together.
func (c *Common) deidentified(s *Set) {
	if len(c.Source.Value(0x00120063)) > 0 {
		c.Copy(s, 0x00120062, 0x00120063)
	}
}

// Study writes study, series and frame of reference. number is the instance's, 0 for an
// object that has none.
func (c *Common) Study(s *Set, number int, frame bool) {
	s.Text(0x0020000D, "UI", StudyUID(c.Source))
	s.Text(0x0020000E, "UI", c.Series)
	c.Copy(s, 0x00200010)
	s.Integers(0x00200011, c.Number)
	if number > 0 {
		s.Integers(0x00200013, number)
	}
	if frame {
		s.Text(0x00200052, "UI", FrameOfReference(c.Source))
		c.Copy(s, 0x00201040)
	}
}

// StudyUID is the study's, or one made of the series where the files have none.
func StudyUID(s *origin.Scan) string { return or(s.Study, "study", s) }

// FrameOfReference is the scan's, or one made of the series where the files have none.
func FrameOfReference(s *origin.Scan) string { return or(s.FrameOfReference, "frame of reference", s) }

func or(uid, what string, s *origin.Scan) string {
	if uid != "" {
		return uid
	}
	return UID(what, s.Study, s.Series, s.Slices[0].Instance)
}

// Group is the images of one series, each once.
type Group struct {
	Series string
	Slices []origin.Slice
}

// BySeries are the images of a scan that can be referred to.
func BySeries(scan *origin.Scan) (out []Group) {
	at, seen := map[string]int{}, map[string]bool{}
	for _, slice := range scan.Slices {
		if slice.Instance == "" || slice.Class == "" || seen[slice.Instance] {
			continue
		}
		seen[slice.Instance] = true
		series := slice.Series
		if series == "" {
			series = scan.Series
		}
		i, known := at[series]
		if !known {
			i, at[series] = len(out), len(out)
			out = append(out, Group{Series: series})
		}
		out[i].Slices = append(out[i].Slices, slice)
	}
	return out
}

// References writes the instances that an object refers to, by series.
func References(s *Set, scan *origin.Scan) {
	groups := BySeries(scan)
	if len(groups) == 0 {
		return
	}
	s.Items(0x00081115, len(groups), func(i int, s *Set) {
		s.Items(0x0008114A, len(groups[i].Slices), func(n int, s *Set) { Reference(s, &groups[i].Slices[n], false) })
		s.Text(0x0020000E, "UI", groups[i].Series)
	})
}

// Reference writes which instance a slice is, and which of its frames where that is asked for.
func Reference(s *Set, slice *origin.Slice, frame bool) {
	s.Text(0x00081150, "UI", slice.Class)
	s.Text(0x00081155, "UI", slice.Instance)
	if frame && slice.Frame > 0 {
		s.Integers(0x00081160, slice.Frame)
	}
}

// Loss writes whether the source's pixels were compressed with loss at some time.
func (c *Common) Loss(s *Set) {
	if strings.TrimSpace(string(c.Source.Value(0x00282110))) != "01" {
		s.Text(0x00282110, "CS", "00")
		return
	}
	c.Copy(s, 0x00282110, 0x00282112, 0x00282114)
}

// Text is a text of ours as it can stand in any character set: printable ASCII, at most so
// many characters, no backslash, which separates values.
func Text(text string, most int) string {
	var b strings.Builder
	for _, r := range text {
		if b.Len() == most {
			break
		}
		if r < ' ' || r > '~' || r == '\\' {
			r = '_'
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

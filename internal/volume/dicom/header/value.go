package header

import (
	"hash/fnv"
	"math"
	"strconv"
	"strings"
)

// value keeps the element's value when a volume needs it and skips it otherwise.
func (w *walker) value(e element, top level) error {
	if e.tag == tagFrameOffsets && len(w.stack) == 0 && e.length <= 8*MaxFrames {
		offsets, err := w.c.keep(int(e.length))
		w.h.Pixels.Offsets = offsets
		return err
	}
	root := len(w.stack) == 0
	wanted := top.group != nil && frameTag(e.tag) || root && (fileTag(e.tag) || identityTag(e.tag))
	if !wanted || e.length > maxValue {
		return w.c.skip(int64(e.length))
	}
	b, err := w.c.read(int(e.length))
	if err != nil {
		return err
	}
	b = w.c.asStandard(e, b)
	if len(w.stack) == 0 && w.contradicts(e.tag, b) {
		return corrupt("an element stands in it twice, with different values")
	}
	if frameTag(e.tag) && top.group != nil {
		top.group.set(e.tag, b)
		return nil
	}
	if root && identityTag(e.tag) {
		w.h.identify(e.tag, b)
	}
	w.h.set(e.tag, b, w.c)
	return nil
}

// contradicts says whether an element of the data set was there before with another
// value. A tag stands once (PS3.5 §7.1), and readers differ in which of two they take.
// It counts where the volume's place, size or values would differ.
func (w *walker) contradicts(t tag, b []byte) bool {
	if !decimalTag(t) && !wordTag(t) && t != tagFrames && t != tagPhotometric && t != tagSeries {
		return false
	}
	value := fingerprint(b)
	if wordTag(t) { // a word is no text
		h := fnv.New64a()
		_, _ = h.Write(b)
		value = h.Sum64()
	}
	was, there := w.seen[t]
	if w.seen == nil {
		w.seen = map[tag]uint64{}
	}
	w.seen[t] = value
	return there && was != value
}

// frameTag says whether t may be given frame by frame.
func frameTag(t tag) bool {
	switch t {
	case tagPosition, tagOrientation, tagSpacing, tagSlope, tagIntercept, tagFrameType, tagRescaleType, tagThickness:
		return true
	}
	return markOf(t) != Marks
}

func fileTag(t tag) bool {
	switch t {
	case tagImageType, tagSOPClass, tagSOPInstance, tagModality, tagStudy, tagSeries, tagFrameOfReference,
		tagSamples, tagPhotometric, tagFrames, tagFramePointer, tagRows, tagColumns,
		tagSliceStep, tagFrameTime, tagFrameTimes,
		tagBitsAllocated, tagBitsStored, tagHighBit, tagSigned, tagLossy, tagLossyRatio:
		return true
	}
	return judgeTag(t)
}

func (h *Header) set(t tag, b []byte, c *cursor) {
	switch t {
	case tagImageType:
		h.Localizer, h.Mosaic = isLocalizer(b), hasValue(b, "MOSAIC")
		h.Derived, h.Kind = isDerived(b), fingerprint(b)
	case tagSOPClass:
		h.SOPClass = text(b)
	case tagSOPInstance:
		h.SOPInstance = text(b)
	case tagModality:
		h.Modality = text(b)
	case tagStudy:
		h.Study = text(b)
	case tagSeries:
		h.Series = text(b)
	case tagFrameOfReference:
		h.FrameOfReference = text(b)
	case tagPhotometric:
		h.Photometric = text(b)
	case tagLossy:
		h.Lossy, h.Lossless = text(b) == "01", text(b) == "00"
	case tagLossyRatio:
		// Some writers give the ratio alone. Others give it for lossless images, too, and
		// say that they are.
		h.Lossy = h.Lossy || !h.Lossless && above(b, 1)
	case tagFrames:
		h.NumberOfFrames = count(b)
	case tagSliceStep:
		if step := [1]float64{}; numbers(step[:], b) && step[0] > 0 {
			h.SliceStep = step[0]
		}
	case tagFrameTime, tagFrameTimes:
		h.FramesElsewhere = true
	case tagFramePointer:
		h.FramesElsewhere = h.FramesElsewhere || !alongStack(b, c)
	case tagPadding, tagPaddingLimit, tagUnits:
		h.setJudge(t, b, c)
	default:
		if len(b) < 2 {
			return
		}
		n := int(c.order.Uint16(b))
		switch t {
		case tagSamples:
			h.Samples = n
		case tagRows:
			h.Rows = n
		case tagColumns:
			h.Columns = n
		case tagBitsAllocated:
			h.BitsAllocated = n
		case tagBitsStored:
			h.BitsStored = n
		case tagHighBit:
			h.HighBit = n
		case tagSigned:
			h.Signed, h.NoSign = n == 1, n > 1
		}
	}
}

// above says whether any of the numbers in b is greater than least.
func above(b []byte, least float64) bool {
	for part := range strings.SplitSeq(text(b), `\`) {
		if v, err := strconv.ParseFloat(strings.TrimSpace(part), 64); err == nil && v > least {
			return true
		}
	}
	return false
}

func (f *Frame) set(t tag, b []byte) {
	if text(b) == "" {
		return // an empty tag says nothing
	}
	if m := markOf(t); m != Marks {
		f.Marks[m] = fingerprint(b)
		return
	}
	var one [1]float64
	ok, has := true, Fields(0)
	switch t {
	case tagPosition:
		ok, has = numbers(f.Position[:], b), HasPosition
	case tagOrientation:
		ok, has = numbers(f.Orientation[:], b), HasOrientation
	case tagSpacing:
		ok, has = numbers(f.Spacing[:], b), HasSpacing
	case tagSlope:
		ok, has = numbers(one[:], b), HasSlope
		f.Slope = one[0]
	case tagIntercept:
		ok, has = numbers(one[:], b), HasIntercept
		f.Intercept = one[0]
	case tagRescaleType:
		f.Scale = strings.ToUpper(text(b))
	case tagThickness:
		if numbers(one[:], b) && one[0] > 0 {
			f.Thickness = one[0]
		}
	case tagFrameType:
		if isLocalizer(b) {
			has = IsLocalizer
		}
	}
	if !ok {
		has |= Bad
	}
	f.Has |= has
}

// alongStack says whether the attributes that (0028,0009) points at are positions, so
// that frames differ by where they lie rather than by time, echo, energy or detector.
func alongStack(b []byte, c *cursor) bool {
	for ; len(b) >= 4; b = b[4:] {
		switch c.tagAt(b) {
		case tagPosition, 0x00201041, 0x00182005, 0x00540080: // slice location, its vector, slice vector
		default:
			return false
		}
	}
	return true
}

// padding holds the characters with which writers pad a value: spaces and NULs by the
// standard, and tabs and line ends in some files.
const padding = " \x00\t\r\n"

// text is a value without its padding.
func text(b []byte) string { return strings.Trim(string(b), padding) }

// count reads an integer string of one value in any of the ways in which files write
// it: "10", "10.0", " 10 ", "+10". It gives 0 when the text is empty and -1 when it is
// no whole number above 0.
func count(b []byte) int {
	first, _, _ := strings.Cut(text(b), `\`)
	if first == "" {
		return 0
	}
	v, ok := number(first)
	if !ok || v != math.Trunc(v) || v < 1 || v > math.MaxInt32 {
		return -1
	}
	return int(v)
}

// numbers reads decimal strings separated by backslashes into out. It is false when
// there are fewer or more, because nobody can say then which of them are meant, and when
// one is no finite number. Backslashes at the end are passed over.
func numbers(out []float64, b []byte) bool {
	parts := strings.Split(strings.TrimRight(text(b), padding+`\`), `\`)
	if len(parts) != len(out) {
		return false
	}
	for i := range out {
		v, ok := number(parts[i])
		if !ok {
			return false
		}
		out[i] = v
	}
	return true
}

// number reads one decimal string. Writers with a German or Spanish locale put a comma
// in place of the decimal point. It cannot mean anything else, because backslashes
// separate values and thousands are not grouped.
func number(s string) (float64, bool) {
	s = strings.Trim(s, padding)
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	if strings.Trim(s, "0123456789+-.eE") != "" { // ParseFloat reads more than decimals
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func isLocalizer(b []byte) bool { return hasValue(b, "LOCALIZER") || hasValue(b, "SCOUT") }

// derived are the words of an image type by which programs mark what they made
// from other images: projections, reformats, summaries.
var derived = []string{"DERIVED", "SECONDARY", "MPR", "CPR", "MIP", "MINIP", "MAX_IP", "MIN_IP", "REFORMATTED", "REFORMAT",
	"PROJECTION IMAGE", "CSA MPR", "CURVED", "VRT", "SSD", "SCREEN SAVE", "RENDERED"}

func isDerived(b []byte) bool {
	for _, word := range derived {
		if hasValue(b, word) {
			return true
		}
	}
	return false
}

// hasValue says whether one of the values separated by backslashes is want.
func hasValue(b []byte, want string) bool {
	for _, part := range strings.Split(text(b), `\`) {
		if strings.TrimSpace(part) == want {
			return true
		}
	}
	return false
}

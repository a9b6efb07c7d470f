package header

import (
	"hash/fnv"
	"strings"
)

// These tags (PS3.6) tell how to judge values, and tell two volumes of one series
// apart.
const (
	tagAcquisitionTime   tag = 0x00080032
	tagKVP               tag = 0x00180060
	tagEchoNumbers       tag = 0x00180086
	tagTriggerTime       tag = 0x00181060
	tagThickness         tag = 0x00180050
	tagAcquisitionNumber tag = 0x00200012
	tagTemporalPosition  tag = 0x00200100
	tagFrameContent      tag = 0x00209111
	tagTemporalIndex     tag = 0x00209128
	tagFrameAcquisition  tag = 0x00209156
	tagPadding           tag = 0x00280120
	tagPaddingLimit      tag = 0x00280121
	tagRescaleType       tag = 0x00281054
	tagModalityLUT       tag = 0x00283000
	tagUnits             tag = 0x00541001
)

// Mark is an attribute that slices of one volume share, or that changes from one
// table position to the next. Along a volume it never changes back.
type Mark int

// The marks of a frame.
const (
	MarkAcquisition Mark = iota // acquisition number
	MarkTime                    // temporal position
	MarkEcho                    // echo number
	MarkTrigger                 // trigger time, ms after the heart beat
	MarkClock                   // acquisition time
	MarkVoltage                 // kVp of the tube
	Marks                       // how many there are
)

// markOf is the mark that an attribute sets, Marks for none.
func markOf(t tag) Mark {
	switch t {
	case tagAcquisitionNumber, tagFrameAcquisition:
		return MarkAcquisition
	case tagTemporalPosition, tagTemporalIndex:
		return MarkTime
	case tagEchoNumbers:
		return MarkEcho
	case tagTriggerTime:
		return MarkTrigger
	case tagAcquisitionTime:
		return MarkClock
	case tagKVP:
		return MarkVoltage
	}
	return Marks
}

// judgeTag says whether t is one of the root's attributes that setJudge keeps.
func judgeTag(t tag) bool { return t == tagPadding || t == tagPaddingLimit || t == tagUnits }

// setJudge keeps an attribute by which values are judged.
func (h *Header) setJudge(t tag, b []byte, c *cursor) {
	switch t {
	case tagUnits:
		h.Units = text(b)
	case tagPadding, tagPaddingLimit:
		if len(b) != 2 && len(b) != 4 {
			return
		}
		// The value is a word of 16 bits, whose sign is that of the samples and not
		// known here, or one of 32 bits for samples of that size.
		p := Padding{Word: uint32(c.order.Uint16(b)), Set: true, Wide: len(b) == 4}
		if p.Wide {
			p.Word = c.order.Uint32(b)
		}
		if t == tagPadding {
			h.Padding = p
		} else {
			h.PaddingLimit = p
		}
	}
}

// Padding is a stored word that stands for a place without a pixel.
type Padding struct {
	Word uint32
	Wide bool // given with 32 bits
	Set  bool
}

// fingerprint is a hash that tells values apart without keeping their text. It is 0
// for an empty value.
func fingerprint(b []byte) uint64 {
	value := strings.ToUpper(text(b))
	if value == "" {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(value))
	return max(1, h.Sum64())
}

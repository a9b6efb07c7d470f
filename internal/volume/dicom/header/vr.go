package header

// form is one way to read the bytes after a tag.
type form struct {
	length uint32
	more   int // bytes of the element's head beyond the eight that were read
}

// odd reads an element whose VR is not one that this program knows, or whose
// known VR is written in the wrong form. Files of all three kinds exist:
//
//   - a VR in the short form that only its writer knows ("??", "--", "OX"), or a
//     VR of the long form written in the short one (UN and UT of old writers);
//   - a VR yet to be invented, which has the long form (PS3.5 §7.1.2);
//   - an element without a VR, as implicit VR has it, in a file of explicit VR.
//
// They differ in where the element ends. odd takes the form after which another
// element follows, or the most likely form where none can be checked. b is the four
// bytes after the tag.
func (c *cursor) odd(e element, b [4]byte) (element, error) {
	e.vr = string(b[:2])
	short := form{length: uint32(c.order.Uint16(b[2:]))}
	implicit := form{length: e.length}
	known, meant := longVRs[e.vr], looksLikeVR(b[0], b[1])
	var forms []form
	switch {
	case !meant:
		forms = []form{implicit, short}
	case b[2] == 0 && b[3] == 0:
		forms = []form{short, c.long(), implicit}
		if upper(b[0]) && upper(b[1]) { // the likeliest is first
			forms = []form{c.long(), short, implicit}
		}
	case known:
		forms = []form{short, c.long(), implicit}
	default:
		forms = []form{short, implicit}
	}
	chosen := -1
	for n, f := range forms {
		if c.follows(e.tag, f) {
			chosen = n
			break
		}
	}
	for n := 0; n < len(forms) && chosen < 0; n++ {
		if f := forms[n]; f.length == endless || int64(f.more)+int64(f.length) <= c.left() {
			chosen = n
		}
	}
	if chosen < 0 {
		return element{}, corrupt("an element has no value representation")
	}
	f := forms[chosen]
	if f == implicit {
		e.vr = ""
	} else if f.more == 0 && known && f.length > 0 {
		e.vr = "UN" // what it holds is not what its VR would have
	}
	e.length = f.length
	return e, c.skip(int64(f.more))
}

// long is the long form: a length of 32 bits after the reserved two.
func (c *cursor) long() form {
	b, err := c.peek(4)
	if err != nil || len(b) < 4 {
		return form{length: endless - 1, more: 4} // fits nowhere
	}
	return form{length: c.order.Uint32(b), more: 4}
}

// follows says whether the element of tag t, read as f, is known to end where
// another begins: one of a later tag with a VR, a delimiter, or the file's end.
func (c *cursor) follows(t tag, f form) bool {
	if f.length == endless {
		b, err := c.peek(f.more + 8) // its first item
		return err == nil && len(b) == f.more+8 && c.tagAt(b[f.more:]) == tagItem
	}
	end := int64(f.more) + int64(f.length)
	if end == c.left() {
		return true
	}
	if end+8 > int64(c.r.Size()) || end+8 > c.left() {
		return false
	}
	b, err := c.peek(int(end) + 8)
	return err == nil && int64(len(b)) == end+8 && c.begins(b[end:], t)
}

// begins says whether b starts with a whole element that may follow one of tag t.
func (c *cursor) begins(b []byte, t tag) bool {
	next := c.tagAt(b)
	if next == tagItemEnd || next == tagSequenceEnd || next == tagItem {
		return true
	}
	return next > t && knownVR(b[4:6])
}

func (c *cursor) tagAt(b []byte) tag {
	return tag(c.order.Uint16(b))<<16 | tag(c.order.Uint16(b[2:]))
}

// explicitItem says whether an item of a sequence with VR UN, whose first bytes
// are next, is written with VRs all the same. By the standard it is implicit
// (CP-246, PS3.5 §6.2.2), and some converters leave it explicit. A VR where
// implicit has a length of 16 to 23 KiB tells them apart; where that VR has
// no value, what follows must look like an element, too.
func (c *cursor) explicitItem() (bool, error) {
	b, err := c.peek(16)
	if err != nil || len(b) < 8 || !knownVR(b[4:6]) {
		return false, err
	}
	if longVRs[string(b[4:6])] {
		return b[6] == 0 && b[7] == 0, nil
	}
	if b[6] != 0 || b[7] != 0 {
		return true, nil
	}
	return len(b) < 16 || c.begins(b[8:], c.tagAt(b)), nil
}

func upper(b byte) bool { return b >= 'A' && b <= 'Z' }

// looksLikeVR says whether two bytes stand for a VR. They do when they are two letters, or
// the same sign twice, as "??" and "--" of writers that have no VR. Other bytes are
// more likely the lower half of a length.
func looksLikeVR(a, b byte) bool {
	return letter(a) && letter(b) || a == b && a >= ' ' && a < 0x7F
}

func letter(b byte) bool { return upper(b) || upper(b&^0x20) }

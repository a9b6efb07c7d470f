package j2k

// block is a code-block (B.7) and what the packets said of it.
type block struct {
	x, y       int32 // of its first sample within its sub-band
	wide, high int16
	included   bool
	planes     uint8 // magnitude bit-planes, those that are zero throughout taken off
	missing    uint8 // those
	coder      uint8 // of HT streams: what the block turned out to be
	lengthBits uint8 // Lblock of B.10.7.1
	passes     uint8 // coding passes so far
	segments   []codeword
	chunks     [][]byte // their bytes, as the packets brought them
}

// codeword is a codeword segment: passes that one run of the entropy coder made.
type codeword struct {
	passes, limit uint8 // limit is how many passes the segment may have
	length        int32
}

const maxPasses = 3*maxPlanes - 2

// segmentLimit is how many passes the codeword segment may have that begins with pass
// first of its code-block (table D.9), the clean-up pass of the highest bit-plane being
// pass 0; n passes come with it in one packet.
func segmentLimit(style, first, n int) int {
	switch {
	case style&styleHT != 0: // T.814 B.3: a cleanup pass, or the others of its set
		return 1 + min(1, first%3)
	case style&styleTermAll != 0:
		return 1
	case style&styleBypass == 0:
		return maxPasses
	case first == 0: // four bit-planes without bypass
		return 10
	case first%3 == 1: // raw: significance and refinement
		return 2
	}
	return 1 // clean-up
}

// raw says whether pass i of a code-block is of raw bits, and kind which of the three
// passes it is.
func raw(style, i int) bool { return style&styleBypass != 0 && i >= 10 && kind(i) != passCleanup }

func kind(i int) int { return (i + 2) % 3 }

const (
	passSignificance = iota
	passRefinement
	passCleanup
)

package weld

import "math/bits"

// Positions is a set of positions, each with the number under which it was
// first added. Make one with NewPositions.
type Positions struct {
	slots  []uint32 // number + 1; 0: free
	points [][3]float32
}

// NewPositions makes a set for about n positions.
func NewPositions(n int) *Positions {
	return &Positions{slots: make([]uint32, slotsFor(n)), points: make([][3]float32, 0, n)}
}

// slotsFor keeps the table at most half full.
func slotsFor(n int) int { return 1 << bits.Len(uint(2*n+1)) }

// Add gives the number of p: the next free one when p is new.
func (s *Positions) Add(p [3]float32) (number uint32, isNew bool) {
	if 2*len(s.points) >= len(s.slots) {
		s.grow()
	}
	slot := s.find(p)
	if s.slots[slot] != 0 {
		return s.slots[slot] - 1, false
	}
	s.points = append(s.points, p)
	s.slots[slot] = uint32(len(s.points))
	return uint32(len(s.points) - 1), true
}

// Points are the positions by number.
func (s *Positions) Points() [][3]float32 { return s.points }

func (s *Positions) grow() {
	s.slots = make([]uint32, 2*len(s.slots))
	for i, p := range s.points {
		s.slots[s.find(p)] = uint32(i + 1)
	}
}

// find is the slot that holds p, or the free one where it belongs.
func (s *Positions) find(p [3]float32) int {
	mask := len(s.slots) - 1
	for slot := int(hash(&p)>>32) & mask; ; slot = (slot + 1) & mask {
		if s.slots[slot] == 0 || s.points[s.slots[slot]-1] == p {
			return slot
		}
	}
}

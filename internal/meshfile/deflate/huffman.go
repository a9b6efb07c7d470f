package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// maxBits is the longest code that the format allows for literals and distances.
const maxBits = 15

// code is a Huffman code of one symbol: its bits in the order in which they are
// written, the first one lowest.
type code struct {
	bits   uint16
	length uint8
}

// tree is what huffman needs beside its codes, used again for each piece.
type tree struct {
	leaves [literals]leaf
	weight [2 * literals]uint32
	parent [2 * literals]uint16
	depth  [2 * literals]uint8
}

type leaf struct {
	symbol uint16
	count  uint32
}

// huffman fills codes with the shortest codes of at most maxBits for symbols that
// come so often; one that never comes gets none. Two symbols at least must come.
// Equal counts give equal codes.
func (t *tree) huffman(codes []code, counts []uint32) {
	leaves := t.leaves[:0]
	for s, n := range counts {
		codes[s] = code{}
		if n > 0 {
			leaves = append(leaves, leaf{uint16(s), n})
		}
	}
	// Where a code would be too long, counts are halved until the rarest symbols are
	// not so rare any more.
	for {
		slices.SortStableFunc(leaves, func(a, b leaf) int { return cmp.Compare(a.count, b.count) })
		// Trees are joined two at a time, the rarest first. Those that were made come in
		// rising order, too, so that the rarest is at the head of one of two lists.
		n := len(leaves)
		weight, parent := t.weight[:2*n-1], t.parent[:2*n-1]
		clear(weight)
		nextLeaf, nextTree := 0, n
		for i, l := range leaves {
			weight[i] = l.count
		}
		for tree := n; tree < 2*n-1; tree++ {
			for range 2 {
				least := nextTree
				if nextLeaf < n && (nextTree == tree || weight[nextLeaf] <= weight[nextTree]) {
					least = nextLeaf
					nextLeaf++
				} else {
					nextTree++
				}
				weight[tree] += weight[least]
				parent[least] = uint16(tree)
			}
		}
		depth := t.depth[:2*n-1]
		depth[2*n-2] = 0 // the root
		longest := uint8(0)
		for i := 2*n - 3; i >= 0; i-- {
			depth[i] = depth[parent[i]] + 1
			longest = max(longest, depth[i])
		}
		if longest <= maxBits {
			break
		}
		for i := range leaves {
			leaves[i].count = leaves[i].count/2 + 1
		}
	}
	// Canonical codes (RFC 1951 §3.2.2): by length, then by symbol.
	for i, l := range leaves {
		codes[l.symbol].length = t.depth[i]
	}
	next := uint16(0)
	for length := uint8(1); length <= maxBits; length++ {
		next <<= 1
		for s := range codes {
			if codes[s].length == length {
				codes[s].bits = bits.Reverse16(next) >> (16 - length)
				next++
			}
		}
	}
}

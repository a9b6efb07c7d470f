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

// huffman fills codes with the shortest codes of at most maxBits for symbols that
// come so often; one that never comes gets none. Two symbols at least must come.
// Equal counts give equal codes.
func huffman(codes []code, counts []uint32) {
	type leaf struct {
		symbol uint16
		count  uint32
	}
	leaves := make([]leaf, 0, len(counts))
	for s, n := range counts {
		codes[s] = code{}
		if n > 0 {
			leaves = append(leaves, leaf{uint16(s), n})
		}
	}
	// Where a code would be too long, counts are halved until the rarest symbols are
	// not so rare any more.
	lengths := make([]uint8, len(leaves))
	for {
		slices.SortStableFunc(leaves, func(a, b leaf) int { return cmp.Compare(a.count, b.count) })
		// Trees are joined two at a time, the rarest first. Those that were made come in
		// rising order, too, so that the rarest is at the head of one of two lists.
		n := len(leaves)
		weight, parent := make([]uint32, 2*n-1), make([]int, 2*n-1)
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
				parent[least] = tree
			}
		}
		depth := make([]uint8, 2*n-1)
		longest := uint8(0)
		for i := 2*n - 3; i >= 0; i-- {
			depth[i] = depth[parent[i]] + 1
			longest = max(longest, depth[i])
		}
		copy(lengths, depth[:n])
		if longest <= maxBits {
			break
		}
		for i := range leaves {
			leaves[i].count = leaves[i].count/2 + 1
		}
	}
	// Canonical codes (RFC 1951 §3.2.2): by length, then by symbol.
	for i, l := range leaves {
		codes[l.symbol].length = lengths[i]
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

package pages

import "testing"

func TestArenaSlicesAreApart(t *testing.T) {
	var a Arena[uint64]
	var all [][]uint64
	for i := range 200 {
		s := a.Take(i * 37)
		if len(s) != i*37 || cap(s) != len(s) {
			t.Fatalf("take %d: length %d, capacity %d", i*37, len(s), cap(s))
		}
		for k := range s {
			if s[k] != 0 {
				t.Fatal("not zeroed")
			}
			s[k] = uint64(i) + 1
		}
		all = append(all, s)
	}
	for i, s := range all {
		for _, v := range s {
			if v != uint64(i)+1 {
				t.Fatalf("slice %d overlaps another", i)
			}
		}
	}
}

func TestMakeOfAnySize(t *testing.T) {
	for _, n := range []int{0, 1, hugePageForTest - 1, 3*hugePageForTest + 5} {
		s := Make[byte](n)
		if len(s) != n {
			t.Fatalf("%d", len(s))
		}
		for i := range s {
			s[i] = 1
		}
	}
}

const hugePageForTest = 2 << 20

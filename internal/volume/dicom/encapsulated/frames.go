package encapsulated

import (
	"encoding/binary"
	"io"
	"os"
)

// Frames is a multi-frame image, its fragments in a temporary file.
type Frames struct {
	file      *os.File
	fragments []fragment
	first     []int // of each frame, its first fragment; and the number of fragments
	most      int64
}

type fragment struct {
	at, length int64 // in the temporary file
	offset     int64 // of its item, as offset tables count
	start      Start
}

// Many reads all fragments of an element and divides them into frames. Close removes
// what is on disk.
func Many(r io.Reader, e Element) (*Frames, error) {
	in, err := begin(r, e)
	if err != nil {
		return nil, err
	}
	out := &Frames{most: e.MaxBytes()}
	if out.file, err = os.CreateTemp("", "iris-frames-*"); err != nil {
		return nil, err
	}
	_ = os.Remove(out.file.Name()) // open, but without a name; Windows removes it at Close
	if err := out.take(in); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// take writes the fragments to the file and finds where the frames begin.
func (f *Frames) take(in *reader) error {
	at, offset := int64(0), int64(0)
	for {
		before := in.count
		n, ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		offset += 8 * int64(in.count-before-1) // items without bytes
		if at+n > in.maxTotal() {
			return tooLong()
		}
		start, err := in.start(n)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(f.file, in.r, n); err != nil {
			return cut(err)
		}
		f.fragments = append(f.fragments, fragment{at: at, length: n, offset: offset, start: start})
		at, offset = at+n, offset+8+n+n%2
	}
	return f.divide(in)
}

// divide finds the first fragment of each frame: by marks that only stand at the start of
// an image, then by an offset table that agrees with the fragments, then by their number,
// then by headers that look like the start of an image.
func (f *Frames) divide(in *reader) error {
	count := in.Frames
	extended := make([]int64, len(in.Offsets)/8)
	for n := range extended {
		extended[n] = int64(binary.LittleEndian.Uint64(in.Offsets[8*n:]))
	}
	basic := make([]int64, len(in.table))
	for n, at := range in.table {
		basic[n] = int64(at)
	}
	each := make([]int, len(f.fragments))
	for n := range each {
		each[n] = n
	}
	for _, first := range [][]int{f.starting(Begins), f.listed(extended), f.listed(basic), each, f.starting(MayBegin)} {
		if len(first) == count && count > 0 && first[0] == 0 {
			f.first = append(first, len(f.fragments))
			return nil
		}
	}
	return corrupt("its number of images is not the one that its header says")
}

// starting lists the fragments that begin an image.
func (f *Frames) starting(least Start) (first []int) {
	for n, fragment := range f.fragments {
		if fragment.start >= least {
			first = append(first, n)
		}
	}
	return first
}

// listed finds the fragments of an offset table. It is nil when an entry has none, or
// when the entries do not ascend.
func (f *Frames) listed(table []int64) (first []int) {
	n := 0
	for _, at := range table {
		for n < len(f.fragments) && f.fragments[n].offset < at {
			n++
		}
		if n == len(f.fragments) || f.fragments[n].offset != at || len(first) > 0 && first[len(first)-1] == n {
			return nil
		}
		first = append(first, n)
	}
	return first
}

// Read reads frame n into buffer, which it lengthens where it must.
func (f *Frames) Read(n int, buffer []byte) ([]byte, error) {
	fragments := f.fragments[f.first[n]:f.first[n+1]]
	from := fragments[0].at
	end := fragments[len(fragments)-1]
	length := end.at + end.length - from
	if length > f.most {
		return nil, tooLong()
	}
	if int64(cap(buffer)) < length {
		buffer = make([]byte, length)
	}
	buffer = buffer[:length]
	_, err := f.file.ReadAt(buffer, from)
	return buffer, err
}

// Close frees the temporary file.
func (f *Frames) Close() {
	_ = f.file.Close()
	_ = os.Remove(f.file.Name())
}

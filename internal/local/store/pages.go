package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
)

// This file reads bbolt's format (version 2, go.etcd.io/bbolt/internal/common)
// without trusting any length or number in it. bbolt itself maps the file into
// memory and trusts it: at a damaged page it panics, or the process ends.

const (
	headBytes    = 16         // of a page: id, flags, count, pages beside the first
	elementBytes = 16         // of an entry of a branch or leaf page
	bucketBytes  = 16         // of a bucket's value: its root page, a number of no use here
	branchPage   = 0x01       // flags of a page
	leafPage     = 0x02       //
	bucketEntry  = 0x01       // flags of an entry of a leaf
	noFreelist   = ^uint64(0) // where the list of free pages lies: nowhere
	metaBytes    = 64         // of a meta page behind its head
)

var endian = binary.NativeEndian // bbolt's files are of the machine's own

// pages reads the pages of a file, each at most once.
type pages struct {
	file   *os.File
	size   int64 // of a page
	high   uint64
	used   map[uint64]bool
	record func(bucket, key string, value []byte) error
}

// root is the page of the bucket of buckets, by the later of the two meta pages
// that are whole: bbolt writes them in turn, so a write that was cut off leaves
// the one before.
func (p *pages) root(fileBytes int64) (root uint64, err error) {
	var latest uint64
	found := false
	for n := range int64(2) {
		b := make([]byte, metaBytes)
		if _, err := p.file.ReadAt(b, n*p.size+headBytes); err != nil {
			return 0, err
		}
		sum := fnv.New64a()
		_, _ = sum.Write(b[:metaBytes-8]) // a hash takes everything
		number := endian.Uint64(b[48:])
		if sum.Sum64() != endian.Uint64(b[56:]) || found && number < latest {
			continue
		}
		if endian.Uint64(b[32:]) != noFreelist {
			return 0, errors.New("another program has written to it")
		}
		found, latest, root, p.high = true, number, endian.Uint64(b[16:]), endian.Uint64(b[40:])
	}
	if !found {
		return 0, errors.New("both of its first pages are")
	}
	if p.high > uint64(fileBytes/p.size) {
		return 0, fmt.Errorf("it has %d pages of %d", fileBytes/p.size, p.high)
	}
	return root, nil
}

// load reads a page with those that belong to it.
func (p *pages) load(id uint64) ([]byte, error) {
	if id >= p.high || p.used[id] {
		return nil, fmt.Errorf("page %d is out of place", id)
	}
	head := make([]byte, headBytes)
	if _, err := p.file.ReadAt(head, int64(id)*p.size); err != nil {
		return nil, err
	}
	more := uint64(endian.Uint32(head[12:]))
	if endian.Uint64(head) != id || more >= p.high-id {
		return nil, fmt.Errorf("page %d is another one", id)
	}
	for n := id; n <= id+more; n++ {
		if p.used[n] {
			return nil, fmt.Errorf("page %d belongs to two others", n)
		}
		p.used[n] = true
	}
	b := make([]byte, int64(more+1)*p.size)
	_, err := p.file.ReadAt(b, int64(id)*p.size)
	return b, err
}

// walk checks a page of a bucket and all below it. Its keys must lie from low on
// and before high; nil bounds nothing. The bucket of buckets has no name.
func (p *pages) walk(id uint64, bucket string, low, high []byte) error {
	b, err := p.load(id)
	if err != nil {
		return err
	}
	used, err := p.entries(b, bucket, low, high)
	if err == nil && (int64(used)+p.size-1)/p.size != int64(len(b))/p.size {
		err = errors.New("its entries do not fill it")
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// entries checks the entries of a page and returns how many bytes they need.
func (p *pages) entries(b []byte, bucket string, low, high []byte) (used int, err error) {
	flags, count := endian.Uint16(b[8:]), int(endian.Uint16(b[10:]))
	if flags != branchPage && flags != leafPage {
		return 0, fmt.Errorf("it is of no known kind (%#x)", flags)
	}
	used = headBytes + count*elementBytes
	if used > len(b) {
		return 0, fmt.Errorf("it has no room for %d entries", count)
	}
	var list []entry
	for n := range count {
		e, err := entryAt(b, headBytes+n*elementBytes, flags == branchPage)
		if err != nil {
			return 0, err
		}
		used += len(e.key) + len(e.value)
		if n > 0 && bytes.Compare(list[n-1].key, e.key) >= 0 || low != nil && bytes.Compare(e.key, low) < 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			return 0, errors.New("its keys are out of order")
		}
		list = append(list, e)
	}
	for n, e := range list {
		switch {
		case flags == branchPage:
			next := high
			if n+1 < count {
				next = list[n+1].key
			}
			err = p.walk(e.page, bucket, e.key, next)
		case bucket == "":
			err = p.bucket(e)
		case e.bucket:
			err = errors.New("it holds a bucket, which we never make there")
		default:
			err = p.record(bucket, string(e.key), e.value)
		}
		if err != nil {
			return 0, err
		}
	}
	return used, nil
}

// bucket checks a bucket: its value names its root page, or holds the page itself
// when that is small.
func (p *pages) bucket(e entry) error {
	if !e.bucket || len(e.value) < bucketBytes {
		return errors.New("it holds something else than buckets")
	}
	var err error
	if root := endian.Uint64(e.value); root != 0 {
		err = p.walk(root, string(e.key), nil, nil)
	} else if inline := e.value[bucketBytes:]; len(inline) < headBytes || endian.Uint16(inline[8:]) != leafPage {
		err = errors.New("its records are cut short")
	} else {
		_, err = p.entries(inline, string(e.key), nil, nil)
	}
	if err != nil {
		return fmt.Errorf("bucket %q: %w", e.key, err)
	}
	return nil
}

// entry is one of a branch page, which has a page, or of a leaf, which has a value.
type entry struct {
	key, value []byte
	page       uint64
	bucket     bool
}

func entryAt(b []byte, at int, branch bool) (entry, error) {
	field := func(n int) uint64 { return uint64(endian.Uint32(b[at+4*n:])) }
	var e entry
	var from, keyBytes, valueBytes uint64
	if branch {
		from, keyBytes = field(0), field(1)
		e.page = endian.Uint64(b[at+8:])
	} else {
		from, keyBytes, valueBytes = field(1), field(2), field(3)
		e.bucket = field(0)&bucketEntry != 0
	}
	from += uint64(at)
	if from > uint64(len(b)) || keyBytes+valueBytes > uint64(len(b))-from {
		return e, errors.New("an entry leads out of it")
	}
	e.key, e.value = b[from:from+keyBytes], b[from+keyBytes:from+keyBytes+valueBytes]
	return e, nil
}

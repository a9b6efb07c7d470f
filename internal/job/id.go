// Package job is the contract between the parts of IRIS Oculus: ids, stages,
// statuses, object keys, payloads, named errors, events and log keys. It holds
// no behaviour that needs a network, a disk or a clock of its own.
package job

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// crockford is Crockford's base32 alphabet (https://www.crockford.com/base32.html).
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// IDLength is the number of characters of a job id: 130 bits, the top two zero.
const IDLength = 26

// NewID makes a time-ordered job id (48 bits of Unix milliseconds, 80 of entropy), the layout of ULID.
func NewID(now time.Time, entropy [10]byte) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	copy(b[6:], entropy[:])
	return encodeID(b)
}

// DeriveID is the job id of an object dropped into a bucket: the same object
// version always gives the same id, whichever copy of its event arrives.
func DeriveID(bucket, key, sequencer string) string {
	h := sha256.New()
	for _, part := range []string{bucket, key, sequencer} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part)))
		h.Write([]byte(part))
	}
	return encodeID([16]byte(h.Sum(nil)[:16]))
}

func encodeID(b [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [IDLength]byte
	for i := IDLength - 1; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// ValidID says whether s has the form of a job id.
func ValidID(s string) bool {
	if len(s) != IDLength || s[0] > '7' {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte(crockford, s[i]) < 0 {
			return false
		}
	}
	return true
}

// ExecutionName is the name of the execution, the InferenceId and the lease
// holder of one attempt at a job.
func ExecutionName(id string, attempt int) string { return fmt.Sprintf("%s-%d", id, attempt) }

// ParseExecutionName splits what ExecutionName made; false for any other name.
func ParseExecutionName(name string) (id string, attempt int, ok bool) {
	id, tail, found := strings.Cut(name, "-")
	n, err := strconv.Atoi(tail)
	if !found || !ValidID(id) || err != nil || n < 1 || strconv.Itoa(n) != tail {
		return "", 0, false
	}
	return id, n, true
}

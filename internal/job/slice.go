package job

import (
	"crypto/sha256"
	"encoding/hex"
)

// SliceDigest tells one uploaded slice from any other, without its name.
func SliceDigest(key, etag string) string {
	sum := sha256.Sum256([]byte(key + "\x00" + etag))
	return hex.EncodeToString(sum[:16])
}

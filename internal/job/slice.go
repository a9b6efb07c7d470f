package job

import (
	"crypto/sha256"
	"encoding/hex"
)

// SliceDigest identifies an uploaded slice without its name.
func SliceDigest(key, etag string) string {
	sum := sha256.Sum256([]byte(key + "\x00" + etag))
	return hex.EncodeToString(sum[:16])
}

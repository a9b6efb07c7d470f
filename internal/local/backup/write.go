//go:build !windows

package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zip"
)

const manifestName = "manifest.json"

// manifest is the last entry of an archive: without it, an archive is not whole.
type manifest struct {
	Version int       `json:"iris_backup"`
	MadeAt  time.Time `json:"made_at"`
	Entries []entry   `json:"entries"` // folders before what is in them
}

// Write writes the archive. Its entries are stored as they are: nearly all bytes of a
// state are compressed already.
func (h *Held) Write(w io.Writer, now time.Time) error {
	pack := zip.NewWriter(w)
	for i := range h.entries {
		e := &h.entries[i]
		if e.Dir {
			continue
		}
		sum := sha256.New()
		n, err := h.put(pack, number(i), e.held, sum)
		if err != nil {
			return fmt.Errorf("write the backup: %w", plain(err))
		}
		e.Bytes, e.SHA256 = n, hex.EncodeToString(sum.Sum(nil))
	}
	text, err := json.Marshal(manifest{Version, now.UTC(), h.entries})
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	last, err := pack.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Deflate})
	if err == nil {
		_, err = last.Write(text)
	}
	if err == nil {
		err = pack.Close()
	}
	if err != nil {
		return fmt.Errorf("write the backup: %w", plain(err))
	}
	return nil
}

func (h *Held) put(pack *zip.Writer, name, held string, sum io.Writer) (int64, error) {
	f, err := os.Open(held)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	out, err := pack.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return 0, err
	}
	return io.Copy(io.MultiWriter(out, sum), f)
}

// number is the name of an entry's content in the archive.
func number(i int) string { return fmt.Sprintf("%08d", i) }

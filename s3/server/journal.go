package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/s3response"

	"github.com/iris-oculus/iris/internal/local/durable"
	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

// journal remembers what was announced: a line of JSON for each Created. It is
// not synced: a line lost with the power costs one repeated announcement.
type journal struct {
	path string
	mu   sync.Mutex
	file *os.File
}

// entry is one line. Two objects with equal entries are the same upload.
type entry struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	Sequencer string `json:"sequencer"`
}

func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("announcement journal: %w", err)
	}
	return &journal{path: path, file: f}, nil
}

func (j *journal) add(c s3.Created) error {
	line, err := json.Marshal(entry{c.Bucket, c.Key, c.Sequencer})
	if err != nil {
		return fmt.Errorf("announcement journal: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("announcement journal: %w", err)
	}
	return nil
}

// read is the set of entries. A line cut short by a crash is passed over, and
// so is announced again.
func (j *journal) read() (map[entry]bool, error) {
	f, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("announcement journal: %w", err)
	}
	defer func() { _ = f.Close() }()
	known := map[entry]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			known[e] = true
		}
	}
	return known, lines.Err()
}

// replace leaves only the given entries, in one step.
func (j *journal) replace(keep []entry) error {
	var b bytes.Buffer
	for _, e := range keep {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("announcement journal: %w", err)
		}
		b.Write(append(line, '\n'))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := durable.WriteFile(j.path, b.Bytes()); err != nil {
		return fmt.Errorf("announcement journal: %w", err)
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("announcement journal: %w", err)
	}
	old := j.file
	j.file = f
	return old.Close()
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}

// Announce announces every object that no announcement was made for (its upload
// ended as the process did) and says how many. Call it at start, before clients
// are let in: an object that is just being stored has no sequencer of its own yet.
func (s *Server) Announce(ctx context.Context) (int, error) {
	s.announcing.Lock()
	defer s.announcing.Unlock()
	st := s.store
	known, err := st.journal.read()
	if err != nil {
		return 0, err
	}
	var keep []entry
	var missed []s3.Created
	for bucket, announced := range st.announce {
		if !announced {
			continue
		}
		err := st.walk(ctx, bucket, func(c s3.Created) {
			if e := (entry{c.Bucket, c.Key, c.Sequencer}); known[e] {
				keep = append(keep, e)
			} else {
				missed = append(missed, c)
			}
		})
		if err != nil {
			return 0, fmt.Errorf("list bucket %s: %w", bucket, err)
		}
	}
	if err := st.journal.replace(keep); err != nil {
		return 0, err
	}
	slices.SortFunc(missed, func(a, b s3.Created) int { return strings.Compare(a.Sequencer, b.Sequencer) })
	for _, c := range missed {
		if err := st.tell(ctx, c); err != nil {
			return 0, err
		}
	}
	return len(missed), nil
}

// walk visits the objects of a bucket as if they came now.
func (s *store) walk(ctx context.Context, bucket string, visit func(s3.Created)) error {
	pageSize, none := int32(1000), "" // the backend wants every field set
	in := &awss3.ListObjectsV2Input{
		Bucket: &bucket, MaxKeys: &pageSize, Prefix: &none, Delimiter: &none, StartAfter: &none, ContinuationToken: &none,
	}
	for {
		page, err := s.ListObjectsV2(ctx, in)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			if c, ok := s.recall(bucket, o); ok {
				visit(c)
			}
		}
		if page.IsTruncated == nil || !*page.IsTruncated {
			return nil
		}
		in.ContinuationToken = page.NextContinuationToken
	}
}

// recall tells from the disk what stamp told when the object came.
func (s *store) recall(bucket string, o s3response.Object) (s3.Created, bool) {
	if o.Key == nil || o.ETag == nil || strings.HasSuffix(*o.Key, "/") {
		return s3.Created{}, false
	}
	info, err := os.Stat(filepath.Join(s.data, bucket, *o.Key))
	if err != nil {
		return s3.Created{}, false // deleted since it was listed
	}
	reason := "PutObject"
	if strings.Contains(*o.ETag, "-") {
		reason = "CompleteMultipartUpload"
	}
	return newCreated(bucket, *o.Key, info.Size(), *o.ETag, info.ModTime(), reason), true
}

package prepare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// slices lists a folder once no slice has come for a while, and seals it, so that later
// slices are for another job. It returns false while slices still come. Once a folder is
// sealed, a repeat and every later attempt read the same slices again.
func (s Stage) slices(ctx context.Context, r job.Record) (files *objects, ready bool, err error) {
	f, err := s.Folders.Folder(ctx, r.Upload.Bucket, r.Upload.Prefix)
	if err != nil {
		return nil, false, fmt.Errorf("read folder: %w", err)
	}
	now := s.Now()
	quiet := now.Sub(f.LastArrival) >= job.QuietFor || now.Sub(r.CreatedAt) >= job.FolderBound
	mine := f.Job == r.ID && !f.Sealed
	if mine && !quiet {
		return nil, false, nil
	}
	files, digests, err := s.list(ctx, r.Upload.Prefix)
	if err != nil {
		return nil, false, err
	}
	if !mine {
		before, err := s.listed(ctx, r.ID)
		if err != nil {
			return nil, false, err
		}
		if before != nil {
			return files, true, files.only(before, digests)
		}
	}
	// The list is there before the folder is sealed, for who finds it sealed reads it.
	text, err := json.Marshal(digests)
	if err != nil {
		return nil, false, fmt.Errorf("list slices: %w", err)
	}
	if _, err := s.Work.Put(ctx, job.Key(r.ID, 1, job.SlicesObject), job.MediaType(job.SlicesObject), bytes.NewReader(text)); err != nil {
		return nil, false, fmt.Errorf("write list of slices: %w", err)
	}
	if !mine {
		return files, true, nil // the folder has a later generation
	}
	err = s.Folders.SealFolder(ctx, f)
	if errors.Is(err, job.ErrStale) {
		return nil, false, nil // a slice came in between
	}
	return files, err == nil, wrapped("seal folder", err)
}

// maxListBytes bounds the list of slices: 20,000 digests of 35 bytes.
const maxListBytes = 1 << 20

// listed reads which slices a job has consumed, nil when it has not listed any.
func (s Stage) listed(ctx context.Context, id string) (map[string]bool, error) {
	body, err := s.Work.Get(ctx, job.Key(id, 1, job.SlicesObject))
	if errors.Is(err, job.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read list of slices: %w", err)
	}
	defer body.Close()
	var digests []string
	if err := json.NewDecoder(io.LimitReader(body, maxListBytes)).Decode(&digests); err != nil {
		return nil, fmt.Errorf("read list of slices: %w", err)
	}
	set := make(map[string]bool, len(digests))
	for _, digest := range digests {
		set[digest] = true
	}
	return set, nil
}

// only keeps the slices that were consumed before. If one of them is missing or was
// replaced, the error names that.
func (o *objects) only(consumed map[string]bool, digests []string) error {
	kept := o.list[:0]
	for i, object := range o.list {
		if consumed[digests[i]] {
			kept = append(kept, object)
		}
	}
	if missing := len(consumed) - len(kept); missing > 0 {
		return job.Reject("missing_upload", "%d of the folder's %d files are no longer there, or were replaced: upload the folder again under another name", missing, len(consumed))
	}
	o.list = kept
	return nil
}

// list gives the objects directly below the prefix, in order of keys.
func (s Stage) list(ctx context.Context, prefix string) (*objects, []string, error) {
	files := &objects{uploads: s.Uploads}
	digests := []string{}
	for o, err := range s.Uploads.List(ctx, prefix) {
		if err != nil {
			return nil, nil, fmt.Errorf("list folder: %w", err)
		}
		if strings.Contains(strings.TrimPrefix(o.Key, prefix), "/") {
			continue // another folder's
		}
		if len(files.list) == volume.MaxEntries {
			return nil, nil, job.Reject("too_large", "the folder holds more than %d files", volume.MaxEntries)
		}
		files.list, digests = append(files.list, o), append(digests, job.SliceDigest(o.Key, o.ETag))
	}
	return files, digests, nil
}

// ahead is how many objects are being fetched while one is read.
const ahead = 16

// objects is a folder of uploads as a drop.
type objects struct {
	uploads Uploads
	list    []job.Object
	lost    *losses // notes errors of the store when not nil
}

// fetched is an object whose transfer has begun.
type fetched struct {
	body io.ReadCloser
	err  error
}

// Each implements drop.Files. It opens some objects before they are visited, so that a
// folder of thousands does not take a round trip for each.
func (o *objects) Each(ctx context.Context, want []int, visit func(drop.File) error) error {
	if want == nil {
		want = upTo(len(o.list))
	}
	ctx, cancel := context.WithCancel(ctx)
	queue := make([]chan fetched, len(want))
	for i := range queue {
		queue[i] = make(chan fetched, 1)
	}
	slots := make(chan struct{}, ahead)
	var fetchers sync.WaitGroup
	fetchers.Add(1)
	go func() {
		defer fetchers.Done()
		for i, n := range want {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			fetchers.Add(1)
			go func() {
				defer fetchers.Done()
				queue[i] <- o.fetch(ctx, n)
			}()
		}
	}()
	defer func() { // join, then close what nobody read
		cancel()
		fetchers.Wait()
		for _, q := range queue {
			select {
			case f := <-q:
				f.close()
			default:
			}
		}
	}()
	for i, n := range want {
		var f fetched
		select {
		case f = <-queue[i]:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := f.err
		if err == nil {
			err = visit(o.file(n, f.body))
		}
		f.close()
		<-slots
		if err != nil {
			return err
		}
	}
	return nil
}

// file is an object as its visitor sees it; body is nil for one that is not read.
func (o *objects) file(n int, body io.ReadCloser) drop.File {
	key := o.list[n].Key
	f := drop.File{Index: n, Size: o.list[n].Size, Litter: drop.Litter(key), Ending: drop.Ending(key), Apart: job.IsSingle(key)}
	if body != nil {
		f.Body = body
	}
	return f
}

func (o *objects) fetch(ctx context.Context, n int) fetched {
	if drop.Litter(o.list[n].Key) || job.IsSingle(o.list[n].Key) {
		return fetched{}
	}
	body, err := o.uploads.GetIf(ctx, o.list[n].Key, o.list[n].ETag)
	if err != nil {
		if o.lost != nil {
			o.lost.note(err)
		}
		return fetched{err: fmt.Errorf("open a file of the folder: %w", err)}
	}
	if o.lost != nil {
		body = &watchedBody{body, o.lost}
	}
	return fetched{body: body}
}

func (f fetched) close() {
	if f.body != nil {
		_ = f.body.Close()
	}
}

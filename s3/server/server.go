// Package server is versitygw over files, for the program build/s3. In: S3
// requests on a Unix socket. Out: objects on disk (on stable storage before they
// are acknowledged) and an ObjectCreated call for each object that came to an
// announced bucket, before its upload is acknowledged; after a crash the caller
// finds those that were cut off in what Objects lists. A full disk is the S3 error
// InsufficientStorage (507).
//
// versitygw allows one Server per process, and it changes the process's working
// directory to its data. That is why S3 has a process of its own.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

const (
	maxParts       = 10_000
	maxCopy        = 5 << 30 // what S3 copies in one request
	maxConnections = 1024
	startTimeout   = 10 * time.Second
	lookForLock    = 20 * time.Millisecond
	endTimeout     = 5 * time.Second
)

// Config is what a Server needs beside its Settings.
type Config struct {
	s3.Settings
	// ObjectCreated must have made the announcement durable when it returns
	// nil; else the upload is answered with an error.
	ObjectCreated func(context.Context, s3.Created) error
	Logger        *slog.Logger
}

// Server is a running S3. Make one with New.
type Server struct {
	store *store
	lock  *os.File
	stop  context.CancelFunc
	ended chan error
	idle  func()
}

// New starts S3 over cfg.Dir and makes its buckets.
func New(ctx context.Context, cfg Config) (_ *Server, err error) {
	data := filepath.Join(cfg.Dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("s3 folder: %w", err)
	}
	held, err := lock(ctx, cfg.Dir)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{lock: held, stop: stop, ended: make(chan error, 1), idle: func() {}}
	if s.store, err = openStore(cfg, data, running.Done()); err != nil {
		stop()
		return nil, errors.Join(err, held.Close())
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", cfg.Socket)
	}}
	s.idle = transport.CloseIdleConnections
	go func() {
		s.ended <- embedgw.RunVersityGW(running, s.store, &embedgw.Config{
			IAMService:     newAccount(cfg.Key.ID, cfg.Key.Secret),
			RootUserAccess: cfg.Key.ID, RootUserSecret: cfg.Key.Secret, Region: cfg.Region,
			Ports: []string{cfg.Socket}, SocketPerm: "0600",
			MaxConnections: maxConnections, MaxRequests: maxConnections, MultipartMaxParts: maxParts,
			KeepAlive: true, Quiet: true, DisableACLs: true,
		})
	}()
	client := newClient(transport, cfg)
	if err := s.ready(ctx, client); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, b := range cfg.Buckets {
		if err := ensure(ctx, client, b); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// lock keeps a second process off the folder. One that was killed may still have
// a write under way, which this waits for: it must be on the disk before
// Objects lists what is there.
func lock(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock s3 folder: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock s3 folder: another process uses it: %w", err), f.Close())
		case <-time.After(lookForLock):
		}
	}
}

func openStore(cfg Config, data string, closing <-chan struct{}) (*store, error) {
	attributes, sideCar, err := metadata(cfg.Dir, data)
	if err != nil {
		return nil, err
	}
	versions, err := versionsFolder(cfg)
	if err != nil {
		return nil, err
	}
	files, err := posix.New(data, attributes, posix.PosixOpts{CopyObjectThreshold: maxCopy, ForceNoObjLockFile: true, VersioningDir: versions})
	if err != nil {
		return nil, fmt.Errorf("s3 files: %w", err)
	}
	return newStore(files, cfg, sideCar, closing), nil
}

// versionsFolder is where earlier versions of objects lie. It is used when a bucket keeps
// versions, and as long as it is there, because a bucket may have kept some before.
func versionsFolder(cfg Config) (string, error) {
	dir := filepath.Join(cfg.Dir, "versions")
	_, err := os.Stat(dir)
	if err == nil {
		return dir, nil
	}
	if !slices.ContainsFunc(cfg.Buckets, func(b s3.Bucket) bool { return b.Versions }) {
		return "", nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("s3 versions: %w", err)
	}
	return dir, nil
}

// metadata chooses where object attributes live: with the file where the file
// system has extended attributes, else beside it. A choice once made is kept.
func metadata(dir, data string) (storer meta.MetadataStorer, sideCar string, err error) {
	beside := filepath.Join(dir, "attributes")
	_, err = os.Stat(beside)
	if err != nil && (meta.XattrMeta{}).Test(data) == nil {
		return meta.XattrMeta{}, "", nil
	}
	if err := os.MkdirAll(beside, 0o700); err != nil {
		return nil, "", fmt.Errorf("s3 attributes: %w", err)
	}
	car, err := meta.NewSideCar(beside)
	if err != nil {
		return nil, "", fmt.Errorf("s3 attributes: %w", err)
	}
	return car, beside, nil
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context, client *awss3.Client) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		_, err := client.ListBuckets(ctx, &awss3.ListBucketsInput{})
		if err == nil {
			return nil
		}
		select {
		case ended := <-s.ended:
			s.ended <- ended
			return fmt.Errorf("start s3: %w", ended)
		case <-ctx.Done():
			return fmt.Errorf("start s3: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Close ends the server; requests under way have a few seconds.
func (s *Server) Close() error {
	s.stop()
	s.idle()
	select {
	case err := <-s.ended:
		s.ended <- nil
		return errors.Join(err, s.lock.Close())
	case <-time.After(endTimeout):
		return fmt.Errorf("s3 still has requests after %v", endTimeout)
	}
}

// Package s3 is S3 on one machine: versitygw over files, embedded. In: S3
// requests of any client, forwarded as they came. Out: objects on disk (on
// stable storage before they are acknowledged) and one Created call for each
// object that came to an announced bucket, before its upload is acknowledged or,
// after a crash, at the next start. A full disk is the S3 error InsufficientStorage (507).
//
// versitygw allows one Server per process, and it changes the process's working
// directory to its data: whoever runs beside it must use absolute paths.
package s3

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

const (
	maxParts       = 10_000
	maxCopy        = 5 << 30 // what S3 copies in one request
	maxConnections = 1024
	startTimeout   = 10 * time.Second
	endTimeout     = 5 * time.Second
)

// Bucket is one bucket to have.
type Bucket struct {
	Name     string
	Announce bool // EventBridge is on: each new object is a Created
	CORS     []types.CORSRule
}

// Config is what a Server needs. Socket is where versitygw listens, a path
// short enough for a Unix socket, in a folder of ours alone.
type Config struct {
	Dir     string
	Socket  string
	Key     sigv4.Key
	Region  string
	Buckets []Bucket
	// ObjectCreated must have made the announcement durable when it returns
	// nil; else the upload is answered with an error.
	ObjectCreated func(context.Context, Created) error
	Logger        *slog.Logger
}

// Server is a running S3. Make one with New.
type Server struct {
	store *store
	proxy *httputil.ReverseProxy
	stop  context.CancelFunc
	ended chan error
	idle  func()
}

// New starts S3 over cfg.Dir and makes its buckets.
func New(ctx context.Context, cfg Config) (*Server, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("s3 folder: %w", err)
	}
	cfg.Dir = dir
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("s3 folder: %w", err)
	}
	attributes, sideCar, err := metadata(dir, data)
	if err != nil {
		return nil, err
	}
	files, err := posix.New(data, attributes, posix.PosixOpts{CopyObjectThreshold: maxCopy, ForceNoObjLockFile: true})
	if err != nil {
		return nil, fmt.Errorf("s3 files: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	st, err := newStore(files, cfg, sideCar, running.Done())
	if err != nil {
		stop()
		return nil, err
	}

	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", cfg.Socket)
		},
		DisableCompression:    true, // bodies and signed headers pass as they are
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	s := &Server{store: st, proxy: proxy(transport), stop: stop, ended: make(chan error, 1), idle: transport.CloseIdleConnections}
	go func() {
		s.ended <- embedgw.RunVersityGW(running, st, &embedgw.Config{
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

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.proxy.ServeHTTP(lowerCase{w}, r)
}

// Close ends the server; requests under way have a few seconds.
func (s *Server) Close() error {
	s.stop()
	s.idle()
	select {
	case err := <-s.ended:
		s.ended <- nil
		return errors.Join(err, s.store.journal.close())
	case <-time.After(endTimeout):
		return fmt.Errorf("s3 still has requests after %v", endTimeout)
	}
}

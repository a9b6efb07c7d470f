// Package stack is the whole system on one machine: what `iris up` runs. In: the
// SAM template, the built functions, a model command, a state folder. Out: an
// AWS endpoint and an HTTP API on loopback, behind which the template's buckets,
// table, functions, workflow, rules, topics and endpoint work as on AWS. State
// lies in the state folder and survives kill -9: every service goes on where it
// was, and uploads whose announcement was cut off are announced.
//
// One stack per state folder (*InUseError). Errors of its store are those of packages
// store and upgrade.
package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"time"

	"github.com/iris-oculus/iris/internal/local/backup"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/gateway/pace"
	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/template"
	"github.com/iris-oculus/iris/internal/local/upgrade"
)

// The local account.
const (
	Account = "000000000000"
	Region  = "us-east-1"
	Name    = "iris" // of the CloudFormation stack
)

// Config says what to run. Only Clock, Logger and ModelStartAfter have zero
// values that mean something: the machine's clock, silence, at once.
type Config struct {
	State      string // folder
	HTTP, AWS  string // addresses to listen on; port 0 takes a free one
	Template   string // template.yaml; the workflow's path is relative to it
	Build      string // holds <function>/bootstrap, s3 and node/node_modules
	Parameters map[string]string
	// Model serves the endpoint's model: a program with SageMaker's contract. It
	// may be missing when the template, with these parameters, has no endpoint.
	Model           []string
	ModelStartAfter time.Duration // how long an instance takes to come
	Clock           clock.Clock
	Logger          *slog.Logger
	// Calls is a file that takes what the functions ask AWS for, once each; empty: nobody
	// writes it down.
	Calls string
	// Version is what the metrics and the traces call the program; empty: what the build knows.
	Version string
}

// Stack is a running system. Make one with Start.
type Stack struct {
	HTTP, AWS   string // URLs
	Credentials string // path of the AWS shared-credentials file
	Token       string // what the HTTP API asks for; empty on loopback, and where it asks for a JWT
	Backup      string // path of the socket that gives a backup
	Issuer      string // whose tokens the HTTP API asks for; empty: nobody's
	Template    *template.Template
	Reannounced int // uploads that a crash had cut off from their announcement

	cfg    Config
	issuer issuer
	state  stateDir
	store  *store.Store
	key    sigv4.Key

	watcher watcher
	closes  []func() error // the last is closed first
}

// Start runs the stack and returns when everything answers and its endpoint
// rests.
func Start(ctx context.Context, cfg Config) (_ *Stack, err error) {
	if err := cfg.absolute(); err != nil {
		return nil, err
	}
	s := &Stack{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.state, err = newStateDir(cfg.State); err != nil {
		return nil, err
	}
	held, err := lock(s.state.root, ending)
	if err != nil {
		return nil, err
	}
	s.closing(held.Close)
	s.closing(s.state.removeSockets)
	if err := backup.Tidy(s.state.root); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if s.store, err = upgrade.Open(s.state.root, s.cfg.Logger); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	s.closing(s.store.Close)
	if err = s.watch(); err != nil {
		return nil, err
	}
	s.Credentials = s.state.path("credentials")
	if s.key, err = credentials(s.Credentials); err != nil {
		return nil, err
	}
	api, endpoint, err := s.listen()
	if err != nil {
		return nil, err
	}
	s.Template, err = template.Load(cfg.Template, template.Identity{Account: Account, Region: Region, Stack: Name, APIEndpoint: s.HTTP}, cfg.Parameters)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(cfg.Template), err)
	}
	tokens, err := s.access(ctx, api)
	if err != nil {
		return nil, err
	}
	v, err := s.build(ctx, api)
	if err != nil {
		return nil, err
	}
	s.gauges(v)
	gateway, adapter, err := s.handlers(v, tokens, api, endpoint)
	if err != nil {
		return nil, errors.Join(err, v.stop())
	}
	if s.Reannounced, err = v.s3.Announce(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("announce uploads: %w", err), v.stop())
	}
	s.serve(endpoint, gateway)
	if err := s.serveBackups(v); err != nil {
		return nil, errors.Join(err, v.stop())
	}
	s.closing(v.stop) // before the endpoint, which what still runs calls
	v.start()
	if err := registerTargets(v.sagemaker, s.Template); err != nil {
		return nil, err
	}
	if err := parked(ctx, v.sagemaker, s.Template); err != nil {
		return nil, err
	}
	s.serve(api, adapter)
	return s, nil
}

func (c *Config) absolute() error {
	for _, path := range []*string{&c.State, &c.Template, &c.Build} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("path: %w", err)
		}
		*path = abs
	}
	if c.Version == "" {
		c.Version = version()
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// listen opens both addresses. Whoever connects waits until serve.
func (s *Stack) listen() (api, endpoint net.Listener, err error) {
	if api, err = listenOn(s.cfg.HTTP, "--http"); err != nil {
		return nil, nil, fmt.Errorf("listen for the HTTP API: %w", err)
	}
	s.closing(closer(api))
	if endpoint, err = listenOn(s.cfg.AWS, "--aws"); err != nil {
		return nil, nil, fmt.Errorf("listen for AWS clients: %w", err)
	}
	s.closing(closer(endpoint))
	s.HTTP, s.AWS = url(api), url(endpoint)
	return api, endpoint, nil
}

// listenOn opens an address; of one that is taken it says which flag chooses another.
func listenOn(address, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("address_taken: another program listens on %s: choose another address, or any free port with %s 127.0.0.1:0", address, flag)
	}
	return l, err
}

// closer closes a listener that its server may have closed before.
func closer(l net.Listener) func() error {
	return func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// maxHeader bounds the headers of a request. API Gateway takes 10,240 bytes and S3 8 KiB;
// their own limits answer first.
const maxHeader = 64 << 10

// serve answers on a listener until the stack closes.
func (s *Stack) serve(l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler: pace.Handler(h, pace.Default), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := server.Serve(pace.Listener(l, pace.PerAddress, pace.Altogether)); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.cfg.Logger.Error("a server ended", "error", err)
		}
	}()
	s.closing(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return server.Close()
		}
		return nil
	})
}

func (s *Stack) closing(f func() error) { s.closes = append(s.closes, f) }

// closeWithin bounds Close; what has not ended then ends with the process.
const closeWithin = 9 * time.Second

// Close ends the stack, children too. Nothing that was acknowledged is lost.
func (s *Stack) Close() error {
	done := make(chan error, 1)
	go func() {
		var errs []error
		for i := len(s.closes) - 1; i >= 0; i-- {
			errs = append(errs, s.closes[i]())
		}
		done <- errors.Join(errs...)
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(closeWithin):
		return fmt.Errorf("the stack did not end within %v", closeWithin)
	}
}

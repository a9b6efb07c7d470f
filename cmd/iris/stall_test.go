package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A peer that is silent for ever ends a transfer, which is then tried again; one
// that is slow does not.
func TestASilentPeerEndsATransfer(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "the beginning")
			w.(http.Flusher).Flush()
		}
		<-release
	}))
	defer s.Close()
	defer close(release)
	c := &client{http: s.Client(), stall: 50 * time.Millisecond, pause: func(context.Context, time.Duration) error { return nil }}
	c.reached.Store(true)
	var passing *transient
	if err := c.download(t.Context(), s.URL, "", filepath.Join(t.TempDir(), "out")); !errors.As(err, &passing) {
		t.Errorf("a download that stands still: %v", err)
	}
	body := io.NewSectionReader(strings.NewReader("part"), 0, 4)
	if _, err := c.putPart(t.Context(), s.URL, body); !errors.As(err, &passing) {
		t.Errorf("an upload that stands still: %v", err)
	}
}

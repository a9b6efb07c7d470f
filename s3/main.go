// Command s3 is S3 on one machine, in a process of its own beside `iris up`,
// which starts it and ends it. In: the path of a settings file (s3.Settings). Out:
// S3 on one Unix socket, a control socket, and a call to the parent process for
// each new object before its upload is acknowledged. It writes log lines of JSON to
// standard error and ends when its parent does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/s3/server"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: s3 SETTINGS: `iris up` starts this program")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	var settings s3.Settings
	if err := json.Unmarshal(text, &settings); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	go endWithParent()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return server.Run(ctx, settings, slog.New(slog.NewJSONHandler(os.Stderr, nil)))
}

// endWithParent waits for the end of file of descriptor 3, the pipe whose other
// end the parent holds. What is under way then is not acknowledged to anybody, so
// it may be cut off at any place.
func endWithParent() {
	_, _ = io.Copy(io.Discard, os.NewFile(3, "lifeline"))
	os.Exit(1)
}

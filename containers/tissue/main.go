// Command tissue is the embedded default model: a CPU model server with
// SageMaker's contract (package server) that segments a CT by its Hounsfield
// units (package tissue).
//
//	tissue [-addr :8080]
//
// SageMaker's variable SAGEMAKER_BIND_TO_PORT changes the default port; its
// argument "serve" is accepted.
package main

import (
	"cmp"
	"context"
	"flag"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/iris-oculus/iris/containers/tissue/server"
)

func main() {
	addr := flag.String("addr", ":"+cmp.Or(os.Getenv("SAGEMAKER_BIND_TO_PORT"), "8080"), "address to listen on")
	flag.Parse()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	l, err := net.Listen("tcp", *addr)
	if err == nil {
		log.Info("listening", "addr", l.Addr().String())
		err = server.Serve(ctx, l, log)
	}
	if err != nil {
		log.Error("tissue", "error", err.Error())
		os.Exit(1)
	}
}

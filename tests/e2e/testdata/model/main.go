// Command model is the tissue model under a test's hand, by files in the folder
// that its argument names: while `hold` is there requests wait, but for those of
// `go-<inference id>`, and `tiles` holds what it says that it has counted; each `die…` ends the process in the middle of one request.
// It says `at-<inference id>` of a request that came, `served-…` of one it answered.
package main

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/iris-oculus/iris/containers/tissue/server"
)

func main() {
	h := hand{dir: os.Args[1], model: server.Handler(slog.New(slog.DiscardHandler))}
	s := &http.Server{Addr: "127.0.0.1:" + os.Getenv("SAGEMAKER_BIND_TO_PORT"), Handler: h, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(s.ListenAndServe())
}

type hand struct {
	dir   string
	model http.Handler
}

func (h hand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		h.model.ServeHTTP(w, r)
		return
	}
	id := filepath.Base(r.Header.Get("X-Amzn-SageMaker-Inference-Id"))
	h.say("at-" + id)
	for h.there("hold") && !h.there("go-"+id) && r.Context().Err() == nil {
		if tiles, err := os.ReadFile(filepath.Join(h.dir, "tiles")); err == nil {
			fmt.Fprintf(os.Stderr, "{\"msg\":\"progress\",%s,\"unit\":\"tiles\",\"inference\":%q}\n", tiles, id)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if deaths, _ := filepath.Glob(filepath.Join(h.dir, "die*")); len(deaths) > 0 {
		_ = os.Remove(deaths[0])
		os.Exit(1)
	}
	r.Header.Set("X-Amzn-SageMaker-Custom-Attributes", "task=tissue;fast=false") // it plays every model
	h.model.ServeHTTP(w, r)
	h.say("served-" + id)
}

func (h hand) say(name string) {
	if err := os.WriteFile(filepath.Join(h.dir, name), nil, 0o600); err != nil {
		log.Fatal(err)
	}
}

func (h hand) there(name string) bool {
	_, err := os.Stat(filepath.Join(h.dir, name))
	return err == nil
}

package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
)

// fetch downloads an artifact to a file, and compares its digest with the record's.
func (c *client) fetch(ctx context.Context, v jobView, name, path string) error {
	return c.again(ctx, func() error { return c.fetchOnce(ctx, v, name, path) })
}

func (c *client) fetchOnce(ctx context.Context, v jobView, name, path string) error {
	var signed struct {
		URL string `json:"url"`
	}
	if _, err := c.do(ctx, http.MethodGet, "/v1/jobs/"+url.PathEscape(v.ID)+"/artifacts/"+url.PathEscape(name), nil, &signed); err != nil {
		return err
	}
	return c.download(ctx, signed.URL, v.Artifacts[name].SHA256, path)
}

// download fetches a signed address into a file, and compares its digest where
// one is known.
func (c *client) download(ctx context.Context, address, digest, path string) error {
	watched, moved, stop := c.watch(ctx)
	defer stop()
	req, err := http.NewRequestWithContext(watched, http.MethodGet, address, nil)
	if err != nil {
		return failure("download_failed", "the service's address cannot be used")
	}
	res, err := http.DefaultClient.Do(req) //nolint:bodyclose // closed below: the linter loses it in noted
	if err != nil {
		return c.lost(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		refused := failure("download_failed", "storage refused: %s", res.Status)
		if mayPass(res.StatusCode) {
			return &transient{refused, retryAfter(res.Header, time.Now())}
		}
		return refused
	}
	write := func(f io.Writer) error {
		sum := sha256.New()
		body := &noted{r: res.Body, moved: moved}
		if _, err := io.Copy(io.MultiWriter(f, sum), body); err != nil {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case body.err != nil: // the connection, not the disk
				return &transient{error: failure("download_failed", "the connection was cut: %w", err)}
			}
			return coded("write the output", err)
		}
		if digest != "" && digest != hex.EncodeToString(sum.Sum(nil)) {
			return failure("download_failed", "the file differs from what the job recorded")
		}
		return nil
	}
	if path == standardOutput {
		err := write(os.Stdout)
		var passing *transient
		if errors.As(err, &passing) {
			return passing.error // what is printed cannot be taken back and tried again
		}
		return err
	}
	return replace(path, func(f *os.File) error { return write(f) })
}

// standardOutput, as the name of a file, is where scripts read.
const standardOutput = "-"

// noted remembers an error of reading, to tell it from one of writing.
type noted struct {
	r     io.Reader
	moved func() // called after each read
	err   error
}

func (n *noted) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	n.moved()
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return k, err
}

func getCommand() *cobra.Command {
	var f getFlags
	c := jobCommand("get ID", "Download the model, some of its structures, or another artifact of a job", nil)
	c.Flags().StringVar(&f.artifact, "artifact", "", "which `file` of those that 'iris status' lists, as scan.png (default: the model)")
	c.Flags().StringArrayVar(&f.structures, "structure", nil, "only these structures of the model, separated by commas; may be repeated")
	c.Flags().StringVar(&f.format, "format", "", "the model's format (default: what the ending of -o names, else glb): "+strings.Join(meshfile.Formats(), ", "))
	c.Flags().StringVarP(&f.out, "output", "o", "", "file to write, - for standard output")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		api, err := newClient(cmd)
		if err != nil {
			return err
		}
		if err := f.settle(); err != nil {
			return err
		}
		v, _, err := api.job(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if f.artifact != "" {
			return api.fetch(cmd.Context(), v, f.artifact, f.out)
		}
		return api.fetchModel(cmd.Context(), v, wanted{f.format, f.structures}, f.out, newBar(cmd, ""))
	}
	return c
}

// getFlags are the flags of iris get.
type getFlags struct {
	artifact, format, out string
	structures            []string
}

// settle finds the format and the file where they were not said, and refuses what
// does not go together before anything is asked for.
func (f *getFlags) settle() error {
	if f.artifact != "" {
		if f.format != "" || len(f.structures) > 0 {
			return usage("bad_option: --artifact names a file that is there: --structure and --format are of the model")
		}
		f.out = cmp.Or(f.out, f.artifact)
		return nil
	}
	f.format = strings.ToLower(f.format)
	if f.format != "" && !meshfile.Known(f.format) {
		return usage("unsupported_format: --format %q: want one of %s", f.format, strings.Join(meshfile.Formats(), ", "))
	}
	for _, list := range f.structures {
		if strings.TrimSpace(list) == "" {
			return usage("bad_option: --structure is empty: want names separated by commas, or leave it out for all")
		}
	}
	if f.out == standardOutput {
		if f.format == "" {
			return usage("bad_option: -o - has no ending: say --format or --artifact")
		}
		return nil
	}
	if f.out == "" {
		f.format = cmp.Or(f.format, "glb")
		f.out = job.ModelGLB
		if len(f.structures) > 0 {
			f.out = path.Base(job.ExportName(f.format, strings.Split(strings.Join(f.structures, ","), ",")))
		}
		f.out = strings.TrimSuffix(f.out, path.Ext(f.out)) + "." + f.format
	}
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.out), "."))
	if f.format != "" && !meshfile.Known(ending) {
		return checkFolder(f.out) // the format is said: any ending will do
	}
	if f.format != "" && f.format != ending {
		return usage("bad_option: --format %s and the ending of -o, .%s, do not agree", f.format, ending)
	}
	var err error
	f.format, err = checkOutput(f.out)
	return err
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

// fetch downloads an artifact to a file, and compares its digest with the record's.
func (c *client) fetch(ctx context.Context, v jobView, name, path string) error {
	var signed struct {
		URL string `json:"url"`
	}
	if _, err := c.do(ctx, http.MethodGet, "/v1/jobs/"+url.PathEscape(v.ID)+"/artifacts/"+url.PathEscape(name), nil, &signed); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, signed.URL, nil)
	if err != nil {
		return errors.New("download: the service's address cannot be used")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("download: storage refused: %s", res.Status)
	}
	return replace(path, func(f *os.File) error {
		sum := sha256.New()
		if _, err := io.Copy(io.MultiWriter(f, sum), res.Body); err != nil {
			return fmt.Errorf("download: %w", err)
		}
		if want := v.Artifacts[name].SHA256; want != hex.EncodeToString(sum.Sum(nil)) {
			return errors.New("download: the file differs from what the job recorded")
		}
		return nil
	})
}

func getCommand() *cobra.Command {
	var out string
	c := jobCommand("get ID", "Download an artifact of a job", nil)
	name := c.Flags().String("artifact", job.ModelGLB, "which artifact")
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: the artifact's name)")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		state, err := cmd.Flags().GetString("state")
		if err != nil {
			return err
		}
		api, err := newClient(state)
		if err != nil {
			return err
		}
		v, _, err := api.job(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if out == "" {
			out = *name
		}
		return api.fetch(cmd.Context(), v, *name, out)
	}
	return c
}

func runCommand() *cobra.Command {
	var options optionFlags
	var state, out string
	var asJSON bool
	c := &cobra.Command{
		Use: "run SCAN", Short: "Upload a scan, wait for its model and download it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := newClient(state)
			if err != nil {
				return err
			}
			values, err := options.values()
			if err != nil {
				return err
			}
			sent, _, err := api.submit(cmd.Context(), args[0], values, newBar(cmd, "uploading").set)
			if err != nil {
				return err
			}
			progress := newBar(cmd, "")
			v, raw, err := api.follow(cmd.Context(), sent.ID, func(v jobView) { progress.say(words(v.Status)) })
			if err != nil {
				return err
			}
			if err := show(cmd, v, raw, asJSON); err != nil {
				return err
			}
			if err := outcome(v); err != nil {
				return err
			}
			return api.fetch(cmd.Context(), v, job.ModelGLB, out)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", job.ModelGLB, "where the model is written")
	c.Flags().BoolVar(&asJSON, "json", false, "print the job as JSON")
	options.add(c)
	stateFlag(c, &state)
	return c
}

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/volume/nifti"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// trial is one scan's way through a deployment, as a client without anything of ours sees
// it.
type trial struct {
	url, bucket, token string
	size               int
	within, pause      time.Duration
	keep               bool
}

func trialFlags(c *command, flags *flag.FlagSet) *trial {
	t := &trial{token: c.env("IRIS_TOKEN")}
	flags.StringVar(&t.url, "url", c.env("URL"), "address of the deployment's API")
	flags.StringVar(&t.bucket, "uploads", c.env("UPLOADS"), "bucket of the uploads (default: the stack's output)")
	flags.IntVar(&t.size, "size", 96, "voxels of the synthetic scan along each axis")
	flags.DurationVar(&t.within, "within", 30*time.Minute, "how long the model may take; a GPU that sleeps needs two to seven minutes")
	flags.DurationVar(&t.pause, "pause", 2*time.Second, "shortest pause between two questions")
	flags.BoolVar(&t.keep, "keep", c.env("KEEP") != "", "leave the job; else it is erased when the trial is over")
	return t
}

// smokeVerb is `make smoke URL=…`.
func smokeVerb(c *command, flags *flag.FlagSet, args []string) error {
	t := trialFlags(c, flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	if t.url == "" {
		return &fault{text: "no deployment is named", hint: "URL=https://…: the stack's output ApiUrl, `make deploy` prints it"}
	}
	here := c.env("AWS_ENDPOINT_URL") != ""
	if !here {
		if err := c.login(); err != nil {
			return err
		}
	}
	if t.bucket == "" {
		if t.bucket = "iris-uploads"; !here { // the one of iris up
			s, err := c.deployed()
			if err != nil {
				return err
			}
			t.bucket = s.output("Uploads")
		}
	}
	c.announce("make smoke", plan{
		does: []string{
			"asks " + t.url + "/healthz, drops a synthetic CT into s3://" + t.bucket + ", waits for its job, downloads and checks the model",
			"erases the job again (KEEP=1 leaves it)",
		},
		costs: "one scan: about 0.08 USD if the GPU has to wake, 0 where no GPU is asked for",
		undo:  "it erases its own job",
	})
	return c.try(*t)
}

// try runs the four steps. Each failure says which one it was.
func (c *command) try(t trial) error {
	if t.bucket == "" {
		return &fault{text: "no bucket of uploads is known", hint: "UPLOADS=<bucket>: the stack's output Uploads"}
	}
	a := &api{c: c, base: strings.TrimSuffix(t.url, "/"), token: t.token}
	if err := a.health(); err != nil {
		return err
	}
	c.say("  ok     healthz")
	dir, err := os.MkdirTemp("", "iris-smoke-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scan := filepath.Join(dir, "scan.nii.gz")
	if err := sample(scan, t.size); err != nil {
		return err
	}
	key := fmt.Sprintf("smoke/%d/scan.nii.gz", time.Now().UnixNano())
	args := []string{"s3", "cp", scan, "s3://" + t.bucket + "/" + key, "--only-show-errors"}
	if c.region != "" {
		args = append(args, "--region", c.region)
	}
	if _, err := c.call(nil, "aws", args...); err != nil {
		return err
	}
	c.say("  ok     drop: s3://%s/%s", t.bucket, key)
	j, err := a.follow(key, t.within, t.pause)
	if j.ID != "" && !t.keep {
		defer a.erase(j.ID)
	}
	if err != nil {
		return err
	}
	c.say("  ok     poll: job %s is ready, %d structures, %.4f USD", j.ID, len(j.Structures), j.CostUSD)
	if took := j.stages(); took != "" {
		c.say("         %s", took)
	}
	size, err := a.download(j, "model.glb")
	if err != nil {
		return err
	}
	c.say("  ok     download: model.glb, %d bytes, its SHA-256 is the job's", size)
	return nil
}

// sample writes a synthetic CT of a torso.
func sample(path string, size int) error {
	if size < 32 || size > 512 {
		return &fault{text: fmt.Sprintf("-size %d: want 32 to 512", size)}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = nifti.WriteVolume(f, phantom.Torso([3]int{size, size, size}, 448/float64(size)))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// dockerManifest is the one kind of manifest that SageMaker takes
// (github.com/aws/amazon-sagemaker-feedback/issues/180).
const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

// modelVerb is `make deploy-model`.
func modelVerb(c *command, flags *flag.FlagSet, args []string) error {
	dir := flags.String("dir", "build/aws", "what `make package` made")
	context := flags.String("context", "containers/totalsegmentator", "folder of the model server's Dockerfile")
	tag := flags.String("tag", c.env("VERSION"), "tag of the image; none may be used twice")
	given := flags.String("image", c.env("IMAGE_URI"), "an image that is in ECR already; nothing is built")
	words := flags.String("params", c.env("PARAMS"), "further parameters of the template")
	iris := flags.String("iris", "bin/iris", "the command line, which moves the GPU")
	trial := trialFlags(c, flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	o, err := c.parameters(*words)
	if err != nil {
		return err
	}
	if *given == "" {
		if err := c.buildable(*context, *tag); err != nil {
			return err
		}
	}
	s, err := c.standing()
	if err != nil {
		return err
	}
	if err := c.gpuQuota(or(chosen(o, s, "InstanceType"), defaultInstance)); err != nil {
		return err
	}
	last := s.parameter("ModelImageUri")
	undo := "`make deploy PARAMS=ModelImageUri=`: no endpoint; label maps still become models"
	if last != "" {
		undo = fmt.Sprintf("`make deploy-model IMAGE_URI=%s`: the image before this one, which stays in ECR", last)
	}
	repository := s.output("Repository")
	if repository == "" && *given == "" {
		return &fault{text: fmt.Sprintf("the stack %s has no repository for images", c.stack), hint: "it is of an older template: `make deploy` first"}
	}
	does := []string{fmt.Sprintf("builds %s for linux/amd64 and pushes it as %s:%s", *context, repository, *tag)}
	if *given != "" {
		does = []string{"takes the image " + *given}
	}
	c.announce("make deploy-model", plan{
		does: append(does, "points the stack's endpoint at it, by a change set that is shown first",
			"wakes the GPU, sends one synthetic scan through, downloads its model, lets the GPU sleep"),
		costs: "ECR 0.10 USD per GB and month; the trial about 10 minutes of one instance, 0.12 USD (ml.g4dn.xlarge)",
		undo:  undo,
	})
	image := *given
	if image == "" {
		if err := c.confirm("Build and push?", "nothing was built"); err != nil {
			return err
		}
		if image, err = c.push(*context, repository, *tag); err != nil {
			return err
		}
	}
	if err := c.image(image); err != nil {
		return err
	}
	o = o.with("ModelImageUri", image)
	if _, set := o.value("Tasks"); !set && or(s.parameter("Tasks"), "tissue") == "tissue" && strings.HasSuffix(*context, "totalsegmentator") {
		o = o.with("Tasks", "total,total_mr")
	}
	if err := c.roll(*dir, o, s, false); err != nil {
		return err
	}
	if s, err = c.deployed(); err != nil {
		return err
	}
	trial.url, trial.bucket = or(trial.url, s.output("ApiUrl")), or(trial.bucket, s.output("Uploads"))
	if err := c.gpu(*iris, "warm"); err != nil {
		return err
	}
	failed := c.try(*trial)
	if err := c.gpu(*iris, "park"); err != nil {
		c.say("The GPU was not put to sleep by hand: %v. The janitor does it within LingerSeconds and five minutes.", err)
	}
	if failed != nil {
		c.say("The image is deployed, and the trial failed. To go back: %s", undo)
		return failed
	}
	c.say("The model works. %s", undo)
	return nil
}

// buildable checks what a build needs before anything is begun.
func (c *command) buildable(context, tag string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`).MatchString(tag) {
		return &fault{text: fmt.Sprintf("%q is no tag of an image", tag), hint: "VERSION=1.0.0; `make` takes it from git"}
	}
	if strings.HasSuffix(context, "totalsegmentator") {
		for _, name := range []string{"base.lock", "weights.sha256", "weights"} {
			if _, err := os.Stat(filepath.Join(context, name)); err != nil {
				return &fault{text: fmt.Sprintf("%s is missing: base image and weights are not pinned yet", filepath.Join(context, name)), hint: "`make lock WEIGHTS=<folder of nnU-Net weights>` pins them by digest, once"}
			}
		}
	}
	if _, err := c.call(nil, "docker", "buildx", "version"); err != nil {
		if isMissing(err) {
			return err
		}
		return &fault{text: "Docker has no buildx", hint: "install docker-buildx: an image for SageMaker has to be built for linux/amd64 with Docker's own manifest"}
	}
	_, err := c.call(nil, "docker", "info", "--format", "{{.ServerVersion}}")
	return err
}

// push builds the image and pushes it, and returns its address by digest.
func (c *command) push(context, repository, tag string) (string, error) {
	registry, _, _ := strings.Cut(repository, "/")
	password, err := c.call(nil, "aws", "ecr", "get-login-password", "--region", c.region)
	if err != nil {
		return "", err
	}
	if _, err := c.call(strings.NewReader(string(password)), "docker", "login", "--username", "AWS", "--password-stdin", registry); err != nil {
		return "", err
	}
	address := repository + ":" + tag
	// Docker 29 makes OCI manifests and buildx adds a provenance, which makes an index of the
	// image: SageMaker refuses both.
	args := []string{
		"buildx", "build", "--platform", "linux/amd64", "--provenance=false", "--sbom=false",
		"--output", "type=image,name=" + address + ",push=true,oci-mediatypes=false",
	}
	if base, err := os.ReadFile(filepath.Join(context, "base.lock")); err == nil {
		args = append(args, "--build-arg", "BASE="+strings.TrimSpace(string(base)), "--target", "sagemaker")
	}
	if _, err := c.show(nil, "docker", append(args, context)...); err != nil {
		if says(err, "ImageTagAlreadyExists") || says(err, "tag is immutable") || says(err, "cannot be overwritten") {
			return "", &fault{text: fmt.Sprintf("ECR has an image %s already, and an image never changes under its name", address),
				hint: fmt.Sprintf("`make deploy-model IMAGE_URI=%s` takes that one; VERSION=… names another", address)}
		}
		return "", err
	}
	out, err := c.call(nil, "docker", "buildx", "imagetools", "inspect", address, "--format", "{{json .Image}}")
	if err != nil {
		return "", err
	}
	var config struct{ Architecture, OS string }
	if err := json.Unmarshal(out, &config); err != nil || config.Architecture != "amd64" || config.OS != "linux" {
		return "", &fault{text: fmt.Sprintf("the pushed image is for %s/%s, and SageMaker's GPU instances are linux/amd64", config.OS, config.Architecture),
			hint: "DOCKER_DEFAULT_PLATFORM or a builder of another processor may be in the way: `docker buildx ls`"}
	}
	detail, err := c.imageDetail(address)
	if err != nil {
		return "", err
	}
	c.say("Pushed %s, %d MB compressed.", address, detail.ImageSizeInBytes/1_000_000)
	return repository + "@" + detail.ImageDigest, nil
}

type imageDetail struct {
	ImageDigest            string
	ImageSizeInBytes       int64
	ImageManifestMediaType string
}

var ecrImage = regexp.MustCompile(`^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([a-z0-9._/-]+)(?::([\w.-]+)|@(sha256:[0-9a-f]{64}))$`)

func (c *command) imageDetail(address string) (imageDetail, error) {
	m := ecrImage.FindStringSubmatch(address)
	if m == nil {
		return imageDetail{}, &fault{text: fmt.Sprintf("%q is no image in ECR", address), hint: "123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator@sha256:…; SageMaker takes images of ECR only"}
	}
	if m[1] != c.region {
		return imageDetail{}, &fault{text: fmt.Sprintf("the image lies in %s and the stack in %s", m[1], c.region), hint: "push it to this region: `make deploy-model` does"}
	}
	id := "imageTag=" + m[3]
	if m[4] != "" {
		id = "imageDigest=" + m[4]
	}
	var answer struct {
		ImageDetails []imageDetail `json:"imageDetails"`
	}
	err := c.aws(&answer, "ecr", "describe-images", "--repository-name", m[2], "--image-ids", id)
	if says(err, "RepositoryNotFound") || says(err, "ImageNotFound") || err == nil && len(answer.ImageDetails) == 0 {
		return imageDetail{}, &fault{text: fmt.Sprintf("ECR has no image %s", address), hint: "`make deploy-model` builds and pushes one; `aws ecr describe-images --repository-name " + m[2] + "` lists them"}
	}
	if err != nil {
		return imageDetail{}, err
	}
	return answer.ImageDetails[0], nil
}

// image refuses an image that SageMaker would refuse minutes later.
func (c *command) image(address string) error {
	detail, err := c.imageDetail(address)
	if err != nil {
		return err
	}
	if kind := detail.ImageManifestMediaType; kind != dockerManifest {
		return &fault{
			text: fmt.Sprintf("the image %s has a manifest of the type %s, which SageMaker refuses", address, or(kind, "unknown")),
			hint: "`make deploy-model` pushes Docker's own (--provenance=false, oci-mediatypes=false)",
		}
	}
	return nil
}

// gpu wakes the GPU or lets it sleep, through its function. The state folder that is not
// there keeps iris from speaking to a stack on this machine.
func (c *command) gpu(iris, action string) error {
	_, err := c.show(nil, iris, "gpu", action, "--stack", c.stack, "--state", filepath.Join(os.TempDir(), "no-iris-state-here"))
	return err
}

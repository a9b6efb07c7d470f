package main

import (
	"fmt"
	"path/filepath"
	"testing"
)

const (
	theDigest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	theImage  = "123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator@" + theDigest
)

// described is an image in ECR.
func described(kind string) reply {
	return reply{When: "aws ecr describe-images", Out: fmt.Sprintf(`{"imageDetails":[{"registryId":"123456789012","repositoryName":"iris-totalsegmentator","imageDigest":%q,"imageTags":["1.2.3"],"imageSizeInBytes":3100000000,"imageManifestMediaType":%q}]}`, theDigest, kind)}
}

func quotaFor(instance string, n float64) reply {
	return reply{When: "aws service-quotas list-service-quotas " + instance, Out: fmt.Sprintf(`[{"QuotaCode":"L-E2B7A5C4","QuotaName":"%s for endpoint usage","Value":%g}]`, instance, n)}
}

var (
	buildx    = reply{When: "docker buildx version", Out: "github.com/docker/buildx v0.17.1\n"}
	docker    = reply{When: "docker info", Out: "29.1.0\n"}
	password  = reply{When: "aws ecr get-login-password", Out: "secret\n"}
	loggedIn  = reply{When: "docker login", Out: "Login Succeeded\n"}
	built     = reply{When: "docker buildx build", Out: "pushing manifest\n"}
	inspected = reply{When: "docker buildx imagetools inspect", Out: `{"architecture":"amd64","os":"linux","config":{}}`}
	gpuMoves  = reply{When: "iris gpu", Out: "desired 1\n"}
)

func (w *world) model(args ...string) int {
	w.write("model/base.lock", []byte("python@sha256:1234\n"))
	return w.run(append([]string{"model", "-dir", filepath.Join(w.dir, "aws"), "-context", filepath.Join(w.dir, "model"), "-iris", "iris", "-tag", "1.2.3", "-pause", "1ms", "-size", "32"}, args...)...)
}

// The image is built for SageMaker, checked in ECR, deployed by digest, tried and left
// asleep.
func TestDeployModel(t *testing.T) {
	d := newDeployment(t)
	w := newWorld(t, who, stands("UPDATE_COMPLETE", "Tasks=tissue", ">Uploads=uploads"), quotaOne, buildx, docker, password, loggedIn, built, inspected, described(dockerManifest),
		proposed, changes("Add ModelEndpoint AWS::SageMaker::Endpoint"), executed, waited, gpuMoves, d.drops())
	w.environ = []string{"CONFIRM=1", "IRIS_TOKEN=t"}
	w.wants(0, w.model("-url", d.url),
		[]string{"Pushed 123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:1.2.3", "0.12 USD", "ok     download", "The model works"},
		[]string{
			"docker login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com",
			"docker buildx build --platform linux/amd64 --provenance=false --sbom=false --output push=true,oci-mediatypes=false --build-arg BASE=python@sha256:1234 --target sagemaker",
			`sam deploy --parameter-overrides file:// "ModelImageUri":"` + theImage,
			"iris gpu warm", "aws s3 cp", "iris gpu park",
		}, []string{"secret"})
}

// An image that is there already is deployed without Docker: the way back.
func TestDeployModelGoesBack(t *testing.T) {
	d := newDeployment(t)
	w := newWorld(t, who, stands("UPDATE_COMPLETE", "ModelImageUri=123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:2"), quotaOne, described(dockerManifest),
		proposed, changes("Modify Model AWS::SageMaker::Model True"), executed, waited, gpuMoves, d.drops())
	w.environ = []string{"CONFIRM=1", "IRIS_TOKEN=t", "IMAGE_URI=" + theImage}
	w.wants(0, w.model("-url", d.url), []string{"takes the image " + theImage, "undo   `make deploy-model IMAGE_URI=123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:2`"}, nil, []string{"docker"})
}

// Every failure is told, and after a failed trial the GPU is asleep and the way back is said.
func TestDeployModelFails(t *testing.T) {
	stack := stands("UPDATE_COMPLETE")
	for name, c := range map[string]struct {
		replies []reply
		environ []string
		args    []string
		words   []string
		never   []string
	}{
		"there is no stack":       {[]reply{buildx, docker, who, noStack}, nil, nil, []string{"There is no stack iris in us-east-1", "hint: `make deploy`"}, []string{"docker buildx build"}},
		"the first deploy failed": {[]reply{buildx, docker, who, stands("ROLLBACK_COMPLETE")}, nil, nil, []string{"can only be deleted"}, []string{"docker buildx build"}},
		"Docker does not run":     {[]reply{buildx, {When: "docker info", Err: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", Code: 1}}, nil, nil, []string{"Docker does not run", "hint: start Docker"}, []string{"aws"}},
		"there is no buildx":      {[]reply{{When: "docker buildx version", Err: "docker: 'buildx' is not a docker command.", Code: 1}}, nil, nil, []string{"Docker has no buildx"}, []string{"aws"}},
		"the quota is 0":          {[]reply{buildx, docker, who, stack, quotaFor(defaultInstance, 0)}, nil, nil, []string{"no GPU endpoint can be made", "hint: `aws service-quotas"}, []string{"docker buildx build"}},
		"nobody confirms":         {[]reply{buildx, docker, who, stack, quotaOne}, nil, nil, []string{"Nothing was built", "hint: CONFIRM=1"}, []string{"docker buildx build"}},
		"the tag is taken":        {[]reply{buildx, docker, who, stack, quotaOne, password, loggedIn, {When: "docker buildx build", Err: "ERROR: failed to push: tag invalid: The image tag '1.2.3' already exists in the 'iris' repository and cannot be overwritten because the tag is immutable.", Code: 1}}, []string{"CONFIRM=1"}, nil, []string{"already, and an image never changes", "hint: `make deploy-model IMAGE_URI="}, []string{"sam deploy"}},
		"the disk is full":        {[]reply{buildx, docker, who, stack, quotaOne, password, loggedIn, {When: "docker buildx build", Err: "ERROR: write /var/lib/docker/tmp: no space left on device", Code: 1}}, []string{"CONFIRM=1"}, nil, []string{"The disk is full", "docker system df"}, []string{"sam deploy"}},
		"another processor":       {[]reply{buildx, docker, who, stack, quotaOne, password, loggedIn, built, {When: "imagetools inspect", Out: `{"architecture":"arm64","os":"linux"}`}}, []string{"CONFIRM=1"}, nil, []string{"the pushed image is for linux/arm64", "hint: DOCKER_DEFAULT_PLATFORM"}, []string{"sam deploy"}},
		"a manifest of OCI":       {[]reply{buildx, docker, who, stack, quotaOne, password, loggedIn, built, inspected, described("application/vnd.oci.image.manifest.v1+json")}, []string{"CONFIRM=1"}, nil, []string{"which SageMaker refuses", "oci-mediatypes=false"}, []string{"sam deploy"}},
		"a tag that is none":      {nil, nil, []string{"-tag", "a b"}, []string{`"a b" is no tag`}, []string{"docker"}},
		"nothing is pinned":       {nil, nil, []string{"-context", "nowhere/totalsegmentator"}, []string{"base.lock is missing", "hint: `make lock"}, []string{"docker"}},
		"a stack of before ECR":   {[]reply{buildx, docker, who, stands("UPDATE_COMPLETE", ">Repository="), quotaOne}, nil, nil, []string{"has no repository for images", "hint: it is of an older template"}, []string{"docker buildx build"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.replies...)
			w.environ = c.environ
			w.wants(1, w.model(c.args...), c.words, nil, c.never)
		})
	}
}

func TestATrialThatFails(t *testing.T) {
	d := newDeployment(t)
	d.ends = `"status":"failed","error":{"code":"model_failed","message":"the model server failed at this scan"}`
	w := newWorld(t, who, stands("UPDATE_COMPLETE", "ModelImageUri=123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:2"), quotaOne, described(dockerManifest),
		proposed, changes("Modify Model AWS::SageMaker::Model True"), executed, waited, gpuMoves, d.drops())
	w.environ = []string{"CONFIRM=1", "IRIS_TOKEN=t", "IMAGE_URI=" + theImage}
	w.wants(1, w.model("-url", d.url), []string{"ended failed: model_failed", "To go back: `make deploy-model IMAGE_URI=123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:2`"}, []string{"iris gpu park"}, nil)
}

package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// fault is a failure as a person should read it.
type fault struct {
	text, hint string
	cause      string // the first words of what AWS said, to tell failures apart
}

func (f *fault) Error() string { return f.text }

// known are causes that the tools give, and what to do about each. The first that matches
// is taken.
var known = []struct {
	words      *regexp.Regexp
	text, hint string
}{
	{regexp.MustCompile(`(?i)unable to locate credentials|NoCredentials|partial credentials`),
		"nobody is logged in to AWS here", "`aws sso login`, `aws configure`, or AWS_PROFILE; `aws sts get-caller-identity` should answer"},
	{regexp.MustCompile(`(?i)ExpiredToken|token has expired|session associated with this profile has expired|security token included in the request is (expired|invalid)|InvalidClientTokenId`),
		"the login to AWS has expired or is not valid", "log in again: `aws sso login`, or new keys"},
	{regexp.MustCompile(`(?i)you must specify a region`),
		"no region is chosen", "`export AWS_REGION=us-east-1`, or `aws configure`"},
	{regexp.MustCompile(`(?i)cannot connect to the docker daemon|docker daemon is not running|error during connect`),
		"Docker does not run", "start Docker; `docker info` should answer"},
	{regexp.MustCompile(`(?i)no space left on device`),
		"the disk is full", "the model's image needs about 15 GB while it is built: `docker system df` says what takes room"},
	{regexp.MustCompile(`(?i)ResourceLimitExceeded`),
		"the account's quota does not allow this instance", "`make quota-check` says which quota, and how to ask for more; without a model the stack needs none"},
	{regexp.MustCompile(`(?i)unsupported manifest media type`),
		"SageMaker does not take the image's manifest", "`make deploy-model` pushes one that it takes; an image that was pushed otherwise has to be pushed again"},
	{regexp.MustCompile(`(?i)file://\S+ is not a valid format|no such option: --(no-execute-changeset|s3-prefix)`),
		"the SAM CLI is older than what this was written for", "`pipx upgrade aws-sam-cli` (1.170)"},
	{regexp.MustCompile(`(?i)requires capabilities`),
		"CloudFormation wants a capability that was not given", "this is a mistake of the make target: report it with the words above"},
	{regexp.MustCompile(`(?i)AccessDenied|not authorized to perform|UnauthorizedOperation`),
		"this login may not do that", "the words above name the action; docs/deploy.md lists what a deployer needs"},
	{regexp.MustCompile(`(?i)could not connect to the endpoint|connection (refused|reset|timed out)|name resolution|no such host`),
		"AWS cannot be reached from here", "check the network, a proxy (HTTPS_PROXY) and the region's name"},
	{regexp.MustCompile(`(?i)throttl|rate exceeded|TooManyRequests`),
		"AWS answers that there were too many requests", "try again in a minute"},
}

// failed makes a fault of what a program said when it ended badly.
func (c *command) failed(name string, args []string, said string, err error) error {
	if ctx := c.ctx.Err(); ctx != nil {
		return &fault{text: "it was interrupted", hint: "what AWS had begun goes on there: run the command again"}
	}
	what := name
	for _, arg := range args[:min(len(args), 2)] {
		if !strings.HasPrefix(arg, "-") {
			what += " " + arg
		}
	}
	words := lastWords(said)
	f := &fault{text: fmt.Sprintf("`%s` failed: %s", what, or(words, err.Error())), cause: said}
	for _, k := range known {
		if k.words.MatchString(said) {
			f.text, f.hint = fmt.Sprintf("%s (`%s`: %s)", k.text, what, words), k.hint
			break
		}
	}
	return f
}

// lastWords are the last lines of what a program said: there is the reason.
func lastWords(said string) string {
	const most = 600
	said = strings.TrimSpace(said)
	if at := strings.LastIndex(said, "\nError: "); at >= 0 { // sam says much before it
		said = said[at+len("\nError: "):]
	}
	if len(said) > most {
		said = "…" + strings.ToValidUTF8(said[len(said)-most:], "")
	}
	return strings.Join(strings.Fields(said), " ")
}

// says tells whether a failure's words match.
func says(err error, words string) bool {
	var f *fault
	return errors.As(err, &f) && strings.Contains(strings.ToLower(f.cause), strings.ToLower(words))
}

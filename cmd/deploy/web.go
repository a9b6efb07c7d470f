package main

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// webVerb is `make deploy-web`.
func webVerb(c *command, flags *flag.FlagSet, args []string) error {
	source := flags.String("source", "web", "folder of the page")
	dir := flags.String("dir", "build/web", "where it is built, so that the checkout stays as it is")
	page := flags.String("page", "", "address of the page to check afterwards (default: the stack's output)")
	within := flags.Duration("within", 10*time.Minute, "how long Amplify may take")
	pause := flags.Duration("pause", 3*time.Second, "pause between two questions")
	if err := parse(flags, args); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(*source, "node_modules")); err != nil {
		return &fault{text: fmt.Sprintf("%s has no node_modules", *source), hint: "`make deploy-web` installs them; by hand: `npm ci --prefix web`"}
	}
	if err := c.login(); err != nil {
		return err
	}
	s, err := c.deployed()
	if err != nil {
		return err
	}
	app, branch := s.output("WebAppId"), or(s.output("WebBranchName"), "main")
	switch {
	case app == "":
		return &fault{text: fmt.Sprintf("the stack %s has no app on Amplify", c.stack), hint: "`make deploy PARAMS=WebHosting=amplify`, then again"}
	case s.output("PeoplePool") == "" && s.parameter("JwtIssuer") == "":
		return &fault{text: "the stack takes IAM-signed requests only, which a browser cannot send", hint: "`make deploy PARAMS='UserPool=create SignInDomain=<prefix>'`"}
	}
	c.announce("make deploy-web", plan{
		does:  []string{"builds the page for " + s.output("ApiUrl"), "uploads it to Amplify (app " + app + ", branch " + branch + "), with its security headers, and looks whether they are sent"},
		costs: "Amplify 0.01 USD a deployment or less, 0.15 USD per GB that readers fetch (the page has 1.3 MB)",
		undo:  "check out the version before this one and `make deploy-web` again",
	})
	if err := c.confirm("Build and upload?", "nothing was built"); err != nil {
		return err
	}
	if err := c.build(*source, *dir, s); err != nil {
		return err
	}
	headers, err := os.ReadFile(filepath.Join(*dir, "customHttp.yml"))
	if err != nil {
		return err
	}
	if err := c.aws(nil, "amplify", "update-app", "--app-id", app, "--custom-headers", string(headers)); err != nil {
		return err
	}
	if err := c.amplify(app, branch, filepath.Join(*dir, "dist"), *within, *pause); err != nil {
		return err
	}
	address := or(*page, s.output("PageUrl"))
	if err := c.served(address, s.output("ApiUrl")); err != nil {
		return err
	}
	c.say("The page is at %s", address)
	if origins := s.parameter("WebOrigin"); origins != "" && !strings.Contains(origins, address) && s.parameter("DomainName") == "" {
		c.say("note: the API lets pages of %s in, beside those of the domain and of Amplify.", origins)
	}
	return nil
}

// build copies the page's sources and builds the copy for the stack's outputs: vite writes
// customHttp.yml beside them, and in the checkout that would be a change to commit.
func (c *command) build(source, dir string, s stack) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := copySources(source, dir); err != nil {
		return err
	}
	if err := copied(dir); err != nil {
		return err
	}
	modules, err := filepath.Abs(filepath.Join(source, "node_modules"))
	if err != nil {
		return err
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		return err
	}
	issuer, client := s.parameter("JwtIssuer"), strings.Split(s.parameter("JwtAudience"), ",")[0]
	if pool := s.output("PeoplePool"); pool != "" {
		issuer, client = fmt.Sprintf("https://cognito-idp.%s.amazonaws.com/%s", c.region, pool), s.output("PeopleClient")
	}
	var storage []string
	for _, bucket := range []string{s.output("Uploads"), s.output("Results")} {
		storage = append(storage, fmt.Sprintf("https://%s.s3.%s.amazonaws.com", bucket, c.region))
	}
	values := []string{
		"VITE_API=" + s.output("ApiUrl"), "VITE_ISSUER=" + issuer, "VITE_CLIENT=" + client,
		"VITE_SIGN_IN=" + s.output("SignInUrl"), "VITE_STORAGE=" + strings.Join(storage, " "),
	}
	_, err = c.show(values, "npm", "--prefix", dir, "exec", "--offline", "--", "vite", "build", dir)
	return err
}

// copied is called with the copy before it is built; tests put into it what vite would make.
var copied = func(dir string) error { return nil }

// copySources copies a folder without what is made in it, and without its Go files: the copy
// lies in the module and would be a package of it.
func copySources(from, to string) error {
	made := []string{"node_modules", "dist", "packed", "tests"}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir() && slices.Contains(made, rel):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case !d.Type().IsRegular(), filepath.Ext(path) == ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}

// amplify uploads a folder as one deployment and waits for its end.
func (c *command) amplify(app, branch, dir string, within, pause time.Duration) error {
	packed, err := zipped(dir)
	if err != nil {
		return err
	}
	var made struct{ JobId, ZipUploadUrl string } // amplify's names begin with small letters: encoding/json takes both
	if err := c.aws(&made, "amplify", "create-deployment", "--app-id", app, "--branch-name", branch); err != nil {
		if says(err, "LimitExceeded") || says(err, "pending job") {
			return &fault{text: "Amplify has a deployment of this branch under way", hint: fmt.Sprintf("`aws amplify list-jobs --app-id %s --branch-name %s` lists them, `stop-job` ends one", app, branch)}
		}
		return err
	}
	req, err := http.NewRequestWithContext(c.ctx, http.MethodPut, made.ZipUploadUrl, bytes.NewReader(packed))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/zip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &fault{text: "the page could not be uploaded to Amplify: " + err.Error()}
	}
	defer func() { _ = resp.Body.Close() }()
	if body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)); resp.StatusCode != http.StatusOK {
		return &fault{text: fmt.Sprintf("Amplify's storage answers %s: %s", resp.Status, lastWords(string(body)))}
	}
	if err := c.aws(nil, "amplify", "start-deployment", "--app-id", app, "--branch-name", branch, "--job-id", made.JobId); err != nil {
		return err
	}
	for deadline := time.Now().Add(within); ; {
		var answer struct {
			Job struct{ Summary struct{ Status string } }
		}
		if err := c.aws(&answer, "amplify", "get-job", "--app-id", app, "--branch-name", branch, "--job-id", made.JobId); err != nil {
			return err
		}
		switch status := answer.Job.Summary.Status; {
		case status == "SUCCEED":
			return nil
		case status == "FAILED" || status == "CANCELLED":
			return &fault{text: fmt.Sprintf("Amplify's deployment %s ended %s", made.JobId, status), hint: fmt.Sprintf("`aws amplify get-job --app-id %s --branch-name %s --job-id %s`", app, branch, made.JobId)}
		case time.Now().After(deadline):
			return &fault{text: fmt.Sprintf("Amplify's deployment %s is still %s after %v", made.JobId, status, within)}
		}
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-time.After(pause):
		}
	}
}

// zipped packs a folder, with the files at the top and not within a folder: Amplify serves
// 404 for everything otherwise.
func zipped(dir string) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		return nil, err
	}
	if _, err := fs.Stat(os.DirFS(dir), "index.html"); err != nil {
		return nil, &fault{text: fmt.Sprintf("%s has no index.html", dir)}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// served looks whether the page, and an address of its own, come with the policy that lets
// them ask the API. Amplify drops custom headers that it cannot read without a word.
func (c *command) served(address, apiAddress string) error {
	if address == "" {
		return nil
	}
	for _, path := range []string{"/", "/jobs/00000000000000000000000000"} {
		req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, strings.TrimSuffix(address, "/")+path, nil)
		if err != nil {
			return &fault{text: fmt.Sprintf("%q is no address", address)}
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return &fault{text: fmt.Sprintf("the page is deployed, and %s cannot be reached: %v", address, err), hint: "a new domain of Amplify takes up to an hour: docs/operate.md, \"A certificate stays pending\""}
		}
		_ = resp.Body.Close()
		policy := resp.Header.Get("Content-Security-Policy")
		switch {
		case resp.StatusCode != http.StatusOK:
			return &fault{text: fmt.Sprintf("%s%s answers %s", address, path, resp.Status), hint: "the app needs its rewrites of /jobs/<*> and /shared/<*>, which the template makes"}
		case !strings.Contains(policy, apiAddress):
			return &fault{text: fmt.Sprintf("%s%s comes without the policy that lets it ask %s", address, path, apiAddress), hint: "`aws amplify get-app` shows customHeaders; a cache keeps the old ones for some minutes: then run it again"}
		}
	}
	return nil
}

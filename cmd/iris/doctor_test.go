package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// doctor runs iris doctor over an API and gives its findings by their words.
func doctor(t *testing.T, args ...string) (map[string]finding, error) {
	t.Helper()
	t.Setenv("PATH", t.TempDir()) // starting programs takes time, and has a test of its own
	out, failed := iris(t, append([]string{"doctor", "--json"}, args...)...)
	var d diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all := map[string]finding{}
	for _, f := range d.Findings {
		if (f.Verdict == good) != (f.Cure == "") || f.What == "" {
			t.Errorf("a finding without a cure, or a cure for nothing: %+v", f)
		}
		all[f.Check] = f
	}
	if lacks := slices.ContainsFunc(d.Findings, func(f finding) bool { return f.Verdict == missing }); lacks != (failed != nil) || d.OK == lacks {
		t.Errorf("ok %v, error %v, findings %+v", d.OK, failed, d.Findings)
	}
	return all, failed
}

func TestDoctorOfAService(t *testing.T) {
	jwt := func(left time.Duration) string {
		claims := fmt.Sprintf(`{"exp":%d}`, time.Now().Add(left).Unix())
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".sig"
	}
	cases := []struct {
		name, token string
		ahead       time.Duration // of the API's clock
		status      int           // of GET /v1/jobs
		check       string
		want        verdict
		says, cure  string
	}{
		{"all is well", jwt(time.Hour), 0, 200, "access", good, "", ""},
		{"a clock that is right", "", 0, 200, "clock", good, "agrees", ""},
		{"a clock that is an hour ahead", "", -time.Hour, 200, "clock", missing, "ahead of", setClock},
		{"a clock that is a quarter of an hour behind", "", 15 * time.Minute, 200, "clock", missing, "behind", setClock},
		{"a clock that is two minutes off", "", 2 * time.Minute, 200, "clock", note, "behind", setClock},
		{"a token that ended", jwt(-time.Minute), 0, 401, "token", missing, "ended at", "IRIS_TOKEN"},
		{"a token that ends soon", jwt(time.Minute), 0, 200, "token", note, "ends at", "new token"},
		{"a token without a time", "abc", 0, 200, "token", good, "without a time", ""},
		{"no token where one is asked for", "", 0, 401, "access", missing, "asks for a token", "STATE/token"},
		{"a token that is refused", "abc", 0, 403, "access", missing, "refuses the token", "new token"},
		{"the token of a share", sharePrefix + "abc", 0, 401, "access", note, "reads the one job", ""},
		{"a table that is down", "", 0, 500, "access", missing, "does not list jobs", "errors.md"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
				if strings.HasPrefix(r.URL.Path, "/v1") {
					if c.token != "" && r.Header.Get("Authorization") != "Bearer "+c.token {
						t.Error("the token was not sent")
					}
					w.WriteHeader(c.status)
				}
				fmt.Fprint(w, `{"jobs":[]}`)
			}))
			defer s.Close()
			t.Setenv("IRIS_API", s.URL)
			t.Setenv("IRIS_TOKEN", c.token)
			all, _ := doctor(t)
			if got := all[c.check]; got.Verdict != c.want || !strings.Contains(got.What, c.says) || !strings.Contains(got.Cure, c.cure) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A token on its way to another machine without https is told of, before it is lost.
func TestDoctorTellsOfATokenInTheClear(t *testing.T) {
	for base, want := range map[string]int{"http://10.0.0.7:8000": 1, "http://iris.example": 1, "https://iris.example": 0, "http://127.0.0.1:8000": 0, "http://localhost:8000": 0, "http://[::1]:8000": 0, "http://localhost.example": 1} {
		if got := inTheClear(&client{base: base, token: "t"}); len(got) != want || want > 0 && got[0].Verdict != note {
			t.Errorf("%s: %+v", base, got)
		}
		if got := inTheClear(&client{base: base}); len(got) != 0 {
			t.Errorf("%s, without a token: %+v", base, got)
		}
	}
}

func TestDoctorWithoutAService(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("IRIS_API", "")
	if all, _ := doctor(t); all["api"].Verdict != note || !strings.Contains(all["api"].Cure, "iris up") {
		t.Errorf("%+v", all["api"])
	}
	for address, says := range map[string]string{"127.0.0.1:8000": "no address", "ftp://x": "no address", "http://127.0.0.1:1": "does not answer"} {
		t.Setenv("IRIS_API", address)
		all, err := doctor(t)
		if all["api"].Verdict != missing || !strings.Contains(all["api"].What, says) || exitCode(err) != 1 {
			t.Errorf("%s: %+v, %v", address, all["api"], err)
		}
	}
}

// The state folder of a stack that runs, that hangs, that was killed, and of none.
func TestDoctorOfAStateFolder(t *testing.T) {
	t.Setenv("IRIS_API", "")
	state := t.TempDir()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	defer up.Close()
	if all, _ := doctor(t, "--state", state); all["state"].Verdict != good || !strings.Contains(all["state"].What, "no stack runs") {
		t.Errorf("an empty folder: %+v", all["state"])
	}
	if err := writeReady(state, ready{Ready: true, HTTP: up.URL, AWS: "http://127.0.0.1:4566"}); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(state, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	fmt.Fprintln(lock, 4711)
	if all, _ := doctor(t, "--state", state); all["state"].Verdict != note || !strings.Contains(all["state"].What, "ended without saying so") {
		t.Errorf("a killed stack: %+v", all["state"])
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	all, _ := doctor(t, "--state", state)
	if all["state"].Verdict != good || !strings.Contains(all["state"].What, "a stack runs (process 4711)") {
		t.Errorf("a stack that runs: %+v", all["state"])
	}
	if _, asked := all["port_http"]; asked {
		t.Error("the ports of the stack that runs are called taken")
	}
	up.Close()
	if all, _ := doctor(t, "--state", state); all["state"].Verdict != missing || !strings.Contains(all["state"].Cure, "kill 4711") {
		t.Errorf("a stack that hangs: %+v", all["state"])
	}
}

// Who has the command alone, without the sources, is told what iris up needs; nothing is wrong.
func TestTheCommandAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("IRIS_API", "")
	all, err := doctor(t, "--install", ".")
	for _, check := range []string{"template", "node"} {
		if all[check].Verdict != note {
			t.Errorf("%+v", all[check])
		}
	}
	for check, f := range all {
		machine := strings.HasPrefix(check, "port_") || check == "disk" || check == "memory" || check == "descriptors"
		if f.Verdict == missing && !machine {
			t.Errorf("%+v, %v", f, err)
		}
	}
	_, err = iris(t, "up", "--install", ".")
	if exitCode(err) != exitUsage || !strings.HasPrefix(err.Error(), "not_installed: there is no template.yaml in .: ") {
		t.Errorf("iris up: %v", err)
	}
	if err := os.WriteFile("template.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := iris(t, "up", "--install", "."); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("iris up: %v", err)
	}
}

func TestDoctorSeesATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if got := port("http", address); got.Verdict != missing || !strings.Contains(got.Cure, "iris up --http 127.0.0.1:0") || !strings.Contains(got.Cure, "tcp:"+address[len("127.0.0.1:"):]) {
		t.Errorf("taken: %+v", got)
	}
	_ = l.Close()
	if got := port("http", address); got.Verdict != good {
		t.Errorf("free: %+v", got)
	}
}

func TestDoctorOfPrograms(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	for version, want := range map[string]verdict{
		"v20.19.2": good, "v18.20.4": missing, "v22.1.0": good, "v8.10": missing, "no version": missing, "20": missing,
	} {
		if err := os.WriteFile(filepath.Join(bin, "node"), []byte("#!/bin/sh\necho "+quote(version)), 0o755); err != nil {
			t.Fatal(err)
		}
		if got := program(t.Context(), "node", "Node.js", missing, wantNode, "cure", "node", "--version"); got.Verdict != want {
			t.Errorf("%s: %+v", version, got)
		}
	}
	if got := program(t.Context(), "go", "Go", note, wantGo, "cure", "go", "version"); got.Verdict != note || !strings.HasPrefix(got.What, "there is no Go") {
		t.Errorf("no Go: %+v", got)
	}
	for text, want := range map[string]bool{"go version go1.26.8 linux/amd64": true, "go version go1.9.7 x": false, "go version go2.0 x": true, "go1.26": true, "go1": false} {
		if got := versionIn(text); atLeast(got, wantGo) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if got := versionIn("v99999999999999999999999.1"); got != nil {
		t.Errorf("a number beyond all: %v", got)
	}
}

func TestDoctorOfProxies(t *testing.T) {
	cases := []struct {
		proxy, except string
		want          verdict // empty: nothing to say
	}{
		{"", "", ""},
		{"http://proxy:3128", "", note},
		{"http://proxy:3128", "example.org", note},
		{"http://proxy:3128", "localhost, 127.0.0.1", good},
		{"http://proxy:3128", "127.0.0.0/8", note},
		{"http://proxy:3128", "*", good},
	}
	for _, c := range cases {
		got := proxies(func(name string) string { return map[string]string{"HTTP_PROXY": c.proxy, "no_proxy": c.except}[name] })
		if len(got) != min(1, len(c.want)) || len(got) == 1 && got[0].Verdict != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// What people read says the same as --json, each cure under its finding.
func TestDoctorForPeople(t *testing.T) {
	var b strings.Builder
	d := diagnosis{Findings: []finding{{"a", good, "a thing", ""}, {"b", missing, "no thing", "get one"}}, WithoutEffect: []string{"an alarm"}}
	if err := d.print(&b); err != nil {
		t.Fatal(err)
	}
	want := "ok       a thing\nmissing  no thing\n         cure: get one\n\nDeclared in template.yaml, without effect on one machine:\n  an alarm\n"
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

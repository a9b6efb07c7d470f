package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tabs is what bash offers at the end of each line when a person presses the tab key.
func tabs(t *testing.T, lines []string, env ...string) [][]string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nIRIS_TEST_COMMAND=1 exec %s \"$@\"\n", quote(program))
	if err := os.WriteFile(filepath.Join(bin, "iris"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	var ask strings.Builder
	ask.WriteString("source <(iris completion bash)\n" +
		"compopt() { :; }\n" + // readline's own
		// As readline does it: words parted at COMP_WORDBREAKS, the cursor at the end.
		"tab() { COMP_LINE=$1; COMP_POINT=${#1}; COMP_TYPE=9; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n" +
		"__start_iris; printf '%s\\n' \"${COMPREPLY[@]}\" --; }\n")
	for _, line := range lines {
		fmt.Fprintf(&ask, "tab %s", quote(line))
		for _, word := range parted(line) {
			fmt.Fprintf(&ask, " %s", quote(word))
		}
		ask.WriteString("\n")
	}
	bash := exec.CommandContext(t.Context(), "bash", "--norc", "-c", ask.String())
	bash.Env = append(os.Environ(), append(env, "PATH="+bin+":"+os.Getenv("PATH"))...)
	var stderr bytes.Buffer
	bash.Stderr = &stderr
	out, err := bash.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("bash: %v\n%s", err, stderr.String())
	}
	var all [][]string
	for _, part := range strings.Split(strings.TrimSuffix(string(out), "--\n"), "\n--\n") {
		var words []string
		for _, word := range strings.Split(part, "\n") {
			word, _, _ = strings.Cut(word, "(") // the description
			if word = strings.TrimSpace(word); word != "" {
				words = append(words, word)
			}
		}
		all = append(all, words)
	}
	if len(all) != len(lines) {
		t.Fatalf("%d answers for %d lines:\n%s", len(all), len(lines), out)
	}
	return all
}

// parted are the words of a line as bash parts them.
func parted(line string) []string {
	var words []string
	for _, word := range strings.Split(line, " ") {
		start := 0
		for i, c := range word {
			if c == '=' || c == ':' {
				if i > start {
					words = append(words, word[start:i])
				}
				words, start = append(words, string(c)), i+1
			}
		}
		if start < len(word) || word == "" {
			words = append(words, word[start:])
		}
	}
	return words
}

// Every command and every flag is offered, as bash shows them.
func TestBashOffersEveryCommandAndFlag(t *testing.T) {
	root := rootCommand()
	root.InitDefaultHelpCmd()
	var lines []string
	var want [][]string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.HasAvailableSubCommands() {
			var names []string
			for _, below := range c.Commands() {
				if below.IsAvailableCommand() || below.Name() == "help" {
					names = append(names, below.Name())
					walk(below)
				}
			}
			lines, want = append(lines, c.CommandPath()+" "), append(want, names)
		}
		var flags []string
		c.InitDefaultHelpFlag()
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				flags = append(flags, "--"+f.Name)
			}
		})
		lines, want = append(lines, c.CommandPath()+" --"), append(want, flags)
	}
	walk(root)
	if len(lines) < 20 {
		t.Fatalf("only %q", lines)
	}
	for i, got := range tabs(t, lines) {
		for _, name := range want[i] {
			// A flag that takes a value may be offered as --name=.
			if !slices.ContainsFunc(got, func(s string) bool { return strings.TrimSuffix(s, "=") == name }) {
				t.Errorf("%q: %s is not offered, of %q", lines[i], name, got)
			}
		}
	}
}

func TestBashOffersValues(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"jobs":[{"id":%q,"status":"ready"}]}`, someJob)
	}))
	defer s.Close()
	cases := []struct {
		line string
		want []string // of which each begins one offer
	}{
		{"iris comp", []string{"completion"}},
		{"iris completion ", []string{"bash", "fish", "powershell", "zsh"}},
		{"iris up --model ", []string{"none", "tissue", "totalsegmentator"}},
		{"iris up --model=ti", []string{"tissue"}},
		{"iris run scan.nii -O ", []string{"decimate=", "dicom=", "fast=", "merge=", "modality=", "series=", "smoothing=", "structures=", "task="}},
		{"iris run scan.nii -O fast=t", []string{"true"}},
		{"iris run scan.nii -O modality=", []string{"CT", "MR", "PT"}},
		{"iris status ", []string{someJob}},
		{"iris status " + someJob + " ", nil},
	}
	lines := make([]string, len(cases))
	for i, c := range cases {
		lines[i] = c.line
	}
	for i, got := range tabs(t, lines, "IRIS_API="+s.URL) {
		slices.Sort(got)
		if len(got) != len(cases[i].want) {
			t.Errorf("%q: %q, want %q", cases[i].line, got, cases[i].want)
			continue
		}
		for j, want := range cases[i].want {
			// What stands before an = is a word of its own to bash, and is not offered again.
			if !strings.HasPrefix(strings.TrimPrefix(got[j], strings.TrimSuffix(cases[i].line, "t")), want) {
				t.Errorf("%q: %q, want %q", cases[i].line, got, cases[i].want)
			}
		}
	}
}

func TestScripts(t *testing.T) {
	for name := range shells {
		var out bytes.Buffer
		root := rootCommand()
		root.SetOut(&out)
		if err := execute(t.Context(), root, []string{"completion", name}); err != nil || !strings.Contains(out.String(), "iris __complete") && !strings.Contains(out.String(), "__complete") {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
	}
	err := execute(t.Context(), rootCommand(), []string{"completion", "tcsh"})
	if err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), "bash, fish, powershell, zsh") {
		t.Errorf("tcsh: %v", err)
	}
}

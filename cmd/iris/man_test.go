package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// manFolder is where make dist has the pages written.
var manFolder = flag.String("man", "", "folder to write the man pages to")

// The man pages are made of the commands themselves, so that every command has its page
// and every flag is in it. They are written by a test because the program has no use for
// the writer, and because bytes in the program are counted.
func TestManPages(t *testing.T) {
	folder := *manFolder
	if folder == "" {
		folder = t.TempDir()
	} else if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	root := rootCommand()
	root.DisableAutoGenTag = true
	// The month is that of the sources, so that the same sources give the same bytes.
	if os.Getenv("SOURCE_DATE_EPOCH") == "" {
		t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
	}
	header := &doc.GenManHeader{Section: "1", Source: "IRIS Oculus", Manual: "IRIS Oculus"}
	if err := doc.GenManTree(root, header, folder); err != nil {
		t.Fatal(err)
	}
	pages := 0
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
			return
		}
		pages++
		plain := strings.NewReplacer(`\-`, "-", `\fB`, "", `\fP`, "", `\fI`, "").Replace(string(text))
		if !strings.Contains(plain, c.Short) {
			t.Errorf("%s does not say %q", name, c.Short)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(plain, "--"+f.Name) {
				t.Errorf("%s lacks --%s", name, f.Name)
			}
		})
		for _, machine := range []string{os.TempDir(), "/root/", "0001\""} {
			if strings.Contains(plain, machine) {
				t.Errorf("%s has %q of this machine:\n%s", name, machine, plain)
			}
		}
		for _, below := range c.Commands() {
			if below.IsAvailableCommand() && !below.IsAdditionalHelpTopicCommand() {
				check(below)
			}
		}
	}
	check(root)
	if pages < 15 {
		t.Errorf("%d pages", pages)
	}
}

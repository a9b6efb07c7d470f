package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

// scanArguments wants at least one scan.
func scanArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage("usage: SCAN is missing. Want: %s", cmd.UseLine())
	}
	return nil
}

// findScans are the scans that the arguments name, each once. A pattern that the shell has
// left as it was, as Windows' does, is expanded. A scan that is not there is refused by
// name, before anything of the others is sent.
func findScans(args []string) ([]string, error) {
	var scans []string
	for _, arg := range args {
		found := []string{arg}
		if _, err := os.Stat(arg); errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(arg, "*?[") {
			matches, bad := filepath.Glob(arg)
			if bad != nil || len(matches) == 0 {
				return nil, usage("not_found: %s: no file or folder has a name like this", shown(arg))
			}
			found = matches
		} else if err != nil {
			return nil, usage("not_found: %w%s", withoutPath(shown(arg), err), oneArgument(arg, args))
		}
		for _, scan := range found {
			if !slices.Contains(scans, filepath.Clean(scan)) {
				scans = append(scans, filepath.Clean(scan))
			}
		}
	}
	return scans, nil
}

// oneArgument reminds of the quotes around a name with spaces, which the shell otherwise
// takes for several, and of commas between the structures of --roi_subset.
func oneArgument(arg string, args []string) string {
	if len(args) < 2 || strings.ContainsAny(arg, "./\\") {
		return ""
	}
	return " (a name with spaces wants quotes, and several structures want commas: --roi_subset liver,spleen)"
}

// outputNames are the names, without a format's ending, under which the results of several
// scans are written below one folder: the scans' own names without their endings, and
// below the last folder that all scans have in common, so that no two are alike. Those
// that would be, as scan.nii and scan.nii.gz, keep their endings.
func outputNames(scans []string) ([]string, error) {
	common := ""
	whole := make([]string, len(scans))
	for i, scan := range scans {
		path, err := filepath.Abs(scan)
		if err != nil {
			return nil, coded("find the scan", err)
		}
		whole[i] = path
		for common == "" || !below(path, common) {
			next := filepath.Dir(path)
			if common != "" {
				next = filepath.Dir(common)
			}
			if next == common { // another volume of Windows
				return nil, usage("bad_option: the scans lie on different drives, so that their models have no names below one folder: run them one drive at a time")
			}
			common = next
		}
	}
	names := make([]string, len(scans))
	times := map[string]int{}
	for i, path := range whole {
		name, err := filepath.Rel(common, path)
		if err != nil {
			return nil, coded("find the scan", err)
		}
		whole[i] = name
		if suffix, known := job.ScanSuffix(name); known && len(filepath.Base(name)) > len(suffix) {
			name = name[:len(name)-len(suffix)]
		}
		names[i] = name
		times[strings.ToLower(name)]++ // as file systems that know no capitals see it
	}
	for i, name := range names {
		if times[strings.ToLower(name)] > 1 {
			names[i] = whole[i]
		}
	}
	return names, nil
}

// below says whether a path lies in a folder.
func below(path, folder string) bool {
	return path != folder && strings.HasPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
}

// shown is a name as a terminal may get it: control characters in a name of a file would
// be commands to the terminal.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// console is a block of README.md that shows commands, after "$ ", and what they print.
var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// jobID is what differs from run to run.
var jobID = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\b`)

// measured are numbers of a table that follow from the model and the meshing, whose tests
// are elsewhere: millilitres, cm² and triangles.
var measured = regexp.MustCompile(`,\d+\.\d{3}\b|,\d{3,}\b`)

// What README.md shows of the command line is what it prints. Job ids differ, and the lines
// of scans that were under way together come as they end.
func TestTheReadmeShowsWhatIsPrinted(t *testing.T) {
	work := t.TempDir()
	s := up(t, filepath.Join(work, ".iris"))
	text, err := os.ReadFile(filepath.Join(s.root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, block := range console.FindAllSubmatch(text, -1) {
		for _, shown := range strings.Split("\n"+string(block[1]), "\n$ ")[1:] {
			command, want, _ := strings.Cut(shown, "\n")
			commands++
			c := exec.Command("bash", "-c", command)
			c.Dir = work
			c.Env = []string{"PATH=" + filepath.Join(s.root, "bin") + ":" + os.Getenv("PATH"), "HOME=" + work, "XDG_CACHE_HOME=" + work, "XDG_CONFIG_HOME=" + work}
			printed, _ := c.CombinedOutput() // its exit code is that of what the README shows
			if got, want := comparable(string(printed)), comparable(want); got != want {
				t.Errorf("$ %s\nprints\n%s\nREADME.md shows\n%s", command, got, want)
			}
		}
	}
	if commands < 7 {
		t.Errorf("README.md shows %d commands", commands)
	}
}

// comparable is a text without ids, whose lines about jobs are in order.
func comparable(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for begin := 0; begin < len(lines); begin++ {
		end := begin
		for end < len(lines) && jobID.MatchString(lines[end]) && strings.Index(lines[end], " ") == 26 {
			end++
		}
		for i := begin; i < end; i++ {
			lines[i] = lines[i][26:]
		}
		slices.Sort(lines[begin:end])
		begin = max(begin, end-1)
	}
	return measured.ReplaceAllString(jobID.ReplaceAllString(strings.Join(lines, "\n"), "ID"), ",N")
}

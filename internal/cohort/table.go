package cohort

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Result is what the table says of a scan.
type Result struct {
	Row
	Job    string
	Status string // of the job, or not_sent
	End    *End   // nil while the job has not ended
	Code   string // of an error of this machine, where the job has none
	Text   string
}

// NotSent is the status of a scan that has no job.
const NotSent = "not_sent"

// Columns are those of the table.
var Columns = []string{"id", "scan", "job", "status", "attempt", "structure", "label", "volume_ml", "mesh_ml", "surface_cm2", "triangles",
	"partial", "watertight", "warnings", "error_code", "error_message"}

// WriteTable writes a line for each scan and structure, in the order of the results, and
// one for a scan without structures. Warnings are the codes of the scan's, on each of its
// lines. Text that a spreadsheet would take for a formula begins with an apostrophe.
func WriteTable(w io.Writer, results []Result) error {
	out := csv.NewWriter(w) // keeps the first error for Error
	_ = out.Write(Columns)
	for _, r := range results {
		end := End{}
		attempt, code, text := "", r.Code, r.Text
		if r.End != nil {
			end = *r.End
			attempt = strconv.Itoa(end.Attempt)
			if end.Error != nil {
				code, text = end.Error.Code, end.Error.Message
			}
		}
		head := []string{cell(r.ID), cell(r.Scan), r.Job, r.Status, attempt}
		tail := []string{strings.Join(end.Warnings, " "), code, cell(text)}
		if len(end.Structures) == 0 {
			_ = out.Write(append(append(head, make([]string, 8)...), tail...))
			continue
		}
		for _, s := range end.Structures {
			_ = out.Write(append(append(head[:len(head):len(head)], measured(s)...), tail...))
		}
	}
	out.Flush()
	return out.Error()
}

// measured are the cells of a structure.
func measured(s job.Structure) []string {
	triangles := ""
	if s.Triangles > 0 {
		triangles = strconv.Itoa(s.Triangles)
	}
	return []string{cell(s.Name), strconv.Itoa(s.Label), number(s.VolumeML), number(s.MeshML), number(s.SurfaceCM2), triangles,
		strconv.FormatBool(s.Partial), strconv.FormatBool(s.Watertight)}
}

// number rounds to a thousandth, below what a scan resolves.
func number(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }

// cell keeps a text from being a formula in a spreadsheet.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

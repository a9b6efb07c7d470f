package cohort

import (
	"path"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// Discover finds the scans among the files of a folder or a prefix, whose names are
// relative and have slashes: every file that is a scan by its ending, and every folder in
// which slices of DICOM lie, by their ending, or without one if bare says so. Bare may be
// nil: then every file without an ending is a slice. Discover gives files as they are and
// folders with a slash at their end, "./" for the first one, in order; and how many files
// are neither. Litter of operating systems is not counted.
//
// A folder of slices with another one below it is refused: which slices belong together
// cannot be known.
func Discover(names []string, bare func(name string) bool) (scans []string, others int, err error) {
	folders := map[string]bool{}
	for _, name := range names {
		suffix, known := job.ScanSuffix(name)
		ending := drop.Ending(name)
		switch {
		case drop.Litter(name):
		case known && suffix != ".dcm":
			scans = append(scans, name)
		case drop.NamedSlice(ending), ending == "" && (bare == nil || bare(name)):
			folders[path.Dir(name)] = true
		default:
			others++
		}
	}
	for folder := range folders {
		for above := folder; above != "."; {
			above = path.Dir(above)
			if folders[above] {
				return nil, 0, badManifest("slices lie in a folder and in one below it: move them apart, or name the folder of each scan in a manifest")
			}
		}
		scans = append(scans, folder+"/")
	}
	slices.Sort(scans)
	if len(scans) > MaxRows {
		return nil, 0, badManifest("there are more than %d scans", MaxRows)
	}
	return scans, others, nil
}

// IsAddress says whether a scan is on S3.
func IsAddress(scan string) bool { return strings.HasPrefix(scan, "s3://") }

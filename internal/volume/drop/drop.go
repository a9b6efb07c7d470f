// Package drop describes an upload of several files, which is an archive or a folder.
// In: the names of files. Out: whether a file is litter, and the ending of its name;
// and the interface Files, a walk over files without names, numbered in the order in
// which they are stored. Names go no further than this package, because they may
// identify a patient. Errors are those of the archive or folder.
package drop

import (
	"context"
	"io"
)

// File is one file of a drop, read forward only and within the visit.
type File struct {
	Index  int    // the same in every walk; -1 for a Dangling one
	Size   int64  // as the container says; the body may end before, never after
	Litter bool   // known by its name to be no image
	Ending string // of its name, as Ending has it
	// Dangling marks a link whose file is not in the drop. It has no bytes.
	Dangling bool
	// Apart marks a scan that has a job of its own. It has no bytes here.
	Apart bool
	Body  io.Reader
}

// Files walks over a drop.
type Files interface {
	// Each visits every file once or, when want is not nil, the files whose indexes
	// are in want. It keeps the order of want where the container can be read in any
	// order, and else takes the order that costs least. Only a walk over all files
	// visits Dangling ones. An error of visit ends the walk and is returned as it is.
	// Faults of the container are *volume.Error.
	Each(ctx context.Context, want []int, visit func(File) error) error
}

// Package drop is what people upload when it is more than one file: an archive
// or a folder, as files without names, numbered in the order in which they are stored.
// Names are looked at once, to pass over litter and to note the ending, and go no
// further.
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
	// Dangling: a link whose file is not in the drop. It has no bytes.
	Dangling bool
	// Apart: a scan of its own that has a job of its own. It has no bytes here.
	Apart bool
	Body  io.Reader
}

// Files walks over a drop.
type Files interface {
	// Each visits files once each, all of them or, when want is not nil, those
	// whose indexes are in want: in that order where the container can be read
	// in any order at no cost, else in the order that costs least. Dangling
	// files come in a walk over all only. An error of visit ends the walk and
	// comes back as it is. The container's own faults are *volume.Error.
	Each(ctx context.Context, want []int, visit func(File) error) error
}

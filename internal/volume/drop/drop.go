// Package drop is what people upload when it is more than one file: an archive
// or a folder, as files without names, numbered in the order in which they are stored.
// Names are looked at once, to pass over litter, and go no further.
package drop

import (
	"context"
	"io"
	"strings"
)

// File is one file of a drop, read forward only and within the visit.
type File struct {
	Index  int   // the same in every walk
	Size   int64 // as the container says; the body may end before, never after
	Litter bool  // known by its name to be no image
	Body   io.Reader
}

// Files walks over a drop.
type Files interface {
	// Each visits files once each, all of them or, when want is not nil, those
	// whose indexes are in want: in that order where the container can be read
	// in any order at no cost, else in the order that costs least. An error of
	// visit ends the walk and comes back as it is. The container's own faults
	// are *volume.Error.
	Each(ctx context.Context, want []int, visit func(File) error) error
}

// Litter says whether a path inside a drop is what systems and viewers leave
// there: never an image, so that nobody needs to hear of it.
func Litter(path string) bool {
	path = strings.ReplaceAll(path, `\`, "/")
	if strings.HasSuffix(path, "/") || strings.Contains("/"+path, "/__MACOSX/") {
		return true
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	upper := strings.ToUpper(name)
	switch upper {
	case "", "DICOMDIR", "THUMBS.DB", "DESKTOP.INI", "AUTORUN.INF":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(upper, "README")
}

package series

import (
	"errors"
	"fmt"
	"strings"

	"github.com/iris-oculus/iris/internal/volume"
)

// maxListed bounds the list of series in a message.
const maxListed = 20

// listing describes series by their numbers, all but one, without any text of
// the files.
func listing(list []*Series, without *Series) string {
	var lines []string
	for i, s := range list {
		if s == without {
			continue
		}
		if len(lines) == maxListed {
			lines = append(lines, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		lines = append(lines, s.line())
	}
	return strings.Join(lines, "; ")
}

func (s *Series) line() string {
	line := fmt.Sprintf("series=%d: %s, %d slices", s.number, s.Modality, len(s.Slices))
	rank := s.rank()
	if gap := s.roughSpacing(); gap > 0 && rank != rankNone {
		line += fmt.Sprintf(", %.2f mm apart", gap)
	}
	if s.isDerived() {
		line += ", derived from other images"
	}
	if rank == rankNone {
		line += ", no stack of slices"
	}
	return line
}

// Others is how many further series could be chosen by their numbers, and their
// list. Where the owner asked for a modality, those of another are none.
func (s *Series) Others() (n int, list string) {
	for _, other := range s.upload.listed {
		if other != s {
			n++
		}
	}
	return n, listing(s.upload.listed, s)
}

// Strays is how many images of this modality belong to series that are too small for a
// volume. They may be slices of this one whose series UID was lost or changed.
func (s *Series) Strays() (n int) {
	for _, other := range s.upload.series {
		switch {
		case other == s || len(other.Slices) >= MinSlices || other.Modality != s.Modality:
		case len(other.Slices) == 0 && other.fault != nil:
			n++ // at least one, which could not be read
		default:
			n += len(other.Slices)
		}
	}
	return n
}

// Coloured is how many images of this series were left out because they are in colour or
// in no scale of gray, such as summaries.
func (s *Series) Coloured() int { return s.coloured }

// Explain adds to a refusal of this series which others there are, so that its
// owner learns how to choose one of them.
func (s *Series) Explain(err error) error {
	fault := (*volume.Error)(nil)
	if !errors.As(err, &fault) {
		return err
	}
	list := listing(s.upload.listed, s)
	if list == "" {
		return err
	}
	more := *fault
	more.Message += fmt.Sprintf(" (this is of the series of %d slices; the upload also holds %s: choose one, for example with %s)",
		len(s.Slices), list, list[:strings.IndexByte(list, ':')])
	return &more
}

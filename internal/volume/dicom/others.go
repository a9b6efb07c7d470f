package dicom

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/archive"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/drop"
	"github.com/iris-oculus/iris/internal/volume/magic"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// shortest is the length of the preamble and magic of a DICOM file. A shorter file
// holds no image.
const shortest = 132

// peekLimit bounds the bytes that are expanded of all archives inside a drop in search
// of slices.
const peekLimit = 64 << 20

// why says what is wrong with a file that could have been a slice.
type why int

const (
	isEmpty why = iota
	isZeros
	isCut
	isDamaged
	isDangling
	isMistaken // of another kind than its name says
	reasons    // how many there are
)

// words name the reasons in a warning, which adds a count to each.
var words = [reasons]string{"empty", "filled with zeros", "cut short", "damaged", "links to files that are not there", "of another kind than their names say"}

// doubtful is a file that is either a lost slice or no slice at all. The endings of
// the names of the slices that were found tell which.
type doubtful struct {
	ending string
	why    why
}

// others are the files of a drop that are no DICOM files. Files that seem to have been
// slices are called lost, and the rest strangers. The scan's owner is told of both.
type others struct {
	endings map[string]bool // of the DICOM files
	doubts  map[doubtful]int
	broken  int // damaged, but certainly DICOM

	strangers        int
	directory        bool // a DICOMDIR under another name
	niftis           int
	packed, unopened int    // archives inside: of slices, and of what is not known
	apart            int    // files with jobs of their own
	volume           string // the name of a scan in another format
	peek             int64  // what may still be expanded to look into archives
}

// noteEnding notes the ending of a DICOM file's name.
func (o *others) noteEnding(ending string) {
	if o.endings == nil {
		o.endings = map[string]bool{}
	}
	o.endings[ending] = true
}

func (o *others) add(ending string, w why) {
	if o.doubts == nil {
		o.doubts = map[doubtful]int{}
	}
	o.doubts[doubtful{ending, w}]++
}

// sort judges a file that is not DICOM by its first bytes, head, which r still holds.
// marked says that they contain a DICOM identifier.
func (o *others) sort(ending string, head []byte, r io.Reader, marked bool) {
	kind := magic.Of(head)
	switch kind.Class {
	case magic.Empty:
		o.add(ending, isEmpty)
		return
	case magic.Zip, magic.Gzip, magic.Tar:
		o.archive(r)
		return
	case magic.Packed:
		// People pack scans as RAR and 7-Zip; the others hold programs as often.
		if strings.Contains(kind.Name, "archive") {
			o.packed++
		} else {
			o.unopened++
		}
		return
	case magic.NIfTI, magic.Pair:
		o.niftis++
	case magic.Volume:
		o.volume = kind.Name
	case magic.Zeros, magic.Unknown:
		switch {
		case len(head) < shortest:
			o.add(ending, isCut)
			return
		case marked:
			o.broken++
			return
		case kind.Class == magic.Zeros:
			o.add(ending, isZeros)
			return
		case magic.Of(head[:shortest]).Class == magic.Zeros:
			o.add(ending, isDamaged) // a preamble, and then not what belongs there
			return
		}
	}
	if ending != "" {
		o.add(ending, isMistaken)
		return
	}
	o.strangers++
}

// archive looks into an archive or a compressed file beside the slices. It counts one
// that holds slices, so that the owner learns of them; one that holds programs, as
// CDs with a viewer do, is a stranger.
func (o *others) archive(r io.Reader) {
	slices, nifti := false, false
	all := archive.Peek(r, &o.peek, func(head []byte) bool {
		slices = isSlice(head)
		nifti = nifti || magic.Of(head).Class == magic.NIfTI
		return !slices
	})
	switch {
	case slices:
		o.packed++
	case nifti:
		o.niftis++
		o.strangers++
	case all:
		o.strangers++
	default:
		o.unopened++
	}
}

// isSlice says whether a file in an archive is DICOM, by its first bytes.
func isSlice(head []byte) bool {
	switch header.Sniff(head) {
	case header.DICOM, header.Damaged:
		return true
	case header.Bare: // many files begin with the same two bytes
		h, _, _ := header.Read(bytes.NewReader(head), int64(len(head)))
		return h != nil && h.SOPClass != ""
	}
	return false
}

// lost counts the files that seem to have been slices, by reason and in all. An empty
// or cut file can be told from a stranger only by its name: it counts when the name
// has an ending of slices in general or of the slices of this drop.
func (o *others) lost() (by [reasons]int, all int) {
	by[isDamaged] = o.broken
	for d, n := range o.doubts {
		alone := len(o.endings) == 0 && d.why != isMistaken
		if alone || o.endings[d.ending] || drop.NamedSlice(d.ending) {
			by[d.why] += n
		}
	}
	for _, n := range by {
		all += n
	}
	return by, all
}

// counted gives the reasons with their counts, in words.
func counted(by [reasons]int) string {
	var parts []string
	for w, n := range by {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", words[w], n))
		}
	}
	return strings.Join(parts, "; ")
}

// nested refuses a drop whose slices may be partly in an archive of their own.
func (o *others) nested() error {
	if o.packed == 0 {
		return nil
	}
	return volume.Reject("nested_archive", "slices lie beside archives or compressed files (%d), which are not opened and may hold the rest of them: unpack those and send all slices together", o.packed)
}

// warnings say what was passed over.
func (o *others) warnings() []nifti.Warning {
	var out []nifti.Warning
	add := func(code, format string, args ...any) {
		out = append(out, nifti.Warning{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	by, lost := o.lost()
	strangers := o.strangers
	for _, n := range o.doubts {
		strangers += n
	}
	if strangers += o.broken - lost; strangers > 0 {
		add("strangers", "files that are no DICOM images were passed over: %d", strangers)
	}
	if lost > 0 {
		add("lost_slices", "files that look like slices could not be read (%s): if they belong to this scan, the volume lacks them; send the whole series again", counted(by))
	}
	if o.unopened > 0 {
		add("archives_inside", "archives inside the upload were not opened: %d; if slices are in them, unpack them and send all slices together", o.unopened)
	}
	if o.apart > 0 {
		add("files_apart", "archives and NIfTI files in the same folder are scans of their own, with jobs of their own: %d", o.apart)
	}
	return out
}

// noImages is the error for a drop without a DICOM file, which says what it holds.
// files is the number of files that are no litter.
func (o *others) noImages(files int) error {
	by, lost := o.lost()
	switch {
	case files == 0:
		return volume.Reject("empty_archive", "the upload holds no files: send a folder or an archive of DICOM files")
	case o.broken > 0:
		return volume.Reject("corrupt_dicom", "the upload holds DICOM data in files that do not begin as DICOM files do: they are damaged; send the original files")
	case o.niftis > 0:
		return volume.Reject("no_image_series", "the upload holds a NIfTI file and no DICOM images: upload the NIfTI file by itself (.nii or .nii.gz)")
	case o.packed+o.unopened > 0:
		return volume.Reject("nested_archive", "the upload holds other archives or compressed files (%d) and no DICOM images: unpack them and upload what is inside", o.packed+o.unopened)
	case o.volume != "":
		return volume.Reject("no_image_series", "the upload holds %s and no DICOM images: convert it to NIfTI (.nii.gz) and upload that by itself, or upload the DICOM images it was made from", o.volume)
	case o.directory:
		return volume.Reject("no_image_series", "the upload holds a DICOMDIR, the list of the files on a CD, and no images: send the whole folder of the CD, or a .zip of it")
	case lost > 0 && lost == files:
		return volume.Reject("no_image_series", "none of the files could be read (%s): they lost their content on the way; send them again", counted(by))
	}
	return volume.Reject("no_image_series", "none of the %d files is a DICOM image: send the folder of the scan as it came from the hospital, or a .zip of it", files)
}

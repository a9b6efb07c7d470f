package drop

import "strings"

// litter lists the files, by whole name in upper case, that operating systems, file
// servers and hospital CDs leave beside the files of people.
var litter = map[string]bool{
	"DICOMDIR": true, "AUTORUN.INF": true, "DESKTOP.INI": true, "THUMBS.DB": true, "EHTHUMBS.DB": true,
	"EHTHUMBS_VISTA.DB": true, "FOLDER.HTT": true, "ICON\r": true, "LOST+FOUND": true, "$RECYCLE.BIN": true,
}

// litterFolders lists the folders, by name in upper case, that hold nothing but litter:
// notes and bins of operating systems and file servers, and stores of version control.
var litterFolders = map[string]bool{
	"__MACOSX": true, "$RECYCLE.BIN": true, "RECYCLER": true, "SYSTEM VOLUME INFORMATION": true, "LOST+FOUND": true,
	"@EADIR": true, "#RECYCLE": true, ".APPLEDOUBLE": true, ".TRASHES": true, ".TRASH": true, ".SPOTLIGHT-V100": true,
	".FSEVENTSD": true, ".TEMPORARYITEMS": true, ".DOCUMENTREVISIONS-V100": true, ".THUMBNAILS": true,
	".GIT": true, ".SVN": true, ".HG": true, ".DATALAD": true, ".IPYNB_CHECKPOINTS": true,
}

// Litter says whether a path inside a drop, or an upload's key, is a file that systems
// and viewers leave there. It is never an image, so nobody is told of it. Intake,
// archives and folders all ask this function.
func Litter(path string) bool {
	path = strings.ReplaceAll(path, `\`, "/")
	folders := strings.Split(path, "/")
	name := strings.ToUpper(plain(folders[len(folders)-1]))
	for _, folder := range folders[:len(folders)-1] {
		if litterFolders[strings.ToUpper(folder)] {
			return true
		}
	}
	switch {
	case name == "" || litter[name]: // a path that ends in "/" is a folder
		return true
	case strings.HasPrefix(name, "._"), strings.HasPrefix(name, "~$"), strings.HasPrefix(name, "README"), strings.HasPrefix(name, "THUMBS.DB:"):
		return true // AppleDouble, locks of Office, manuals, streams of Windows
	}
	// Hidden files are settings, unless one has the ending of a scan.
	return strings.HasPrefix(name, ".") && !NamedSlice(Ending(name)) && !scanEndings[Ending(name)]
}

// plain is a file name without the version that ISO 9660 puts at its end, and without a
// final dot.
func plain(name string) string {
	if at := strings.LastIndexByte(name, ';'); at >= 0 && strings.Trim(name[at+1:], "0123456789") == "" {
		name = name[:at]
	}
	return strings.TrimSuffix(name, ".")
}

// maxEnding is the length of the longest text after a dot that counts as an ending.
const maxEnding = 8

// Ending is the ending of a path's name, in lower case and without its dot. Names of
// slices often have none, or end in a number of an instance or of a UID; both give "".
func Ending(path string) string {
	name := plain(path[strings.LastIndexAny(path, `/\`)+1:])
	at := strings.LastIndexByte(name, '.')
	ending := strings.ToLower(name[at+1:])
	if at <= 0 && !strings.HasPrefix(name, ".") || len(ending) > maxEnding || strings.Trim(ending, "0123456789") == "" {
		return ""
	}
	return ending
}

// sliceEndings are the endings that only slices have.
var sliceEndings = map[string]bool{"dcm": true, "dicom": true, "dic": true, "dc3": true, "dcm30": true, "ima": true, "acr": true}

// scanEndings are the endings of other scans and of archives.
var scanEndings = map[string]bool{"nii": true, "gz": true, "zip": true, "tgz": true, "tar": true}

// NamedSlice says whether an ending is one that only slices have.
func NamedSlice(ending string) bool { return sliceEndings[ending] }

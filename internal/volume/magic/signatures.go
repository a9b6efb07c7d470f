package magic

// signature is what a kind of file begins with, at an offset.
type signature struct {
	begins string
	at     int
	Kind
}

var metaImage = Kind{"a MetaImage file (.mha, .mhd)", Volume}

// signatures of files that are not text, the longer before the shorter.
var signatures = []signature{
	{"Rar!\x1a\x07", 0, Kind{"a RAR archive", Packed}},
	{"7z\xbc\xaf\x27\x1c", 0, Kind{"a 7-Zip archive", Packed}},
	{"BZh", 0, Kind{"a bzip2 file", Packed}},
	{"\xfd7zXZ\x00", 0, Kind{"an xz file", Packed}},
	{"\x28\xb5\x2f\xfd", 0, Kind{"a Zstandard file", Packed}},
	{"\x04\x22\x4d\x18", 0, Kind{"an LZ4 file", Packed}},
	{"LZIP", 0, Kind{"an lzip file", Packed}},
	{"\x5d\x00\x00", 0, Kind{"an LZMA file", Packed}},
	{"\x1f\x9d", 0, Kind{"a file of the old Unix compress program (.Z)", Packed}},
	{"PK\x07\x08", 0, Kind{"one part of a zip archive in several parts", Packed}},
	{"xar!", 0, Kind{"a XAR archive", Packed}},
	{"**ACE**", 7, Kind{"an ACE archive", Packed}},
	{"-lh", 2, Kind{"an LHA archive", Packed}},
	{"070701", 0, Kind{"a cpio archive", Packed}},
	{"070707", 0, Kind{"a cpio archive", Packed}},
	{"!<arch>\n", 0, Kind{"a Unix ar archive", Packed}},
	{"MSCF", 0, Kind{"a Windows cabinet file", Document}},

	{"NRRD0", 0, Kind{"an NRRD volume", Volume}},
	{"\x89HDF\r\n\x1a\n", 0, Kind{"an HDF5 file, as MINC 2 volumes are", Volume}},
	{"CDF\x01", 0, Kind{"a NetCDF file, as MINC 1 volumes are", Volume}},
	{"CDF\x02", 0, Kind{"a NetCDF file", Volume}},
	{"\x00\x00\x00\x01\x00\x00", 0, Kind{"an MGH volume of FreeSurfer", Volume}},
	{"MATRIX7", 0, Kind{"an ECAT 7 volume", Volume}},
	{"\x93NUMPY", 0, Kind{"a NumPy array", Volume}},
	{"MATLAB 5.0", 0, Kind{"a MATLAB file", Volume}},
	{"# vtk DataFile", 0, Kind{"a VTK file", Volume}},

	{"%PDF", 0, Kind{"a PDF document", Document}},
	{"\x89PNG", 0, Kind{"a PNG picture", Document}},
	{"\xff\xd8\xff", 0, Kind{"a JPEG picture", Document}},
	{"\x00\x00\x00\x0cjP  ", 0, Kind{"a JPEG 2000 picture", Document}},
	{"\xff\x4f\xff\x51", 0, Kind{"a JPEG 2000 picture", Document}},
	{"GIF8", 0, Kind{"a GIF picture", Document}},
	{"BM", 0, Kind{"a BMP picture", Document}},
	{"II*\x00", 0, Kind{"a TIFF picture", Document}},
	{"MM\x00*", 0, Kind{"a TIFF picture", Document}},
	{"RIFF", 0, Kind{"a film, a sound or a WebP picture", Document}},
	{"ftyp", 4, Kind{"a film or a HEIC picture", Document}},
	{"glTF", 0, Kind{"a 3D model (.glb)", Document}},
	{"ply\n", 0, Kind{"a 3D model (.ply)", Document}},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, Kind{"an old Office document", Document}},
	{"SQLite format 3\x00", 0, Kind{"an SQLite database", Document}},
	{"\x7fELF", 0, Kind{"a program", Document}},
	{"\xcf\xfa\xed\xfe", 0, Kind{"a program", Document}},
	{"\xca\xfe\xba\xbe", 0, Kind{"a program", Document}},
	{"MZ", 0, Kind{"a Windows program (unpack it first if it is an archive that unpacks itself)", Document}},
	{"\x00\x05\x16\x07", 0, Kind{"an AppleDouble file, which holds what macOS notes about another file", Document}},
	{"\x00\x00\x00\x01Bud1", 0, Kind{"a note of the macOS Finder", Document}},
}

// texts are signatures of files of text, in lower case.
var texts = []signature{
	{"version https://git-lfs.github.com/", 0, Kind{"a Git LFS pointer, not the file itself (run git lfs pull)", Document}},
	{"/annex/objects/", 0, Kind{"a git-annex pointer, not the file itself (run git annex get)", Document}},
	{".git/annex/objects/", 0, Kind{"a git-annex pointer, not the file itself (run git annex get)", Document}},
	{"../.git/annex/objects/", 0, Kind{"a git-annex pointer, not the file itself (run git annex get)", Document}},
	{"nrrd0", 0, Kind{"an NRRD volume", Volume}},
	{"objecttype", 0, metaImage},
	{"# === data description file", 0, Kind{"a Philips PAR header", Volume}},
	{"# vtk datafile", 0, Kind{"a VTK file", Volume}},
	{"<vtkfile", 0, Kind{"a VTK file", Volume}},
	{"<!doctype html", 0, Kind{"a web page (perhaps a message of the site that it was downloaded from)", Document}},
	{"<html", 0, Kind{"a web page (perhaps a message of the site that it was downloaded from)", Document}},
	{"<?xml", 0, Kind{"an XML file", Document}},
	{`{\rtf`, 0, Kind{"a text document (.rtf)", Document}},
	{"{", 0, Kind{"a JSON file", Document}},
	{"solid ", 0, Kind{"a 3D model (.stl)", Document}},
}

"""Why readers disagree: each class, who is right and by which clause, and what we do.

A disagreement that no class explains fails the run. The classes of good scans are narrow,
and none of them lets our voxels differ from the truth without a warning; those of damaged
files say what we do where nobody can say what the file meant.
"""
import collections
import re
import sys
from dataclasses import dataclass
from pathlib import Path

AGREE = ("same", "both refuse")
ALL = "pydicom|itk|suyash|nibabel"


@dataclass
class Class:
    kind: str  # regular expressions, each of the whole
    peer: str
    verdict: str
    ours: str  # ok, with +warnings, or the code of a refusal
    name: str
    right: str
    clause: str
    do: str
    error: str = ".*"  # what the peer says

    def holds(self, r, peer, verdict, ours):
        return (re.fullmatch(self.kind, r["kind"]) and re.fullmatch(self.peer, peer) and re.fullmatch(self.verdict, verdict) and
                re.fullmatch(self.ours, ours) and re.fullmatch(self.error, r["errors"].get(peer, ""), re.S))


NAMED = (r"corrupt_dicom|truncated|bad_pixel_length|corrupt_pixel_data|missing_geometry|bad_geometry|missing_slices|mixed_orientation|mixed_dimensions|"
         r"multiple_volumes|missing_rescale|not_hounsfield|no_ct_series|no_image_series|too_few_slices|unsupported_\w+|too_large|empty_volume|bad_\w+|"
         r"multiple_series|missing_orientation|non_orthogonal_affine|nan_voxels|unrecognized|mixed_units")
BYTES = r"changed/(?:flip-\w+|cut|noise)/.*"
OK = r"ok.*"

CLASSES = [
    # Good scans.
    Class("values/bright-padding", "truth|" + ALL, "voxels", r"ok\+.*padding_removed.*", "padding brighter than bone", "we", "PS3.3 C.7.5.1.1.2: padding is no pixel",
          "it becomes air, with a warning (decision 12); the peers leave 62,512 HU"),
    Class("geometry/(?:tilt|uneven)", "truth|" + ALL, "resampled", r"ok\+.*(?:tilt_corrected|variable_spacing).*", "gantry tilt, uneven slices", "we",
          "PS3.3 C.7.6.2.1.1: each plane lies where its position says", "resampled to a rectangular grid, with a warning, and held to the scanned field; the peers stack the planes as if they were even and straight"),
    Class("geometry/duplicate-slice", ALL, "shape", r"ok\+.*duplicate_slices.*", "a slice twice", "we", "one position and equal pixels are one plane", "once, with a warning; the peers stack it twice"),
    Class("geometry/missing-slice", ALL, "we refuse", "missing_slices", "a slice is missing", "we", "PS3.3 C.7.6.2.1.1", "refused; the peers close the gap, and the patient is shorter"),
    Class("geometry/two-volumes", ALL, "we refuse|both refuse", "multiple_volumes", "two volumes in one series", "we", "one position, two contents", "refused; the peers interleave them"),
    Class("values/modality-lut", ALL, "we refuse", "unsupported_modality_lut", "a Modality LUT", "they", "PS3.3 C.11.1", "refused by name: no scanner of slices writes it"),
    Class("values/monochrome1|changed/photometric", "itk", "voxels", OK, "MONOCHROME1", "we", "PS3.3 C.7.6.3.1.2: how it is shown, not what is stored", "read as it is; GDCM turns the values over"),
    Class("compressed/.*(?:lossy|near|jpeg-8|jpeg-12)", "pydicom|itk", "voxels", r"ok\+.*lossy_compression.*", "a lossy stream beyond the stored bits", "we", "PS3.3 C.7.6.3.1: a sample has Bits Stored bits",
          "cut to the range, where a peer masks (bone becomes air) or goes beyond it"),
    Class(r".*/encapsulated|frames/.*", "pydicom|itk", "they refuse", OK, "encapsulated uncompressed", "we", "PS3.5 A.4.11", "read; the peers do not know the syntax", ".*(?:Unable to decode|0 series).*"),
    Class("frames/.*|" + BYTES, "itk", "geometry|voxels|shape|they refuse", OK, "enhanced multi-frame by GDCM", "we", "PS3.3 C.7.6.16.2.3, C.7.6.16.2.9: place and scale of each frame", "each frame by its own place and scale; GDCM takes the file's order and the first frame's"),
    Class("compressed/j2k-lossy", "pydicom|itk", "we refuse", "empty_volume", "a lossy stream of one value", "we", "there is nothing to segment", "refused"),
    Class("values/monochrome1|changed/photometric", "itk", "they refuse", OK, "MONOCHROME1", "we", "PS3.3 C.7.6.3.1.2: how it is shown, not what is stored", "read as it is; GDCM turns the values over, or stops", ".*(?:gdcm|GDCM).*"),
    Class(".*", "suyash", "they refuse", OK, "suyashkumar/dicom reads no compressed frames", "we", "PS3.5 A.4", "read", ".*(?:compressed|nil pointer|not read here|stack: positions|index out of range).*"),
    Class(".*", "itk|suyash", "they refuse", OK, "a peer that hangs or crashes", "we", "every file gets an answer", "read", "hangs|crash"),
    # Good NIfTI files.
    Class("nifti/unit-.*|nifti-changed/.*", "nibabel", "geometry", OK, "metres, micrometres", "we", "nifti1.h, xyzt_units", "made millimetres; nibabel leaves the unit to its caller"),
    Class("nifti.*", "itk", "voxels", OK, "an intercept without a slope", "we", "nifti1.h: scl_slope 0 is no scaling", "not scaled, as nibabel; ITK adds scl_inter"),
    Class("nifti.*", "itk", "they refuse", OK, "NIfTI-2, some orientations", "we", "nifti2.h", "read, as nibabel; this ITK does not", ".*(?:ImageIO|ITK|Exception).*"),
    Class("nifti.*", "itk", "shape|geometry", r"ok\+.*(?:orientation_mismatch|spacing_mismatch).*|ok\+?.*", "sform and qform differ", "nobody", "nifti1.h leaves the choice to the program", "the sform where it has a code, as nibabel, with a warning when they disagree about directions or spacing; ITK takes the qform"),
    Class("nifti/sheared|nifti-changed/.*", ALL, "we refuse", "non_orthogonal_affine", "a sheared affine", "we", "a volume of ours is a rectangular grid", "refused; nibabel passes the shear on, ITK drops it"),
    Class("nifti/no-place|nifti-changed/.*", ALL, "we refuse", "missing_orientation", "no place", "we", "nifti1.h method 1: the file says nothing of left and right", "refused; the peers guess"),
    Class("nifti/value-.*|nifti-changed/.*", ALL, "we refuse", "nan_voxels", "voxels that are no numbers", "we", "IEEE 754", "refused; the peers pass them on"),
    Class("nifti/value-.*|nifti-changed/.*", "truth|" + ALL, "we refuse", "not_hounsfield|empty_volume", "values that whole numbers would lose", "we", "int16 holds no 1e30 and no 0.001", "refused"),
    Class("nifti/other-datatype", ALL, "we refuse", "unsupported_datatype|bad_header|truncated", "colour, complex, bits, long double", "we", "nifti1.h DT_*", "refused: no scan"),
    Class("nifti/4d-series|nifti-changed/.*", ALL, "we refuse", "multiple_volumes", "several volumes", "we", "one job is one volume", "refused"),
    Class("nifti-changed/gzip-.*|nifti-changed/cut", ALL, "we refuse", "bad_gzip|truncated|unrecognized|bad_magic|bad_header", "damaged gzip", "we", "RFC 1952 §2.3.1: CRC-32 and length", "refused; nibabel stops reading before the checksum"),
    Class("nifti-changed/(?:gzip-)?tail", ALL, "they refuse|voxels", r"ok\+.*trailing_bytes.*", "bytes after the file", "nobody", "RFC 1952 §2.2: members follow each other", "read, with a warning"),
    Class("nifti-changed/(?:flip-header|field-[qs]form_code)", "nibabel", "shape|geometry", OK, "a form code beyond the five", "we", "nifti1.h: qform_code > 0, sform_code > 0", "a code above 0 places the scan; nibabel takes one that it does not know for 0"),
    Class("nifti-changed/.*", ALL, "they refuse", OK, "a header that nibabel does not take", "nobody", "the field is not needed for a volume", "read; what is doubtful is warned of"),
    Class("nifti-changed/.*", ALL, "we refuse", NAMED, "a header that contradicts itself", "we", "nifti1.h, the field's range", "refused by the field's name; a peer goes on with what it makes of it"),
    # Changed DICOM files.
    Class("changed/(?:late|again)", ALL, "voxels|geometry|shape|we refuse|they refuse", r"ok.*|" + NAMED, "elements after the pixels", "we", "PS3.5 §7.1: in ascending order, each once",
          "not read, as GDCM; what is missing then is refused or warned of. pydicom takes the last of two"),
    Class("changed/twice", ALL, "voxels|geometry|shape|we refuse|they refuse", r"ok.*|" + NAMED, "an element twice", "nobody", "PS3.5 §7.1: each once", "refused if the values differ and places or values would; pydicom takes the last, GDCM and suyashkumar/dicom the first"),
    Class("changed/scale", "pydicom|suyash", "voxels", r"ok\+.*(?:missing_rescale|not_hounsfield).*", "a rescale slope of 0", "nobody", "PS3.3 C.11.1.1.2 does not forbid it", "taken for none, as GDCM, with a warning; pydicom makes every voxel the intercept"),
    Class("changed/scale", ALL, "voxels", r"ok\+.*(?:saturated|not_hounsfield|uneven_scale).*", "a scale beyond all", "nobody", "PS3.3 C.11.1.1.2", "cut to int16, with a warning"),
    Class("changed/(?:drop|empty)", ALL, "voxels", r"ok\+.*missing_rescale.*", "no slope or no intercept", "nobody", "PS3.3 C.11.1: type 1 in a CT", "the stored values, with a warning; a peer takes the half that is there"),
    Class("changed/.*", ALL, "resampled", r"ok\+.*(?:tilt_corrected|variable_spacing).*", "a position that was changed", "nobody", "no checksum in DICOM", "as if the table had moved: resampled, with a warning"),
    Class("changed/preamble", "truth|" + ALL, "shape", r"ok\+.*lost_slices.*", "no DICM in the last slice", "we", "PS3.10 §7.1", "left out, with a warning"),
    Class("changed/photometric", ALL, "shape|voxels", r"ok\+.*(?:pictures_left_out).*", "one image says that it is in colour", "nobody", "PS3.3 C.7.6.3.1.2", "left out, with a warning; a peer takes it for gray or stops"),
    Class("changed/.*", ALL, "shape|geometry", r"ok\+.*(?:other_series|lost_slices|pictures_left_out|localizers_left_out|missing_rescale).*", "an image that left its series", "nobody", "PS3.3 C.7.3.1: the series UID makes the series", "left out, with a warning"),
    Class("changed/.*", "itk", "shape|geometry|voxels", OK, "GDCM passes over a file in silence, or reads a number by its prefix", "we", "no slice is dropped in silence", "every file is read or the scan refused"),
    Class("changed/(?:odd|tail|nested|unknown|icon|extras|preamble)", ALL, "they refuse", OK, "what every reader should bear", "we", "PS3.5 §7.1, §6.2.2, §7.5; PS3.10 §7.1", "read, and right by the truth"),
    Class("changed/preamble", "truth|" + ALL, "we refuse|they refuse", NAMED, "no DICM", "we", "PS3.10 §7.1", "refused where nothing else tells that it is DICOM"),
    Class("changed/(?:vr|strange|bare|binary|value|notation|multiplicity|meta|drop|empty|photometric|frames|lie|length|shuffle|scale)", ALL, "they refuse", OK,
          "a fault in what another reader, or one attribute of ours, does without", "nobody", "PS3.5 §6.2, §7.1", "read as the bytes allow one way only; what changes values or places is refused or warned of"),
    Class(BYTES, ALL, "they refuse", OK, "damage where no volume needs the bytes", "nobody", "a few dozen attributes make a volume", "read; the peers read every element of the file"),
    Class(BYTES, ALL, "voxels|geometry|shape", r"ok\+.+", "damage that shows", "nobody", "no checksum in DICOM", "read, with a warning"),
    Class("changed/.*", ALL, "we refuse", NAMED, "damage that a peer does not see", "we", "PS3.5 §7, PS3.3 C.7.6.3, type 1 attributes", "refused by name; the peer takes a default, half of a value, or leaves the file out"),
]


def outcome(r) -> str:
    return "ok" + ("+" + ",".join(r["warnings"]) if r["warnings"] else "") if r["ours"] == "ok" else r["ours"]


def explain(r):
    """(class or None, peer, verdict) of every disagreement of a case."""
    for peer, verdict in r["verdicts"].items():
        if verdict in AGREE:
            continue
        yield next((c for c in CLASSES if c.holds(r, peer, verdict, outcome(r))), None), peer, verdict


def report(results, docs=None) -> int:
    counts, who, unexplained = collections.Counter(), collections.defaultdict(collections.Counter), []
    verdicts = collections.defaultdict(collections.Counter)
    for r in results:
        if re.match("crash|hangs|judge", r["ours"]):
            unexplained.append((r, "-", r["ours"]))
        for peer, v in r["verdicts"].items():
            verdicts[peer][v] += 1
        for c, peer, v in explain(r):
            if c is None:
                unexplained.append((r, peer, v))
                continue
            counts[CLASSES.index(c)] += 1
            who[CLASSES.index(c)][peer] += 1
    table = ["| class | count | with | right | by | we |", "|---|---|---|---|---|---|"]
    for n, c in enumerate(CLASSES):
        if counts[n]:
            table.append(f"| {c.name} | {counts[n]} | {', '.join(f'{p} {k}' for p, k in sorted(who[n].items()))} | {c.right} | {c.clause} | {c.do} |")
    order = ["same", "resampled", "both refuse", "we refuse", "they refuse", "voxels", "geometry", "shape"]
    summary = ["| beside | " + " | ".join(order) + " |", "|---" * (len(order) + 1) + "|"]
    for peer in ("truth", "pydicom", "nibabel", "itk", "suyash"):
        if verdicts[peer]:
            summary.append(f"| {peer} | " + " | ".join(str(verdicts[peer][v]) for v in order) + " |")
    read = sum(r["ours"] == "ok" for r in results)
    text = "\n".join([f"{len(results):,} cases: {read:,} read, {len(results) - read:,} refused by name, {sum(counts.values()):,} disagreements, {len(unexplained)} unexplained.", "", *summary, "", *table])
    print(text)
    for r, peer, v in unexplained:
        print("UNEXPLAINED", r["case"], r["kind"], r["note"], r["files"], outcome(r), "|", peer, v, "|", r["errors"].get(peer, "")[:150].replace("\n", " "))
    if docs and not unexplained:
        path, begin, end = Path(docs), "<!-- differential: written by make differential -->", "<!-- /differential -->"
        page = path.read_text()
        before, rest = page.split(begin)
        path.write_text(before + begin + "\n" + text + "\n" + end + rest.split(end)[1])
    return len(unexplained) > 0


if __name__ == "__main__":  # of verdicts that were kept: answers.py FILE.json …
    import json
    sys.exit(report([json.loads(line) for f in sys.argv[1:] for line in Path(f).read_text().splitlines()]))

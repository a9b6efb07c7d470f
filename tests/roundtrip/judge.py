"""DICOM objects that iris writes, read by programs that are not ours.

    python tests/roundtrip/judge.py bin/iris [--keep FOLDER]

Makes DICOM series of every geometry (sources.py) and label maps on the volumes that iris
prepares of them, has iris write DICOM objects of both, and reads these with highdicom,
pydicom, dcmqi and SimpleITK: each must give, on the source's frames, the labels that an
independent resampling gives, voxel for voxel. Structure sets are read with plastimatch and
dcmrtstruct2nii, and must give Dice of 0.99 at least. dciodvfy must find no error in any file.
Ends with 1 if anything differs.
"""

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
import SimpleITK as sitk

import sources

DATE = "2026-12-01T10:30:00Z"
TABLES = Path(__file__).parents[2] / "containers/totalsegmentator/iris_totalsegmentator/tables.json"


def run(*command: object) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class Source:
    """The frames of a series, in order along the stack."""

    def __init__(self, folder: Path):
        self.frames = []  # position, instance, frame number
        for file in sorted(folder.iterdir()):
            d = pydicom.dcmread(file)
            self.rows, self.columns, self.head = d.Rows, d.Columns, d
            if "NumberOfFrames" in d:
                shared = d.SharedFunctionalGroupsSequence[0]
                self.orientation = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
                self.spacing = np.array(shared.PixelMeasuresSequence[0].PixelSpacing, float)
                for n, group in enumerate(d.PerFrameFunctionalGroupsSequence):
                    self.frames.append((np.array(group.PlanePositionSequence[0].ImagePositionPatient, float), d.SOPInstanceUID, n + 1))
            else:
                self.orientation, self.spacing = np.array(d.ImageOrientationPatient, float), np.array(d.PixelSpacing, float)
                self.frames.append((np.array(d.ImagePositionPatient, float), d.SOPInstanceUID, 0))
        normal = np.cross(self.orientation[:3], self.orientation[3:])
        self.frames.sort(key=lambda f: f[0] @ normal)
        self.normal = normal
        steps = np.diff([f[0] for f in self.frames], axis=0)
        self.uneven = np.ptp(steps @ normal) > 0.01
        self.sheared = np.abs(np.cross(steps[0], normal)).max() > 0.01

    def points(self, position: np.ndarray) -> np.ndarray:
        """RAS mm of every pixel's centre, rows × columns × 3."""
        r, c = np.indices((self.rows, self.columns))
        lps = position + c[..., None] * self.orientation[:3] * self.spacing[1] + r[..., None] * self.orientation[3:] * self.spacing[0]
        return lps * (-1, -1, 1)

    def labels(self, image: nibabel.Nifti1Image) -> np.ndarray:
        """The label in whose voxel each pixel's centre lies: frames × rows × columns."""
        voxels, inverse = np.asarray(image.dataobj), np.linalg.inv(image.affine)
        out = np.zeros((len(self.frames), self.rows, self.columns), voxels.dtype)
        for k, (position, _, _) in enumerate(self.frames):
            index = np.rint(self.points(position) @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
            inside = np.all((index >= 0) & (index < voxels.shape), axis=-1)
            out[k][inside] = voxels[tuple(index[inside].T)]
        return out

    def place(self, position: np.ndarray) -> int:
        off = [np.linalg.norm(p - position) for p, _, _ in self.frames]
        assert min(off) < 1e-4, "a frame lies where the source has none"
        return int(np.argmin(off))


def names_of(table: list[dict]) -> dict[str, int]:
    return {entry["name"]: entry["id"] for entry in table}


def by_pydicom(file: Path, source: Source, table: list[dict]) -> np.ndarray:
    d = pydicom.dcmread(file)
    names = names_of(table)
    number = {s.SegmentNumber: names[s.SegmentLabel] for s in d.SegmentSequence}
    frames = d.pixel_array.reshape(-1, d.Rows, d.Columns)
    out = np.zeros((len(source.frames), d.Rows, d.Columns), np.int32)
    for frame, group in zip(frames, d.PerFrameFunctionalGroupsSequence, strict=True):
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        k = source.place(position)
        image = group.DerivationImageSequence[0].SourceImageSequence[0]
        assert image.ReferencedSOPInstanceUID == source.frames[k][1], "a frame refers to another image"
        assert image.get("ReferencedFrameNumber", 0) == source.frames[k][2], "a frame refers to another frame"
        assert frame.any(), "a frame is empty"
        if d.SegmentationType == "LABELMAP":
            out[k] = frame
        else:
            label = number[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
            assert not (out[k][frame > 0]).any(), "segments overlap"
            out[k][frame > 0] = label
    return out


def by_highdicom(file: Path, source: Source, table: list[dict]) -> np.ndarray:
    seg = highdicom.seg.segread(file)
    names = names_of(table)
    if source.frames[0][2]:
        pixels = seg.get_pixels_by_source_frame(
            source.frames[0][1], [f[2] for f in source.frames], combine_segments=True, ignore_spatial_locations=False, assert_missing_frames_are_empty=True
        )
    else:
        pixels = seg.get_pixels_by_source_instance([f[1] for f in source.frames], combine_segments=True, assert_missing_frames_are_empty=True)
    lut = np.zeros(max(seg.segment_numbers) + 1, np.int32)
    for n in seg.segment_numbers:
        lut[n] = names[seg.get_segment_description(n).segment_label]
    return lut[pixels]


def by_sitk(file: Path, source: Source, table: list[dict]) -> np.ndarray:
    """SimpleITK gives a segmentation as a pile of frames; what they are, the header says.
    GDCM beneath it leaves the pixels of a last byte that is not full as they are in memory
    (1 to 7 of the last frame): they are taken from pydicom."""
    d = pydicom.dcmread(file, stop_before_pixels=True)
    names = names_of(table)
    number = {s.SegmentNumber: names[s.SegmentLabel] for s in d.SegmentSequence}
    frames = sitk.GetArrayFromImage(sitk.ReadImage(str(file)))
    frames = frames.reshape(-1, d.Rows, d.Columns)
    if left := frames.size % 8:
        frames.reshape(-1)[-left:] = pydicom.dcmread(file).pixel_array.reshape(-1)[-left:]
    out = np.zeros((len(source.frames), d.Rows, d.Columns), np.int32)
    for frame, group in zip(frames, d.PerFrameFunctionalGroupsSequence, strict=True):
        k = source.place(np.array(group.PlanePositionSequence[0].ImagePositionPatient, float))
        out[k][frame > 0] = number[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
    return out


def by_dcmqi(file: Path, source: Source, table: list[dict], scratch: Path) -> np.ndarray:
    """dcmqi writes an image a segment, on the segmentation's own grid: it is asked at
    every pixel of the source."""
    folder = scratch / f"{file.stem}.dcmqi"
    folder.mkdir()
    run(Path(sys.executable).parent / "segimage2itkimage", "--inputDICOM", file, "--outputDirectory", folder, "--outputType", "nii")
    names = names_of(table)
    number = {s.SegmentNumber: names[s.SegmentLabel] for s in pydicom.dcmread(file, stop_before_pixels=True).SegmentSequence}
    out = np.zeros((len(source.frames), source.rows, source.columns), np.int32)
    for image in folder.glob("*.nii.gz"):
        label = number[int(image.name.split(".")[0].split("-")[-1])]
        loaded = nibabel.load(image)
        if source.sheared:  # an image of dcmqi has no shear: its planes are the frames, in order
            planes = np.asarray(loaded.dataobj).transpose(2, 1, 0)
            first = (np.array([-1, -1, 1]) * loaded.affine[:3, 3] - source.frames[0][0]) @ source.normal
            start = int(np.rint(first / ((source.frames[1][0] - source.frames[0][0]) @ source.normal)))
            out[start : start + len(planes)][planes > 0] = label
        else:
            out[source.labels(loaded) > 0] = label
    return out


def by_even_odd(file: Path, source: Source, table: list[dict]) -> np.ndarray:
    """Contours filled by the even-odd rule on the frames that they lie on."""
    d = pydicom.dcmread(file)
    names = names_of(table)
    number = {r.ROINumber: names[r.ROIName] for r in d.StructureSetROISequence}
    out = np.zeros((len(source.frames), source.rows, source.columns), np.int32)
    down, across = source.orientation[3:], source.orientation[:3]
    r, c = np.indices((source.rows, source.columns))
    r = r + 1e-7
    for region in d.ROIContourSequence:
        for contour in region.ContourSequence:
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            image = contour.ContourImageSequence[0]
            k = next(
                i for i, f in enumerate(source.frames) if f[1] == image.ReferencedSOPInstanceUID and f[2] == image.get("ReferencedFrameNumber", 0)
            )
            off = points - source.frames[k][0]
            assert np.abs(off @ source.normal).max() < 1e-3, "a contour lies beside its frame"
            y, x = off @ down / source.spacing[0], off @ across / source.spacing[1]
            inside = np.zeros(r.shape, bool)
            for y0, x0, y1, x1 in zip(y, x, np.roll(y, -1), np.roll(x, -1), strict=True):
                if abs(y1 - y0) > 1e-6:
                    inside ^= ((y0 > r) != (y1 > r)) & (c < x0 + (r - y0) / (y1 - y0) * (x1 - x0))
            out[k][inside] = number[region.ReferencedROINumber]
    return out


def by_masks(folder: Path, source: Source, table: list[dict], prefix: str = "") -> np.ndarray:
    out = np.zeros((len(source.frames), source.rows, source.columns), np.int32)
    for name, label in names_of(table).items():
        image = folder / f"{prefix}{name}.nii.gz"
        if image.exists():
            out[source.labels(nibabel.load(image)) > 0] = label
    return out


def by_plastimatch(file: Path, source: Source, table: list[dict], folder: Path, scratch: Path) -> np.ndarray:
    out = scratch / f"{file.stem}.plastimatch"
    run("plastimatch", "convert", "--input", file, "--referenced-ct", folder, "--output-prefix", out, "--prefix-format", "nii.gz")
    return by_masks(out, source, table)


def by_dcmrtstruct2nii(file: Path, source: Source, table: list[dict], folder: Path, scratch: Path) -> np.ndarray:
    pydicom.read_file = pydicom.dcmread  # which it still calls by its old name
    from dcmrtstruct2nii import dcmrtstruct2nii

    out = scratch / f"{file.stem}.dcmrtstruct2nii"
    with contextlib.redirect_stdout(io.StringIO()):
        dcmrtstruct2nii(str(file), str(folder), str(out), mask_foreground_value=1, convert_original_dicom=False)
    return by_masks(out, source, table, "mask_")


THIN = 30  # voxels: of fewer, one decides over a hundredth of Dice


def dice(got: np.ndarray, want: np.ndarray) -> tuple[float, float, int]:
    """The least Dice of structures, of thin ones, and how many of these there are."""
    thick, thin = [1.0], [1.0]
    for label in np.unique(want[want > 0]):
        a, b = got == label, want == label
        (thin if b.sum() < THIN else thick).append(2 * (a & b).sum() / (a.sum() + b.sum()))
    return min(thick), min(thin), len(thin) - 1


def errors(file: Path) -> list[str]:
    done = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, errors="replace", check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith("Error") or "rror -" in line] + ([] if lines else ["dciodvfy says nothing"])


def tables() -> dict[str, list[dict]]:
    tasks = json.loads(TABLES.read_text())["tasks"]
    return {name: (task if isinstance(task, list) else task["labels"]) for name, task in tasks.items()}


class Judge:
    def __init__(self, iris: Path, scratch: Path):
        self.iris, self.scratch, self.failures, self.rows = iris, scratch, 0, []

    def verdict(self, case: str, judge: str, good: bool, note: str = "") -> None:
        self.failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {case:24} {judge:12} {note}", flush=True)

    def case(self, name: str, folder: Path, count: int) -> None:
        case = f"{name}-{count}"
        volume, labels = self.scratch / f"{case}.nii.gz", self.scratch / f"{case}.labels.nii.gz"
        run(self.iris, "prepare", folder, volume)
        sources.labels(volume, labels, count)
        table = [{k: e[k] for k in ("id", "name", "color", "snomed", "name_en") if k in e} for e in tables()["total"][:count]]
        labels.with_suffix("").with_suffix(".json").write_text(json.dumps(table))
        source = Source(folder)
        want = source.labels(nibabel.load(labels))
        for kind in ("seg", "labelmap"):
            file = self.scratch / f"{case}.{kind}.dcm"
            run(self.iris, "dicom", labels, folder, file, "--as", kind, "--date", DATE)
            again = self.scratch / "again.dcm"
            run(self.iris, "dicom", labels, folder, again, "--as", kind, "--date", DATE)
            self.verdict(f"{case}.{kind}", "twice", file.read_bytes() == again.read_bytes(), f"{file.stat().st_size} bytes")
            readers = {"pydicom": by_pydicom, "highdicom": by_highdicom}
            if kind == "seg":
                readers |= {"SimpleITK": by_sitk}
                if source.uneven:  # an image of dcmqi has equal gaps
                    print(f"  -  {case}.{kind}: dcmqi has no form for slices of uneven gaps")
                else:
                    readers["dcmqi"] = lambda *a: by_dcmqi(*a, self.scratch)
                bad = errors(file)
                self.verdict(f"{case}.{kind}", "dciodvfy", not bad, " | ".join(bad[:3]))
            for reader, read in readers.items():
                got = read(file, source, table)
                off = int((got != want).sum())
                self.verdict(f"{case}.{kind}", reader, off == 0 and want.any(), f"{off} of {want.size} voxels differ, {len(np.unique(want)) - 1} labels")
            self.identity(f"{case}.{kind}", file, source, table)
        self.structures(case, folder, labels, source, table, want)

    def structures(self, case: str, folder: Path, labels: Path, source: Source, table: list[dict], want: np.ndarray) -> None:
        """The structure set, by Dice of each structure; a tilted source and a multi-frame
        one have no grid that plastimatch and dcmrtstruct2nii know."""
        file = self.scratch / f"{case}.rtstruct.dcm"
        run(self.iris, "dicom", labels, folder, file, "--as", "rtstruct", "--date", DATE)
        bad = errors(file)
        self.verdict(f"{case}.rtstruct", "dciodvfy", not bad, " | ".join(bad[:3]))
        got = by_even_odd(file, source, table)
        self.verdict(f"{case}.rtstruct", "even-odd", bool((got == want).all()), f"{int((got != want).sum())} of {want.size} voxels differ")
        if source.sheared or source.uneven or source.frames[0][2]:
            return
        for reader, read in {"plastimatch": by_plastimatch, "dcmrtstruct2nii": by_dcmrtstruct2nii}.items():
            thick, thin, count = dice(read(file, source, table, folder, self.scratch), want)
            self.verdict(f"{case}.rtstruct", reader, thick >= 0.99, f"Dice at least {thick:.4f}; of {count} of fewer than {THIN} voxels {thin:.4f}")

    def identity(self, case: str, file: Path, source: Source, table: list[dict]) -> None:
        """The object has its source's patient, study and frame of reference, and its
        segments the codes and colours of the table."""
        d, head = pydicom.dcmread(file, stop_before_pixels=True), source.head
        shared = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber",
                  "ReferringPhysicianName", "StudyID", "StudyDescription", "FrameOfReferenceUID", "PatientAge", "PatientWeight")  # fmt: skip
        off = [tag for tag in shared if d.get(tag) != head.get(tag)]
        self.verdict(case, "identity", not off and d.SeriesInstanceUID != head.SeriesInstanceUID, " ".join(off))
        wrong = []
        for s in d.SegmentSequence:
            entry = next(e for e in table if e["name"] == s.SegmentLabel)
            rgb = highdicom.color.CIELabColor.from_dicom_value(s.RecommendedDisplayCIELabValue).to_rgb()
            want = [int(entry["color"][i : i + 2], 16) for i in (1, 3, 5)]
            side = s.SegmentedPropertyTypeCodeSequence[0].get("SegmentedPropertyTypeModifierCodeSequence")
            if max(abs(a - b) for a, b in zip(rgb, want, strict=True)) > 1:
                wrong.append(f"{s.SegmentLabel}: colour {rgb}, want {want}")
            if s.SegmentedPropertyTypeCodeSequence[0].CodingSchemeDesignator != "SCT" or s.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Tissue":
                wrong.append(f"{s.SegmentLabel}: no code")
            if s.SegmentLabel.startswith("kidney_") and "cyst" not in s.SegmentLabel and (not side or side[0].CodeMeaning.lower() not in s.SegmentLabel):
                wrong.append(f"{s.SegmentLabel}: no side")
        self.verdict(case, "terms", not wrong, " | ".join(wrong[:3]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("iris", type=Path)
    parser.add_argument("--keep", type=Path, help="leave the files in this folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = args.keep or Path(temporary)
        scratch.mkdir(exist_ok=True)
        sources.build(scratch / "sources")
        judge = Judge(args.iris.resolve(), scratch)
        for folder in sorted((scratch / "sources").iterdir()):
            judge.case(folder.name, folder, 7)
        judge.case("axial", scratch / "sources" / "axial", 1)
        judge.case("axial", scratch / "sources" / "axial", 117)
    print(f"{judge.failures} failures")
    sys.exit(judge.failures > 0)


if __name__ == "__main__":
    main()

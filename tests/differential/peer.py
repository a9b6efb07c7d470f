"""A reader of others as a process: `peer.py pydicom|itk|nibabel`.

In: a line of JSON, the paths of a scan's files, or one folder of them for ITK. Out: a
line of JSON: {"shape", "affine" (RAS mm), "values" (base64 of float64)} or {"error"}.
"""
import base64
import json
import os
import sys
import warnings

import numpy as np


def volume(slices):
    """Slices (position, orientation, spacing, values) → voxels and affine, as careful users
    of a library stack them: by position along the normal."""
    if len({tuple(np.round(s[1], 4)) for s in slices}) > 1 or len({s[3].shape for s in slices}) > 1 or len({tuple(np.round(s[2], 4)) for s in slices}) > 1:
        raise ValueError("stack: slices differ in orientation, spacing or size")
    row, col = np.array(slices[0][1][:3]), np.array(slices[0][1][3:])
    normal = np.cross(row, col)
    slices = sorted(slices, key=lambda s: float(np.dot(s[0], normal)))
    if len(slices) < 2:
        raise ValueError("stack: one slice")
    a = np.eye(4)
    first, last = np.array(slices[0][0]), np.array(slices[-1][0])
    a[:3, 0], a[:3, 1] = row * slices[0][2][1], col * slices[0][2][0]
    a[:3, 2], a[:3, 3] = (last - first) / (len(slices) - 1), first
    if not np.isfinite(a).all() or np.linalg.norm(a[:3, 2]) == 0:
        raise ValueError("stack: positions")
    return np.stack([s[3].T for s in slices], -1), np.diag([-1, -1, 1, 1]) @ a


def by_pydicom(files):
    from pydicom import dcmread
    from pydicom.pixels import apply_modality_lut
    slices, series = [], set()
    for f in files:
        ds = dcmread(f)
        series.add(str(ds.get("SeriesInstanceUID", "")))
        frames = ds.pixel_array
        n = int(ds.get("NumberOfFrames", 1) or 1)
        frames = frames if frames.ndim == 3 else frames[None]
        if ds.get("SamplesPerPixel", 1) != 1:
            raise ValueError("colour")
        if "PerFrameFunctionalGroupsSequence" not in ds:
            values = apply_modality_lut(frames, ds).astype(float)
            position = np.array([float(x) for x in ds.ImagePositionPatient])
            orientation = [float(x) for x in ds.ImageOrientationPatient]
            normal = np.cross(orientation[:3], orientation[3:])
            for k in range(n):
                slices.append((position + (k * float(ds.SpacingBetweenSlices) * normal if k else 0), orientation, [float(x) for x in ds.PixelSpacing], values[k]))
            continue
        shared = ds.SharedFunctionalGroupsSequence[0]
        for k, g in enumerate(ds.PerFrameFunctionalGroupsSequence):
            def of(name):
                return (g if name in g else shared)[name][0]
            t = of("PixelValueTransformationSequence")
            slices.append(([float(x) for x in of("PlanePositionSequence").ImagePositionPatient],
                           [float(x) for x in of("PlaneOrientationSequence").ImageOrientationPatient],
                           [float(x) for x in of("PixelMeasuresSequence").PixelSpacing],
                           frames[k] * float(t.RescaleSlope) + float(t.RescaleIntercept)))
    if len(series) > 1:
        raise ValueError("stack: several series")
    return volume(slices)


def by_itk(files):
    import SimpleITK as sitk
    sitk.ProcessObject_SetGlobalWarningDisplay(False)
    if len(files) > 1:
        folder = os.path.dirname(files[0])
        ids = sitk.ImageSeriesReader.GetGDCMSeriesIDs(folder)
        if len(ids) != 1:
            raise ValueError(f"stack: {len(ids)} series")
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder, ids[0]))
        reader.SetOutputPixelType(sitk.sitkFloat64)
        image = reader.Execute()
    else:
        image = sitk.ReadImage(files[0])
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise ValueError("colour")
    values = sitk.GetArrayFromImage(image).astype(float).T
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise ValueError(f"{values.ndim} dimensions")
    a = np.eye(4)
    a[:3, :3] = np.array(image.GetDirection()).reshape(image.GetDimension(), -1)[:3, :3] * np.array(image.GetSpacing())[:3]
    a[:3, 3] = image.GetOrigin()[:3]
    return values, np.diag([-1, -1, 1, 1]) @ a


def by_nibabel(files):
    import nibabel
    image = nibabel.load(files[0])
    values = np.asanyarray(image.dataobj)
    if values.dtype.fields or np.iscomplexobj(values):
        raise ValueError(f"values of {values.dtype}")
    values = values.astype(float)
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise ValueError(f"{values.ndim} dimensions")
    return values, image.affine


def answer(read, files):
    values, affine = read(files)
    return {"shape": values.shape, "affine": np.asarray(affine, float).ravel().tolist(),
            "values": base64.b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode()}


def main():
    warnings.simplefilter("ignore")
    read = {"pydicom": by_pydicom, "itk": by_itk, "nibabel": by_nibabel}[sys.argv[1]]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what C code prints is no answer
    for line in sys.stdin:
        try:
            a = answer(read, json.loads(line))
        except Exception as e:  # any refusal of the library is its answer
            a = {"error": f"{type(e).__name__}: {e}"[:300]}
        out.write(json.dumps(a) + "\n")
        out.flush()


if __name__ == "__main__":
    main()

"""NIfTI files of a known content, and what is done to them."""
import gzip
import struct

import numpy as np

from damage import pick
from scans import Scan, Truth, smooth

KINDS = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
OTHER = {128: 3, 32: 8, 2304: 4, 1: 1, 0: 1, 1792: 16, 17: 2}  # bytes a voxel of what is refused

FIELDS1 = [("sizeof_hdr", "i"), ("data_type", "10s"), ("db_name", "18s"), ("extents", "i"), ("session_error", "h"), ("regular", "c"),
           ("dim_info", "B"), ("dim", "8h"), ("intent", "3f"), ("intent_code", "h"), ("datatype", "h"), ("bitpix", "h"), ("slice_start", "h"),
           ("pixdim", "8f"), ("vox_offset", "f"), ("scl_slope", "f"), ("scl_inter", "f"), ("slice_end", "h"), ("slice_code", "B"), ("xyzt_units", "B"),
           ("cal", "4f"), ("glmax", "2i"), ("descrip", "80s"), ("aux_file", "24s"), ("qform_code", "h"), ("sform_code", "h"), ("quatern", "3f"),
           ("qoffset", "3f"), ("srow", "12f"), ("intent_name", "16s"), ("magic", "4s")]
FIELDS2 = [("sizeof_hdr", "i"), ("magic", "8s"), ("datatype", "h"), ("bitpix", "h"), ("dim", "8q"), ("intent", "3d"), ("pixdim", "8d"), ("vox_offset", "q"),
           ("scl_slope", "d"), ("scl_inter", "d"), ("cal", "4d"), ("slice_start", "2q"), ("descrip", "80s"), ("aux_file", "24s"), ("qform_code", "i"),
           ("sform_code", "i"), ("quatern", "3d"), ("qoffset", "3d"), ("srow", "12d"), ("slice_code", "i"), ("xyzt_units", "i"), ("intent_code", "i"),
           ("intent_name", "16s"), ("dim_info", "B"), ("unused", "15s")]


def header(h: dict, version: int, order: str) -> bytes:
    out = b""
    for name, form in FIELDS1 if version == 1 else FIELDS2:
        v = h.get(name, b"" if form[-1] in "sc" else [0] * int(form[:-1]) if len(form) > 1 else 0)
        if form == "c":
            v = b"r"
        v = np.atleast_1d(v).tolist() if form[-1] not in "sc" else [v]
        out += struct.pack(order + form, *v)
    return out


def quaternion(r: np.ndarray):
    """b, c, d and qfac of a rotation, perhaps with a reflection."""
    qfac = 1.0
    if np.linalg.det(r) < 0:
        r, qfac = r * [1, 1, -1], -1.0
    k = np.array([[r[0, 0] - r[1, 1] - r[2, 2], 0, 0, 0], [r[0, 1] + r[1, 0], r[1, 1] - r[0, 0] - r[2, 2], 0, 0],
                  [r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], r[2, 2] - r[0, 0] - r[1, 1], 0],
                  [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], r[0, 0] + r[1, 1] + r[2, 2]]])
    w, v = np.linalg.eigh(k, "L")
    q = v[:, np.argmax(w)]
    return np.round(q[:3] if q[3] >= 0 else -q[:3], 8), qfac


def rotation(rng, oblique: bool):
    r = np.eye(3)[:, rng.permutation(3)] * rng.choice([-1, 1], 3)
    if oblique:
        q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        r = np.round(q, 9)
    return r


def draw(rng):
    """A header, its voxels as stored, and the truth."""
    code = pick(rng, list(KINDS))
    dims = [int(n) for n in rng.integers(3, 11, 3)]
    r, zoom = rotation(rng, rng.random() < .4), rng.choice([0.5, 1, 1.5, 2.25, 3], 3)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = r * zoom, np.round(rng.uniform(-150, 150, 3), 2)
    affine = affine.astype(np.float32).astype(float)
    ijk = np.stack(np.meshgrid(*(np.arange(n) for n in dims), indexing="ij"), -1)
    world = ijk[..., :1] * affine[:3, 0] + ijk[..., 1:2] * affine[:3, 1] + ijk[..., 2:] * affine[:3, 2] + affine[:3, 3]
    want = smooth(rng, world)(world)
    kind = np.dtype(KINDS[code])
    slope, inter = 1.0, 0.0
    if kind.kind == "u" or kind.itemsize == 1:
        slope, inter = (10.0, -1024.0) if kind.kind == "u" else (10.0, -100.0)
    elif rng.random() < .3:
        slope, inter = float(rng.choice([0.5, 2, -1])), float(rng.choice([0, -100]))
    stored = (want - inter) / slope
    if kind.kind in "iu":
        info = np.iinfo(kind)
        stored = np.clip(np.rint(stored), info.min, info.max)
    stored = stored.astype(kind)
    h = {"dim": [3, *dims, 1, 1, 1, 1], "datatype": code, "bitpix": kind.itemsize * 8, "xyzt_units": 2,
         "scl_slope": slope, "scl_inter": inter}
    if (slope, inter) == (1, 0):
        h["scl_slope"], h["scl_inter"] = pick(rng, [(1, 0), (0, 0), (float("nan"), float("nan")), (0, 5)])
    q, qfac = quaternion(r)
    h |= {"pixdim": [qfac, *zoom, 0, 0, 0, 0], "quatern": q, "qoffset": affine[:3, 3], "srow": affine[:3].ravel()}
    how = pick(rng, ["both", "sform", "qform"])
    h["sform_code"], h["qform_code"] = (int(how != "qform") * int(rng.integers(1, 4)), int(how != "sform") * int(rng.integers(1, 3)))
    if how == "sform" and rng.random() < .5:
        h["quatern"], h["qoffset"] = [0, 0, 0], [0, 0, 0]
    return h, stored, Truth(stored.astype(float) * slope + inter, affine, 0)


def written(h: dict, stored: np.ndarray, rng, version=None, order=None, packed=None, extension=None) -> tuple[bytes, str]:
    version = version or int(rng.choice([1, 1, 2]))
    order = order or str(rng.choice(["<", ">"]))
    size = 348 if version == 1 else 540
    extra = b"\0\0\0\0"
    if extension if extension is not None else rng.random() < .2:
        n = 16 * int(rng.integers(1, 9))
        extra = b"\1\0\0\0" + struct.pack(order + "ii", n, 6) + rng.bytes(n - 8)
    h = {"sizeof_hdr": size, "magic": b"n+1\0" if version == 1 else b"n+2\0\r\n\x1a\n", "vox_offset": size + len(extra)} | h
    if version == 2:
        h.pop("slice_start", None)
    raw = header(h, version, order) + extra + stored.astype(stored.dtype.newbyteorder(order)).tobytes(order="F")
    packed = rng.random() < .5 if packed is None else packed
    return (gzip.compress(raw, 1, mtime=0), "scan.nii.gz") if packed else (raw, "scan.nii")


def good(rng) -> Scan:
    h, stored, truth = draw(rng)
    raw, name = written(h, stored, rng)
    where = ("both" if h["sform_code"] and h["qform_code"] else "sform" if h["sform_code"] else "qform")
    return Scan(f"nifti/{KINDS[h['datatype']]}", {name: raw}, truth, {"where": where})


def conflict(rng) -> Scan:
    """sform and qform say different things: the sform is believed (nifti1.h does not say which)."""
    h, stored, truth = draw(rng)
    r = rotation(rng, rng.random() < .5)
    q, qfac = quaternion(r)
    h |= {"sform_code": int(rng.integers(1, 5)), "qform_code": int(rng.integers(1, 3)), "quatern": q, "qoffset": [1, 2, 3]}
    h["pixdim"] = [qfac, *h["pixdim"][1:]]
    raw, name = written(h, stored, rng)
    return Scan("nifti/sform-conflicts", {name: raw}, truth)


def sheared(rng) -> Scan:
    h, stored, truth = draw(rng)
    a = truth.affine.copy()
    a[:3, 0] += .3 * a[:3, 1]
    h |= {"sform_code": 1, "qform_code": 0, "srow": a[:3].ravel()}
    raw, name = written(h, stored, rng)
    truth.affine = a
    return Scan("nifti/sheared", {name: raw}, None)


def nowhere(rng) -> Scan:
    h, stored, _ = draw(rng)
    h |= {"sform_code": 0, "qform_code": 0}
    raw, name = written(h, stored, rng)
    return Scan("nifti/no-place", {name: raw})


def units(rng) -> Scan:
    """Metres and micrometres; readers of the field take every file for mm."""
    h, stored, truth = draw(rng)
    code = int(rng.choice([1, 3, 0, 10]))
    f = {1: 1000, 3: .001}.get(code, 1)
    for name in ("srow", "qoffset"):
        h[name] = np.asarray(h[name]) / f
    h["pixdim"] = [h["pixdim"][0], *(np.asarray(h["pixdim"][1:4]) / f), 0, 0, 0, 0]
    h["xyzt_units"] = code
    raw, name = written(h, stored, rng)
    return Scan(f"nifti/unit-{ {1: 'm', 3: 'um', 0: 'none', 10: 'mm-s'}[code]}", {name: raw}, truth)


def other(rng) -> Scan:
    h, stored, _ = draw(rng)
    code = pick(rng, list(OTHER))
    h |= {"datatype": code, "bitpix": 8 * OTHER[code]}
    raw, name = written(h, np.frombuffer(rng.bytes(stored.size * OTHER[code]), "u1"), rng)
    return Scan("nifti/other-datatype", {name: raw}, None, {"datatype": code})


def many(rng) -> Scan:
    """Four dimensions: one volume in them is one volume."""
    h, stored, truth = draw(rng)
    n = int(rng.choice([1, 1, 2]))
    h["dim"] = [4, *stored.shape, n, 1, 1, 1] if rng.random() < .6 else [5, *stored.shape, 1, n, 1, 1]
    raw, name = written(h, np.concatenate([stored.ravel(order="F")] * n), rng)
    return Scan(f"nifti/4d-{'of-one' if n == 1 else 'series'}", {name: raw}, truth if n == 1 else None)


def floats(rng) -> Scan:
    """Real numbers that are none, or beyond all."""
    h, stored, truth = draw(rng)
    stored = truth.values.astype("f4")
    v = pick(rng, [np.nan, np.inf, -np.inf, 1e30, 40000.0])
    stored[tuple(int(rng.integers(n)) for n in stored.shape)] = v
    h |= {"datatype": 16, "bitpix": 32, "scl_slope": 1, "scl_inter": 0}
    raw, name = written(h, stored, rng)
    truth.values = stored.astype(float)
    return Scan(f"nifti/value-{v}", {name: raw}, truth if np.isfinite(v) else None)


GOOD = [(good, 30), (conflict, 5), (sheared, 2), (nowhere, 2), (units, 5), (other, 3), (many, 4), (floats, 4)]


def changed(rng) -> Scan:
    """A good file, changed."""
    h, stored, truth = draw(rng)
    version, order = int(rng.choice([1, 1, 2])), str(rng.choice(["<", ">"]))
    fields = ["dim", "datatype", "bitpix", "pixdim", "vox_offset", "scl_slope", "scl_inter", "qform_code", "sform_code", "quatern", "srow", "magic",
              "sizeof_hdr", "xyzt_units", "intent_code"]
    how = pick(rng, ["field", "field", "flip-header", "flip-voxels", "cut", "tail", "gzip-flip", "gzip-cut", "gzip-tail", "gzip-crc"])
    note = ""
    if how == "field":
        name = pick(rng, fields)
        note = change(rng, h, name, stored)
        how = f"field-{name}"
    packed = how.startswith("gzip")
    raw, name = written(h, stored, rng, version, order, packed)
    b = bytearray(raw)
    if how == "flip-header":
        for at in rng.integers(0, 348 if version == 1 else 540, int(rng.integers(1, 4))):
            b[at] ^= 1 << int(rng.integers(8))
            note += f"{at} "
    elif how == "flip-voxels":
        b[int(rng.integers(len(b) - stored.nbytes, len(b)))] ^= 1 << int(rng.integers(8))
    elif how in ("cut", "gzip-cut"):
        del b[int(rng.integers(1, len(b))):]
    elif how in ("tail", "gzip-tail"):
        b += rng.bytes(int(rng.integers(1, 40))) if rng.random() < .5 else bytes(int(rng.integers(1, 600)))
    elif how == "gzip-flip":
        b[int(rng.integers(10, len(b)))] ^= 1 << int(rng.integers(8))
    elif how == "gzip-crc":
        b[-8] ^= 1
    return Scan(f"nifti-changed/{how}", {name: bytes(b)}, None, {"note": note, "version": version, "order": order})


def change(rng, h, name, stored) -> str:
    nan, inf = float("nan"), float("inf")
    n = int(rng.integers(4))
    if name == "dim":
        h["dim"] = list(h["dim"])
        v = pick(rng, [0, -1, 1, 2, 8, 30000, h["dim"][n] + 1, max(1, h["dim"][n] - 1)])
        h["dim"][n] = v
        return f"dim[{n}] = {v}"
    if name in ("pixdim", "quatern", "srow"):
        v = list(h[name])
        n = int(rng.integers({"pixdim": 4, "quatern": 3, "srow": 12}[name]))
        v[n] = pick(rng, [0, nan, inf, -abs(v[n]), 1e-9, 1e9, v[n] * 1.5, 3])
        h[name] = v
        return f"{name}[{n}] = {v[n]}"
    choices = {"datatype": [2, 4, 8, 16, 64, 256, 512, 3, -1, 9999], "bitpix": [0, 8, 16, 32, 7], "vox_offset": [0, 340, 353, 360, 16, -1, 100000, 1 << 30],
               "scl_slope": [0, nan, inf, -1, 1e-9, 1e30, 2], "scl_inter": [nan, inf, 1e30, 100, -100], "qform_code": [0, 1, 5, -1, 200], "sform_code": [0, 1, 5, -1, 200],
               "magic": [b"ni1\0", b"n+2\0", b"\0\0\0\0", b"n+1 "], "sizeof_hdr": [0, 348, 540, 352], "xyzt_units": [0, 1, 3, 7, 255],
               "intent_code": [0, 1002, 1007, 2003]}
    v = pick(rng, choices[name])
    h[name] = v
    return f"{name} = {v}"

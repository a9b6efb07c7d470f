"""The kinds of scans that are generated: each a function of random numbers → a Scan."""
import numpy as np

from scans import (LOSSLESS, LOSSY, Form, Grid, Scan, Truth, bounds, classic, enhanced, grid, number, smooth, stepped, values)

HOW = ["axial", "prone", "feet", "sagittal", "coronal", "oblique"]
FORMS = [(8, False), (10, False), (12, False), (12, True), (13, True), (16, True), (16, False)]


def form(rng, modality="CT", syntax="explicit", forms=FORMS, **more) -> Form:
    stored, signed = forms[rng.integers(len(forms))]
    if modality != "CT":
        slope, intercept = float(rng.choice([1, 0.5, 2.25])), 0.0
    elif stored == 8:
        slope, intercept = 10.0, -1024.0
    elif stored == 10:
        slope, intercept = 2.0, -1024.0
    else:
        slope, intercept = (1.0, 0.0) if signed else (1.0, -1024.0)
        if rng.random() < .3:
            slope = float(rng.choice([0.5, 1.25])) if stored > 12 else slope
    size = (int(rng.integers(4, 12)), int(rng.integers(4, 14)), int(rng.integers(3, 9)))
    return Form(modality, syntax, stored, signed, slope, intercept, more.get("size", size))


def field(rng, f: Form, g: Grid):
    world = g.world(*f.size[:2])
    return smooth(rng, world) if f.modality == "CT" else smooth(rng, world, 0, 3000)


def plain(rng, kind, f: Form, how=None, **more) -> Scan:
    g = grid(rng, f, how or str(rng.choice(HOW)))
    stored, want = values(f, field(rng, f, g), g)
    return Scan(kind, classic(rng, f, g, stored, **more), Truth(want, g.affine()), {"form": f.__dict__})


def native(syntax):
    def make(rng):
        f = form(rng, str(rng.choice(["CT", "CT", "MR", "PT"])), syntax)
        return plain(rng, f"native/{syntax}", f)
    return make


def compressed(syntax):
    forms = {"jpeg-8": [(8, False)], "jpeg-12": [(12, False)], "jpeg-ls": FORMS[:3] + FORMS[-1:], "jpeg-ls-near": FORMS[:3] + FORMS[-1:],
             "encapsulated": FORMS, "htj2k-lossy": [(16, True), (12, False)], "j2k-lossy": [(16, False), (12, False)],
             "htj2k": [(8, False), (16, False), (16, True), (12, True), (12, False)], "htj2k-rpcl": [(8, False), (16, False), (16, True)]}.get(syntax, FORMS)

    def make(rng):
        f = form(rng, str(rng.choice(["CT", "MR"])), syntax, forms, size=(int(rng.integers(9, 20)), int(rng.integers(9, 24)), int(rng.integers(3, 6))))
        scan = plain(rng, f"compressed/{syntax}", f)
        if "near" in syntax:
            scan.truth.tolerance = 2 * f.slope
        elif syntax in LOSSY:
            scan.truth = None  # the readers have to agree
        return scan
    return make


def rescaled(rng):
    """A slope and an intercept of its own for each slice."""
    f = form(rng, str(rng.choice(["CT", "PT"])), forms=[(16, True), (12, False)])
    g = grid(rng, f, str(rng.choice(HOW)))
    n = f.size[2]
    slope, intercept = np.round(rng.uniform(.4, 2, n), 4), np.round(rng.uniform(-1100, -900, n), 1) if f.modality == "CT" else np.zeros(n)
    stored, want = values(f, field(rng, f, g), g, slope, intercept)

    def each(ds, k):
        ds.RescaleSlope, ds.RescaleIntercept = number(slope[k]), number(intercept[k])
    return Scan("values/rescale-by-slice", classic(rng, f, g, stored, each), Truth(want, g.affine()))


def beyond(rng):
    """Values beyond int16 in a few voxels: cut, with a warning."""
    f = form(rng, forms=[(16, False)])
    g = grid(rng, f)
    stored, want = values(f, field(rng, f, g), g)
    k, j, i = (rng.integers(n) for n in stored.shape)
    stored[k, j, i] = 65000
    want[k, j, i] = 65000 * f.slope + f.intercept
    return Scan("values/beyond-int16", classic(rng, f, g, stored), Truth(want, g.affine()))


def monochrome1(rng):
    return plain(rng, "values/monochrome1", form(rng), each=lambda ds, k: setattr(ds, "PhotometricInterpretation", "MONOCHROME1"))


def lut(rng):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    def each(ds, k):
        t = Dataset()
        t.LUTDescriptor, t.ModalityLUTType = [4096, 0, 16], "HU"
        t.LUTData = (np.arange(4096) % 1000).astype("<u2").tobytes()
        t["LUTData"].VR = "OW"
        ds.ModalityLUTSequence = Sequence([t])
        del ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType
    scan = plain(rng, "values/modality-lut", form(rng, forms=[(12, False)]), each=each)
    scan.truth = None
    return scan


def overlay(rng):
    """Bits above the stored ones are in use, as old overlays were kept there."""
    f = form(rng, forms=[(12, False), (12, True)])
    g = grid(rng, f)
    stored, want = values(f, field(rng, f, g), g)
    low, _ = bounds(f)
    noisy = (stored & 0xFFF) | (rng.integers(0, 16, stored.shape) << 12)

    files = classic(rng, f, g, noisy, words=lambda frames, ds, big=False: frames.astype("<u2").tobytes())  # the words as they are
    return Scan("values/bits-above-stored", files, Truth(want, g.affine()))


def padding(rng):
    f = form(rng, forms=[(16, True)])
    f.slope, f.intercept = 1.0, 0.0
    g = grid(rng, f)
    stored, want = values(f, field(rng, f, g), g)
    stored[:, 0, :], want[:, 0, :] = -2000, -2000
    return Scan("values/padding", classic(rng, f, g, stored, lambda ds, k: setattr(ds, "PixelPaddingValue", -2000)), Truth(want, g.affine()))


def bright(rng):
    """Padding that would be metal: it becomes air (decision 12)."""
    f = form(rng, forms=[(16, False)])
    f.slope, f.intercept = 1.0, -1024.0
    g = grid(rng, f)
    stored, want = values(f, field(rng, f, g), g)
    stored[:, 0, :], want[:, 0, :] = 63536, 63536 - 1024
    scan = Scan("values/bright-padding", classic(rng, f, g, stored, lambda ds, k: setattr(ds, "PixelPaddingValue", 63536)), Truth(want, g.affine()))
    return scan


def frames(rng, syntaxes=("explicit", "implicit", "big-endian", "deflated", *LOSSLESS)):
    f = form(rng, str(rng.choice(["CT", "MR", "PT"])), str(rng.choice(syntaxes)), forms=[(8, False), (12, False), (16, False)])
    if f.syntax.startswith("htj2k"):
        f.stored, f.signed = 16, False
    g = grid(rng, f, str(rng.choice(HOW)))
    n = f.size[2]
    by_frame = rng.random() < .5 and f.stored > 8 and f.modality != "MR"
    slope = np.round(rng.uniform(.5, 2, n), 3) if by_frame else None
    intercept = np.full(n, -1024.0 if f.modality == "CT" else 0) if by_frame else None
    stored, want = values(f, field(rng, f, g), g, slope, intercept)
    kind = "frames/enhanced" + ("-rescale-by-frame" if by_frame else "")
    return Scan(kind, enhanced(rng, f, g, stored, slope, intercept), Truth(want, g.affine()), {"form": f.__dict__})


def cone(rng):
    f = form(rng, forms=[(12, False), (16, True)])
    row_col_axial = grid(rng, f, str(rng.choice(HOW)))
    g = Grid(row_col_axial.row, row_col_axial.col, row_col_axial.spacing, None)
    normal, mm = np.round(np.cross(g.row, g.col), 9), float(rng.choice([0.5, 1, 2]))
    start = row_col_axial.positions[0]
    g.positions = np.array([start + k * mm * normal for k in range(f.size[2])])
    stored, want = values(f, field(rng, f, g), g)
    return Scan("frames/stepped", stepped(rng, f, g, stored), Truth(want, g.affine()))


def tilt(rng):
    f = form(rng, forms=[(16, True)], size=(16, 14, 8))
    g = grid(rng, f, "axial", step=float(rng.choice([2, 3])), tilt=float(rng.uniform(3, 22)) * float(rng.choice([-1, 1])))
    at = field(rng, f, g)
    stored, want = values(f, at, g)
    return Scan("geometry/tilt", classic(rng, f, g, stored), Truth(want, g.affine(), 40, at))


def uneven(rng):
    f = form(rng, forms=[(16, True)], size=(10, 10, 9))
    g = grid(rng, f, "axial", step=1.0)
    normal = np.round(np.cross(g.row, g.col), 9)
    gaps = np.cumprod(np.full(8, float(rng.uniform(1.08, 1.2)))) * 1.3
    g.positions = np.array([[float(number(x)) for x in g.positions[0] + d * normal] for d in np.concatenate([[0], np.cumsum(gaps)])])
    at = field(rng, f, g)
    stored, want = values(f, at, g)
    return Scan("geometry/uneven", classic(rng, f, g, stored), Truth(want, g.affine(), 60, at))


def lost(rng):
    f = form(rng, forms=[(16, True)], size=(8, 8, 9))
    scan = plain(rng, "geometry/missing-slice", f, order=False)
    del scan.files["%03d.dcm" % int(rng.integers(2, 7))]
    scan.truth = None
    return scan


def doubled(rng):
    scan = plain(rng, "geometry/duplicate-slice", form(rng))
    name = sorted(scan.files)[int(rng.integers(len(scan.files)))]
    scan.files["again.dcm"] = scan.files[name]
    return scan


def phases(rng):
    """Two volumes of one region in one series."""
    f = form(rng, forms=[(16, True)])
    g = grid(rng, f)
    files = {}
    seed = int(rng.integers(1 << 30))
    for phase in range(2):
        stored, _ = values(f, field(rng, f, g), g)
        again = np.random.default_rng(seed)

        def each(ds, k):
            ds.AcquisitionNumber, ds.SOPInstanceUID = phase + 1, ds.SOPInstanceUID + f".{phase}"
        files |= {f"{phase}{n}": b for n, b in classic(again, f, g, stored, each).items()}
    return Scan("geometry/two-volumes", files)


def jitter(rng):
    f = form(rng)
    g = grid(rng, f, "axial", step=3.0)
    g.positions = g.positions + rng.uniform(-.008, .008, g.positions.shape) * [0, 0, 1]
    stored, want = values(f, field(rng, f, g), g)
    return Scan("geometry/jitter", classic(rng, f, g, stored), Truth(want, g.affine()))


def orientations(how):
    return lambda rng: plain(rng, f"geometry/{how}", form(rng, str(rng.choice(["CT", "MR"]))), how)


def kinds() -> dict:
    """name → (maker, weight)."""
    made = {f"native/{s}": (native(s), 6) for s in ("implicit", "explicit", "big-endian", "deflated")}
    made |= {f"compressed/{s}": (compressed(s), 3) for s in ("encapsulated", *LOSSLESS, *LOSSY)}
    made |= {f"geometry/{h}": (orientations(h), 3) for h in HOW}
    for maker, weight in ((rescaled, 5), (beyond, 2), (monochrome1, 2), (lut, 1), (overlay, 3), (padding, 2), (bright, 2), (frames, 14),
                          (cone, 3), (tilt, 4), (uneven, 3), (lost, 3), (doubled, 3), (phases, 2), (jitter, 2)):
        made[maker.__name__] = (maker, weight)
    return made

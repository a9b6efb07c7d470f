#!/usr/bin/env python3
"""Our readers beside those of others, over scans that are generated and changed.

Each case is drawn from (seed, number), so that --only reproduces it. For each reader of
others the verdict is one of: same; shape, geometry, voxels (both read it, and differ);
we refuse; they refuse; both refuse; resampled (our grid is another, see compare.py).
"""
import argparse
import json
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

import answers
import damage
import elements
import kinds
import niftis
import readers
from compare import Answer, compare, resampled
from scans import Form, Scan, Truth, classic, grid, values

RESAMPLED = {"tilt_corrected", "variable_spacing"}


def generated(rng) -> Scan:
    makers = list(kinds.kinds().values()) if not PLAIN else [m for n, m in kinds.kinds().items() if "compressed" not in n and n != "frames"] + [
        (lambda r: kinds.frames(r, ("explicit", "implicit", "deflated", "rle")), 14), (kinds.compressed("rle"), 3), (kinds.compressed("encapsulated"), 3)]
    weights = np.array([w for _, w in makers], float)
    return makers[rng.choice(len(makers), p=weights / weights.sum())][0](rng)


PLAIN = False  # only what pydicom reads without other packages


def changed(rng) -> Scan:
    """A good scan with a change of damage.py in one file, in half of the cases in all."""
    if rng.random() < .25:
        return changed_bytes(rng)
    f = Form(size=(5, 6, 4)) if rng.random() < .5 else Form(stored=12, signed=False, intercept=-1024.0, size=(5, 6, 4))
    g = grid(rng, f, str(rng.choice(["axial", "oblique"])), step=2.5)
    stored, want = values(f, kinds.field(rng, f, g), g)
    files = classic(rng, f, g, stored)
    change = damage.pick(rng, damage.CHANGES)
    state, names = rng.bit_generator.state, sorted(files)
    chosen = names if rng.random() < .5 else names[:1]
    note = ""
    for name in chosen:
        again = np.random.default_rng(0)
        again.bit_generator.state = state
        file = elements.parse(files[name])
        note = change(again, file)
        files[name] = file.encoded()
    truth = Truth(want, g.affine()) if change in damage.WELL else None
    return Scan(f"changed/{change.__name__}", files, truth, {"note": note, "files": len(chosen)})


def changed_bytes(rng) -> Scan:
    # Not every zlib deflates to the same bytes, and what is damaged then would depend on it.
    syntaxes = ("explicit", "implicit", "rle", "encapsulated") + (() if PLAIN else ("deflated", "jpeg-lossless", "jpeg-ls", "j2k", "htj2k", "jpeg-8"))
    syntax = damage.pick(rng, syntaxes)
    if rng.random() < .2:
        syntax = "explicit"
        scan = kinds.frames(rng, (syntax,))
    else:
        scan = kinds.plain(rng, "", kinds.form(rng, "CT", syntax, [(8, False)] if syntax == "jpeg-8" else [(16, True), (12, False)] if syntax != "jpeg-ls" else [(12, False)], size=(8, 9, 4)))
    name = sorted(scan.files)[0]
    how, scan.files[name] = damage.bytes_changed(rng, scan.files[name])
    return Scan(f"changed/{how}/{syntax}", scan.files, None, {})


def nifti(rng) -> Scan:
    makers = niftis.GOOD + [(niftis.changed, 45)]
    weights = np.array([w for _, w in makers], float)
    return makers[rng.choice(len(makers), p=weights / weights.sum())][0](rng)


FAMILIES = [("generated", generated), ("changed", changed), ("nifti", nifti)]


def judge(case: Scan, folder: Path, iris: str, peers: dict) -> dict:
    """What every reader says of one case."""
    source = folder / "in"
    source.mkdir(parents=True)
    for name, raw in case.files.items():
        (source / (name or "scan.dcm")).write_bytes(raw)
    files = sorted(source.iterdir())
    single = len(files) == 1
    mine = readers.ours(iris, files[0] if single else source, folder / "out.nii.gz")
    of_nifti = case.kind.startswith("nifti")
    tolerance = case.truth.tolerance if case.truth and case.truth.resampled is None else 0
    out = {"kind": case.kind, "note": case.note.get("note", ""), "files": case.note.get("files"), "ours": "ok" if mine.ok else mine.error, "warnings": sorted(set(mine.warnings)),
           "verdicts": {}, "errors": {}}
    if case.truth is not None:
        truth = Answer(case.truth.values if of_nifti else case.truth.values.transpose(2, 1, 0), case.truth.affine)
        out["verdicts"]["truth"] = verdict(mine, truth, tolerance, case)
    lossy = any(s in case.kind for s in ("jpeg-8", "jpeg-12", "j2k-lossy", "htj2k-lossy"))
    for name, peer in peers.items():
        if name not in (("nibabel", "itk") if of_nifti else ("pydicom", "itk", "suyash")):
            continue
        theirs = peer.answer(files)
        out["verdicts"][name] = verdict(mine, theirs, 12.6 if lossy else 0, case)
        if not theirs.ok:
            out["errors"][name] = theirs.error
        elif case.truth is not None and not mine.ok and compare_safe(theirs, case, of_nifti) != "same":
            out["errors"][name] = "differs from the truth"
    return out


def compare_safe(theirs, case, of_nifti):
    truth = Answer(np.clip(np.rint(case.truth.values if of_nifti else case.truth.values.transpose(2, 1, 0)), -32768, 32767), case.truth.affine)
    return compare(truth, theirs, case.truth.tolerance)


def verdict(mine: Answer, other: Answer, tolerance: float, case: Scan) -> str:
    if not mine.ok:
        return "both refuse" if not other.ok else "we refuse"
    if not other.ok:
        return "they refuse"
    if RESAMPLED & set(mine.warnings):
        if case.truth and case.truth.resampled:
            return "resampled" if (resampled(mine, case.truth)) == "same" else "voxels"
        return "resampled"
    return compare(mine, other, tolerance)


def work(a, todo, results, keep, kept):
    peers = readers.peers(a.suyash, not a.plain)
    while True:
        with LOCK:
            if not todo:
                break
            family, n = todo.pop()
        case = dict(FAMILIES)[family](np.random.default_rng([a.seed, [f for f, _ in FAMILIES].index(family), n]))
        folder = keep / f"{family}-{n}"
        try:
            r = judge(case, folder, a.iris, peers)
        except Exception as e:
            r = {"kind": case.kind, "ours": f"judge: {e!r}", "warnings": [], "verdicts": {}, "errors": {}, "note": ""}
        with LOCK:
            results.append({"case": f"{family}-{n}"} | r)
            if kept:
                kept.write(json.dumps(results[-1]) + "\n")
                kept.flush()
        if not a.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for p in peers.values():
        p.close()


LOCK = threading.Lock()


def span(text: str) -> range:
    """100, or 100:200."""
    low, _, high = text.rpartition(":")
    return range(int(low or 0), int(high))


def main():
    global PLAIN
    p = argparse.ArgumentParser()
    p.add_argument("iris")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--cases", default="generated=1500,changed=2000,nifti=1500")
    p.add_argument("--only", help="one case, such as changed-17; its files are kept")
    p.add_argument("--suyash", help="the program of suyash/, which reads DICOM by suyashkumar/dicom")
    p.add_argument("--plain", action="store_true", help="pydicom and nibabel alone, without codecs and SimpleITK")
    p.add_argument("--json", help="where the verdicts go, a line each")
    p.add_argument("--keep", help="an empty folder in which the files stay")
    p.add_argument("--out", help="the page into which the tables go, if nothing is unexplained")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    PLAIN = a.plain
    keep = Path(a.keep or tempfile.mkdtemp(prefix="differential-"))
    if a.only:
        family, n = a.only.rsplit("-", 1)
        a.keep = a.keep or str(keep)
        todo = [(family, int(n))]
    else:
        todo = [(f, n) for f, count in (c.split("=") for c in a.cases.split(",")) for n in reversed(span(count))]
    total, results = len(todo), []
    kept = open(a.json, "w") if a.json else None
    threads = [threading.Thread(target=work, args=(a, todo, results, keep, kept)) for _ in range(min(a.threads, total))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    results.sort(key=lambda r: (r["case"].rsplit("-", 1)[0], int(r["case"].rsplit("-", 1)[1])))
    if a.only:
        print(json.dumps(results, indent=1), keep)
    else:
        shutil.rmtree(keep, ignore_errors=True) if not a.keep else None
        sys.exit(answers.report(results, a.out))


if __name__ == "__main__":
    main()

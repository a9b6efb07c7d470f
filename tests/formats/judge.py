"""Opens every format that iris mesh writes with a reader of its users, and compares
structures, names, colours, units, places and volumes. Prints the table of
docs/formats.md; exits with 1 where a format says something else than the others.

    python judge.py bin/iris [LABELS.nii.gz]

assimp (Debian: assimp-utils) opens five of them as well where it is installed.

Without a label map it makes one: three boxes, two of which share a face, in voxels of
0.8 x 0.8 x 1.5 mm away from the origin, with names in two scripts.
"""
import gzip
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import trimesh

NAMES = {1: "liver", 2: "spleen left", 3: "肝脏"}
COLORS = {1: (221, 130, 101), 2: (157, 108, 162), 3: (10, 200, 90)}


def sample(folder: Path) -> Path:
    """A label map and, beside it, its names and colours as ITK-SNAP writes them."""
    dims, spacing, origin = (40, 36, 30), (0.8, 0.8, 1.5), (-30.0, 25.0, 300.0)
    labels = np.zeros(dims[::-1], np.uint8)
    labels[4:20, 5:20, 5:20] = 1
    labels[4:20, 5:20, 20:34] = 2
    labels[22:27, 24:33, 10:30] = 3
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *dims, 1, 1, 1, 1)
    struct.pack_into("<hh", head, 70, 2, 8)  # uint8
    struct.pack_into("<8f", head, 76, 1, *spacing, 0, 0, 0, 0)
    struct.pack_into("<f", head, 108, 352)
    head[123] = 2  # millimetres
    struct.pack_into("<hh", head, 252, 0, 1)  # sform only: scanner
    for row in range(3):
        values = [0.0, 0.0, 0.0, origin[row]]
        values[row] = spacing[row]
        struct.pack_into("<4f", head, 280 + 16 * row, *values)
    head[344:348] = b"n+1\0"
    path = folder / "labels.nii.gz"
    path.write_bytes(gzip.compress(bytes(head) + labels.tobytes()))
    lines = [f'{n} {r} {g} {b} 1 1 1 "{NAMES[n]}"' for n, (r, g, b) in COLORS.items()]
    (folder / "labels.txt").write_text("\n".join(['0 0 0 0 0 0 0 "Clear Label"', *lines]) + "\n")
    return path


class Part:
    """A structure as a reader found it, in RAS millimetres."""

    def __init__(self, name, color, vertices, faces, to_ras):
        self.name, self.color = name, color
        self.mesh = trimesh.Trimesh(to_ras(np.asarray(vertices, np.float64)), faces, process=False)


def lps(v):
    return v * (-1, -1, 1)


def facing(v):  # x = -R, y = S, z = A, metres
    return np.stack([-v[:, 0], v[:, 2], v[:, 1]], axis=1) * 1000


def same(v):
    return v


def srgb(linear):
    c = np.clip(np.asarray(linear[:3], float), 0, 1)
    return tuple(int(round(x)) for x in 255 * np.where(c <= 0.0031308, c * 12.92, 1.055 * c ** (1 / 2.4) - 0.055))


def read_glb(path):
    scene = trimesh.load(path, process=False)
    for name in scene.graph.nodes_geometry:
        transform, geometry = scene.graph[name]
        mesh = scene.geometry[geometry]
        vertices = trimesh.transform_points(mesh.vertices, transform)
        # trimesh keeps the linear factor as bytes, of which dark ones stand for several of sRGB.
        yield Part(name, srgb(np.asarray(mesh.visual.material.baseColorFactor[:3]) / 255), vertices, mesh.faces, facing)


def read_stl(path):
    mesh = trimesh.load(path, process=False)
    yield Part(None, None, mesh.vertices, mesh.faces, lps)


def read_obj(path):
    scene = trimesh.load(path, process=False, split_objects=True, group_material=False)
    parts = scene.geometry.items() if isinstance(scene, trimesh.Scene) else [(None, scene)]
    for name, mesh in parts:
        color = tuple(int(c) for c in mesh.visual.vertex_colors[0][:3]) if mesh.visual.kind == "vertex" else None
        yield Part(name, color, mesh.vertices, mesh.faces, lps)


def read_ply(path):
    import meshio

    mesh = meshio.read(path)
    faces = mesh.cells_dict["triangle"]
    labels = mesh.cell_data["label"][0] if "label" in mesh.cell_data else mesh.point_data["label"][faces[:, 0]]
    # meshio reads uchar as signed.
    colors = [mesh.point_data[c] for c in ("red", "green", "blue")]
    for label in np.unique(labels):
        own = faces[labels == label]
        yield Part(NAMES.get(int(label)), tuple(int(c[own[0, 0]]) & 255 for c in colors), mesh.points, own, lps)


def read_3mf(path):
    import lib3mf

    wrapper = lib3mf.get_wrapper()
    model = wrapper.CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(path))
    assert reader.GetWarningCount() == 0 and model.GetUnit() == lib3mf.ModelUnit.MilliMeter
    objects = model.GetMeshObjects()
    while objects.MoveNext():
        o = objects.GetCurrentMeshObject()
        resource, property_id, has = o.GetObjectLevelProperty()
        c = model.GetColorGroupByID(resource).GetColor(property_id) if has else None
        yield Part(o.GetName(), c and (c.Red, c.Green, c.Blue), [list(v.Coordinates) for v in o.GetVertices()],
                   [list(t.Indices) for t in o.GetTriangleIndices()], lps)


def read_usdz(path):
    from pxr import Usd, UsdGeom, UsdShade

    stage = Usd.Stage.Open(str(path))
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    for prim in stage.Traverse():
        if prim.IsA(UsdGeom.Mesh):
            mesh = UsdGeom.Mesh(prim)
            points = np.array(mesh.GetPointsAttr().Get(), np.float64) * UsdGeom.GetStageMetersPerUnit(stage)
            material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
            shader, _, _ = material.ComputeSurfaceSource()
            color = shader.GetInput("diffuseColor").Get()
            faces = np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
            parent = prim.GetParent()
            yield Part(prim.GetDisplayName() or parent.GetDisplayName() or prim.GetName(), srgb(color), points, faces, facing)


def judge_usdz(path, size):
    """What augmented reality asks of a USDZ, and whether it shows the model in its true
    size (of a patient in RAS, in millimetres) and standing on the floor."""
    from pxr import Usd, UsdGeom, UsdValidation

    stage = Usd.Stage.Open(str(path))
    if not stage.GetDefaultPrim():
        yield "usdz: no default prim, so that nothing is shown where it is referenced"
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_, UsdGeom.Tokens.render])
    box = cache.ComputeWorldBound(stage.GetPseudoRoot()).ComputeAlignedRange()
    metres = UsdGeom.GetStageMetersPerUnit(stage)
    shown = np.array(box.GetSize()) * metres * 1000
    if np.abs(shown - size[[0, 2, 1]]).max() > 0.05:
        yield f"usdz: shown with a size of {shown} mm, want {size[[0, 2, 1]]}"
    if abs(box.GetMin()[1] * metres) > 1e-4:
        yield f"usdz: the lowest point is {box.GetMin()[1] * metres} m above the floor"
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    for fault in UsdValidation.ValidationContext(validators).Validate(stage):
        yield f"usdz: {fault.GetName()}: {fault.GetMessage()}"


ASSIMP = ("glb", "stl", "obj", "ply", "3mf")


def judge_assimp(path, format, parts):
    """What assimp counts in a file, beside what the other reader found in it."""
    done = subprocess.run(["assimp", "info", path], capture_output=True, text=True)
    faces = re.search(r"^Faces:\s*(\d+)", done.stdout, re.M)
    want = sum(len(p.mesh.faces) for p in parts)
    if done.returncode or not faces or int(faces[1]) != want:
        yield f"{format}: assimp finds {faces and faces[1]} triangles, want {want}: {done.stdout[-300:]}{done.stderr[-300:]}"


def read_mz3(path):
    """By its published layout (https://github.com/neurolabusc/surf-ice): no reader of it is on PyPI."""
    b = gzip.decompress(Path(path).read_bytes())
    magic, attributes, faces, vertices, skip = struct.unpack_from("<HHIII", b)
    assert magic == 0x5A4D and attributes & 7 == 7
    at = 16 + skip
    f = np.frombuffer(b, "<u4", 3 * faces, at).reshape(-1, 3)
    v = np.frombuffer(b, "<f4", 3 * vertices, at + 12 * faces).reshape(-1, 3)
    colors = np.frombuffer(b, "u1", 4 * vertices, at + 12 * faces + 12 * vertices).reshape(-1, 4)
    key = colors[f[:, 0]].astype(np.uint32) @ (65536, 256, 1, 0)
    for k in dict.fromkeys(key):
        own = f[key == k]
        yield Part(None, tuple(int(c) for c in colors[own[0, 0]][:3]), v, own, same)


def read_zip(path):
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        for name in z.namelist():
            mesh = trimesh.load(z.open(name), file_type="stl", process=False)
            yield Part(name.removesuffix(".stl"), None, mesh.vertices, mesh.faces, lps)


READERS = {
    "glb": ("trimesh", read_glb, "m", "x = -R, y = S, z = A"), "stl": ("trimesh", read_stl, "mm", "LPS"),
    "obj": ("trimesh", read_obj, "mm", "LPS"), "ply": ("meshio", read_ply, "mm", "LPS"),
    "3mf": ("lib3mf, strict", read_3mf, "mm, said", "LPS"), "usdz": ("usd-core", read_usdz, "m, said", "x = -R, y = S, z = A"),
    "mz3": ("its layout", read_mz3, "mm", "RAS"), "zip": ("trimesh", read_zip, "mm", "LPS"),
}


def main():
    iris = Path(sys.argv[1]).resolve()
    wrong, rows, whole = [], [], None
    with tempfile.TemporaryDirectory() as folder:
        own = len(sys.argv) < 3
        labels = sample(Path(folder)) if own else Path(sys.argv[2])
        for format, (reader, read, unit, axes) in READERS.items():
            path = Path(folder) / f"model.{format}"
            subprocess.run([iris, "mesh", labels, path], check=True)
            parts = sorted(read(path), key=lambda p: -p.mesh.volume)
            volume = sum(p.mesh.volume for p in parts) / 1000
            low = np.min([p.mesh.bounds[0] for p in parts], axis=0)
            high = np.max([p.mesh.bounds[1] for p in parts], axis=0)
            if whole is None:
                whole = (volume, low, high, parts)
            if abs(volume / whole[0] - 1) > 0.003:
                wrong.append(f"{format}: {volume:.3f} ml, GLB {whole[0]:.3f}")
            if np.abs([low - whole[1], high - whole[2]]).max() > 0.05:
                wrong.append(f"{format}: lies from {low} to {high}, GLB from {whole[1]} to {whole[2]}")
            welded = [trimesh.Trimesh(p.mesh.vertices, p.mesh.faces) for p in parts]  # equal positions merged
            closed = all(m.is_watertight and m.volume > 0 for m in welded)
            names, colors = [p.name for p in parts], [p.color for p in parts]
            if own:
                order = [p.name for p in whole[3]]
                number = {name: n for n, name in NAMES.items()}
                if len(parts) == 3:
                    for part, name in zip(parts, order):
                        if part.name is not None and part.name.replace("_", " ") != name:
                            wrong.append(f"{format}: the name {part.name}, want {name}")
                        if part.color is not None and max(abs(a - b) for a, b in zip(part.color, COLORS[number[name]])) > (4 if format == "glb" else 1):
                            wrong.append(f"{format}: {name} has the colour {part.color}, want {COLORS[number[name]]}")
            if format == "usdz":
                wrong += judge_usdz(path, whole[2] - whole[1])
            if format in ASSIMP and shutil.which("assimp"):
                wrong += judge_assimp(path, format, parts)
            if not closed:
                wrong.append(f"{format}: not closed when equal positions are merged")
            rows.append(f"| {format} | {reader} | {len(parts)} | {'yes' if all(names) else 'no'} | {'yes' if all(colors) else 'no'} "
                        f"| {unit} | {axes} | {volume:.3f} | {'yes' if closed else 'NO'} |")
    print("| format | opened by | structures apart | names | colours | unit | axes | volume, ml | closed when merged |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    if not shutil.which("assimp"):
        print("NOT JUDGED by assimp: it is not installed (Debian: assimp-utils)", file=sys.stderr)
    print("\n".join(wrong), file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

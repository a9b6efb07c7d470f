"""What a job shows of itself, and how its files become objects of other libraries."""

import base64
import html
import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import models
from .errors import IrisError, what_to_do

if TYPE_CHECKING:
    import nibabel
    import trimesh


class View:
    """A job, as it was when it was last asked after."""

    def __init__(self, data: models.Job) -> None:
        self.data = data
        """The API's own answer."""
        self._preview: bytes | None = None

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def status(self) -> models.Status:
        return self.data["status"]

    @property
    def attempt(self) -> int:
        return self.data["attempt"]

    @property
    def options(self) -> models.Options:
        return self.data["options"]

    @property
    def created_at(self) -> datetime:
        return datetime.fromisoformat(self.data["created_at"])

    @property
    def updated_at(self) -> datetime:
        return datetime.fromisoformat(self.data["updated_at"])

    @property
    def expires_at(self) -> datetime:
        return datetime.fromisoformat(self.data["expires_at"])

    @property
    def stages(self) -> list[models.Stage]:
        return self.data["stages"]

    @property
    def artifacts(self) -> dict[str, models.Artifact]:
        """The files of the job by name."""
        return self.data["artifacts"]

    @property
    def structures(self) -> list[models.Structure]:
        """What was segmented, measured: millilitres and square centimetres."""
        return self.data["structures"]

    @property
    def warnings(self) -> list[models.Notice]:
        """What is doubtful of the scan or its model."""
        return self.data["warnings"]

    @property
    def error(self) -> models.Notice | None:
        return self.data["error"]

    @property
    def cost_usd(self) -> float:
        return self.data["cost_usd"]

    def structure(self, name: str) -> models.Structure:
        for structure in self.structures:
            if structure["name"] == name:
                return structure
        raise KeyError(f"{name}: the job has {', '.join(s['name'] for s in self.structures) or 'no structure'}")

    def __repr__(self) -> str:
        return f"<iris job {self.id}: {self.status}, attempt {self.attempt}, {len(self.structures)} structures>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture, the structures, the warnings."""
        preview = self._preview or b""
        rows = "".join(
            f"<tr><td>{html.escape(s['name'])}</td><td>{s['volume_ml']:.1f}</td><td>{s['surface_cm2']:.1f}</td></tr>"
            for s in self.structures
        )
        notices = [*self.warnings, *([self.error] if self.error else [])]
        said = "".join(
            f"<li><b>{html.escape(n['code'])}</b>: {html.escape(n['message'])} {html.escape(what_to_do(n['code']))}</li>"
            for n in notices
        )
        picture = ""
        if preview:
            data = base64.b64encode(preview).decode("ascii")
            picture = f'<img alt="the model" width="360" src="data:image/png;base64,{data}">'
        table = f"<table><tr><th>structure</th><th>ml</th><th>cm²</th></tr>{rows}</table>" if rows else ""
        return (
            f"<div><p><b>{html.escape(self.id)}</b> {html.escape(self.status)}, attempt {self.attempt}</p>"
            f"{picture}{table}{f'<ul>{said}</ul>' if said else ''}<p>Not for diagnosis.</p></div>"
        )


def need(module: str, extra: str) -> Any:
    """A library that only some callers need."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise IrisError("not_installed", f"{module} is not installed: pip install 'iris-oculus[{extra}]'") from None


def image_of(content: bytes, packed: bool) -> "nibabel.Nifti1Image":
    """A NIfTI file's bytes as an image, all in memory."""
    import gzip

    nib = need("nibabel", "images")
    kind = (
        nib.Nifti2Image if (gzip.decompress(content) if packed else content)[:4] == b"\x1c\x02\0\0" else nib.Nifti1Image
    )
    image: nibabel.Nifti1Image = kind.from_bytes(gzip.decompress(content) if packed else content)
    return image


def meshes_of(content: bytes) -> "dict[str, trimesh.Trimesh]":
    """A model.glb as a mesh for each structure, in the millimetres and axes (RAS) of the
    label map's image, whatever glTF asks for. metadata has the structure's label, names, code
    and measures.
    """
    mesh_library = need("trimesh", "meshes")
    scene = mesh_library.load_scene(io.BytesIO(content), file_type="glb", process=False)
    extras = _extras(content)
    ras = None
    for extra in extras.values():
        of = extra.get("iris")
        if isinstance(of, dict) and "ras_mm_from_gltf" in of:
            import numpy as np

            ras = np.asarray(of["ras_mm_from_gltf"], dtype=float).reshape(4, 4).T  # glTF's matrices are by column
    if ras is None:
        raise IrisError("internal", "the model does not say where it lies in space")
    meshes = {}
    for node in scene.graph.nodes_geometry:
        place, geometry = scene.graph[node]
        mesh = scene.geometry[geometry].copy()
        mesh.apply_transform(ras @ place)
        mesh.metadata.update({"name": node, **extras.get(node, {})})
        meshes[str(node)] = mesh
    return meshes


def _extras(content: bytes) -> dict[str, dict[str, Any]]:
    """What the nodes of a GLB say beside their meshes, by name."""
    import json

    length = int.from_bytes(content[12:16], "little")
    document = json.loads(content[20 : 20 + length])
    return {node.get("name", ""): dict(node.get("extras", {})) for node in document.get("nodes", [])}


def query_of(format: str, structures: tuple[str, ...]) -> str:
    from urllib.parse import urlencode

    return "?" + urlencode([("format", format), *(("structure", name) for name in structures)])


def name_for(path: Path | None, name: str) -> Path:
    """Where a file goes: a path, a folder, or its own name here."""
    if path is None:
        return Path(name)
    return path / name if path.is_dir() else path


def options_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that were left out."""
    return {name: value for name, value in options.items() if value is not None}

"""The client against the real stack of one machine (`iris up`)."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from nibabel.affines import apply_affine

import iris_oculus as iris

from .test_names import folder_of, series


@pytest.fixture(scope="module")
def client(stack: str) -> Iterator[iris.Client]:
    with iris.Client(stack) as client:
        client._notes = None
        yield client


@pytest.fixture(scope="module")
def job(client: iris.Client, scan: Path) -> iris.Job:
    return client.run(scan)


def test_labels_and_meshes_lie_in_one_space(job: iris.Job) -> None:
    labels = job.labels()
    voxels = np.asanyarray(labels.dataobj)
    meshes = job.meshes()
    assert set(meshes) == {structure["name"] for structure in job.structures}
    spacing = float(np.prod(np.linalg.norm(labels.affine[:3, :3], axis=0)))
    for structure in job.structures:
        inside = voxels == structure["label"]
        assert inside.sum() * spacing / 1000 == pytest.approx(structure["volume_ml"], rel=1e-6)
        mesh = meshes[structure["name"]]
        assert mesh.is_watertight
        assert mesh.metadata["label"] == structure["label"] and mesh.metadata["snomed"]
        assert mesh.volume / 1000 == pytest.approx(structure["mesh_ml"], rel=0.02)
        # The mesh surrounds the voxels' middles, in millimetres of the same world.
        middles = apply_affine(labels.affine, np.argwhere(inside))
        for least, most in ((0, np.min), (1, np.max)):
            assert np.abs(mesh.bounds[least] - most(middles, axis=0)).max() < 1.5 * spacing ** (1 / 3)


def test_files_and_exports(job: iris.Job, tmp_path: Path) -> None:
    assert job.download("measurements.json", tmp_path) == tmp_path / "measurements.json"
    assert json.loads((tmp_path / "measurements.json").read_text())
    name = job.structures[-1]["name"]
    stl = job.export("stl", tmp_path / "one.stl", name).read_bytes()
    assert len(stl) == 84 + 50 * int.from_bytes(stl[80:84], "little") > 84
    assert job.slices().shape
    assert "data:image/png;base64," in job._repr_html_()
    with pytest.raises(iris.RefusedError) as error:
        job.download("nothing.txt", tmp_path)
    assert error.value.code == "no_artifact"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["measurements.json", "one.stl"]


def test_the_segmentation_opens_as_slicers(job: iris.Job, tmp_path: Path) -> None:
    import nrrd
    import slicerio

    path = job.segmentation(tmp_path)
    assert path.name == "labels.seg.nrrd"
    read = slicerio.read_segmentation(str(path))
    labels = job.labels()
    assert np.array_equal(read["voxels"], np.asanyarray(labels.dataobj))
    lps = np.diag([-1.0, -1, 1, 1])
    assert np.allclose(read["ijkToLPS"], lps @ labels.affine)
    assert [segment["labelValue"] for segment in read["segments"]] == [one["label"] for one in job.structures]
    for segment in read["segments"]:
        term = segment["terminology"]
        assert term["category"][:2] in (["SCT", "123037004"], ["SCT", "85756007"])
        assert term["type"][0] == "SCT" and term["type"][1].isdigit()
        assert len(segment["color"]) == 3 and segment["status"] == "completed"
    bone = slicerio.segment_from_name(read, "Bone")
    assert bone["terminology"]["type"][1] == "272673000"
    assert "Segment0_Tags" in nrrd.read_header(str(path))


def test_a_segmentation_comes_back_in(job: iris.Job, client: iris.Client, tmp_path: Path) -> None:
    """What is written for Slicer is read by the service as the same label map."""
    again = client.run(job.segmentation(tmp_path / "labels.seg.nrrd"))
    assert again.options["task"] == "labels"
    assert np.array_equal(np.asanyarray(again.labels().dataobj), np.asanyarray(job.labels().dataobj))
    assert np.allclose(again.labels().affine, job.labels().affine)
    assert [one["volume_ml"] for one in again.structures] == [one["volume_ml"] for one in job.structures]


def test_a_folder_of_slices_and_what_becomes_of_it(stack: str, tmp_path: Path) -> None:
    async def go() -> None:
        async with iris.AsyncClient(stack) as client:
            folder = folder_of(series()[:2], tmp_path / "in")
            with pytest.raises(iris.RefusedError) as refused:
                await client.run(folder, structures="no_such_thing")
            assert refused.value.code == "bad_option"
            with pytest.raises(iris.RejectedError) as error:
                await client.run(folder)
            job = await client.job(str(error.value.job))
            assert error.value.code == "too_few_slices"
            assert (await anext(client.jobs())).id == job.id
            with pytest.raises(iris.RejectedError):
                await (await job.retry(smoothing=0.1)).wait()
            assert job.attempt == 2 and job.options["smoothing"] == 0.1
            await job.erase()
            assert (await job.receipt())["erasure"] is not None
            with pytest.raises(iris.RefusedError) as gone:
                await job.refresh()
            assert gone.value.code == "not_found"

    asyncio.run(go())


def test_cancelled_and_meshed_again(job: iris.Job, client: iris.Client, scan: Path) -> None:
    job.remesh(structures=["bone"]).wait()
    assert [one["name"] for one in job.structures] == ["bone"] and job.attempt == 2
    assert list(job.meshes()) == ["bone"]
    other = client.submit(scan)
    other.cancel()
    with pytest.raises(iris.FailedError) as error:
        other.wait()
    assert error.value.code == "cancelled" and error.value.hint
    assert client.status()["usual"] is not None

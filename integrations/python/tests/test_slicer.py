"""The logic of Slicer's module, against the real stack, with a scene of its own."""

import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import iris_oculus as iris

from .conftest import ROOT

sys.path.insert(0, str(ROOT / "integrations" / "slicer" / "IRISOculus"))


class Scene:
    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.loaded: list[tuple[str, bytes]] = []

    def save_volume(self, volume: Path, path: Path) -> None:
        assert threading.get_ident() == self.thread
        shutil.copy(volume, path)

    def load_segmentation(self, path: Path) -> str:
        return self.load_model(path, "segmentation")

    def load_model(self, path: Path, name: str) -> str:
        assert threading.get_ident() == self.thread, "the scene was touched by another thread"
        self.loaded.append((name, path.read_bytes()))
        return name


def finished(run: Any) -> list[tuple[str, Any]]:
    news: list[tuple[str, Any]] = []
    while not run.done:
        news += run.poll()
        time.sleep(0.02)
    return news


def test_a_volume_comes_back_as_segmentation_and_models(stack: str, scan: Path) -> None:
    from IRISOculusLib.logic import Run

    scene = Scene()
    news = finished(Run(scene, lambda stop: iris.Client(stack, stop=stop), scan))
    assert news[-1] == ("done", ["segmentation", "skin", "fat", "muscle", "bone", "body"])
    assert ("progress", "uploading 100 %") in news
    assert b"TerminologyEntry:" in scene.loaded[0][1]
    assert all(len(content) > 84 for _, content in scene.loaded)


def test_errors_and_cancelling(stack: str, scan: Path) -> None:
    from IRISOculusLib.logic import Run

    run = Run(Scene(), lambda stop: iris.Client(stack, stop=stop), scan, {"task": "nothing"})
    finished(run)
    assert run.error.startswith("bad_option: ")
    run = Run(Scene(), lambda stop: iris.Client(stack, stop=stop), scan)
    run.cancel()
    finished(run)
    assert run.error.startswith("interrupted: ") and not run.nodes

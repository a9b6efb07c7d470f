"""A volume of the scene → its segmentation and models. The service is asked on a thread of
its own; Slicer's objects are touched only by poll, which the interface calls on the main
thread. In: a scene (save_volume, load_segmentation, load_model), the Python client. Out:
nodes in the scene, or an error's text, which begins with its code.
"""

import queue
import tempfile
import threading
from pathlib import Path


class Run:
    """One volume on its way. Make it on the main thread, call poll there until it is done."""

    def __init__(self, scene, client_of, volume, options=None, models=True):
        self.done = False
        self.error = ""
        self.nodes = []
        self._scene, self._stop, self._said = scene, threading.Event(), queue.SimpleQueue()
        self._folder = tempfile.TemporaryDirectory(prefix="iris-slicer-")
        folder = Path(self._folder.name)
        # Slicer writes the volume's pixels and place, and nothing of the patient's header.
        scene.save_volume(volume, folder / "scan.nii.gz")
        self._thread = threading.Thread(
            target=self._work, args=(client_of, folder, options or {}, models), daemon=True
        )
        self._thread.start()

    def cancel(self):
        """Stops, and cancels the job; poll tells when that is done."""
        self._stop.set()

    def poll(self):
        """What is new, as (step, value) pairs: progress with a text, done with the nodes, error with a text."""
        news = []
        while not self._said.empty():
            step, value = self._said.get()
            if step == "files":
                segmentation, models = value
                self.nodes.append(self._scene.load_segmentation(segmentation))
                self.nodes += [self._scene.load_model(path, name) for name, path in models]
                step, value = "done", self.nodes
            if step in ("done", "error"):
                self.done = True
                self.error = value if step == "error" else ""
                self._folder.cleanup()
            news.append((step, value))
        return news

    def _work(self, client_of, folder, options, models):
        job = None
        try:
            with client_of(self._stop) as client:
                try:
                    job = client.submit(folder / "scan.nii.gz", progress=self._progress, **options)
                    job.wait(self._progress)
                    segmentation = job.segmentation(folder / "labels.seg.nrrd")
                    files = []
                    if models:
                        for structure in job.structures:
                            # STL of ours is in LPS millimetres, as Slicer takes it for.
                            path = folder / f"{len(files):04}.stl"
                            files.append((structure["name"], job.export("stl", path, structure["name"])))
                    self._said.put(("files", (segmentation, files)))
                except Exception:
                    if self._stop.is_set() and job is not None:
                        self._stop.clear()
                        job.cancel()
                    raise
        except Exception as error:
            self._said.put(("error", str(error)))

    def _progress(self, now):
        self._said.put(("progress", str(now)))

"""Start the model server.

    python -m iris_totalsegmentator [serve] [--addr :8080] [--weights DIR]
    python -m iris_totalsegmentator --list-tasks [--weights DIR]

SAGEMAKER_BIND_TO_PORT changes the default port; SageMaker appends "serve".
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
import threading
import types
from pathlib import Path

import uvicorn

from . import tuning, weights
from .errors import WeightsError
from .server import App

_GRACE = 8  # seconds that answers to a stop may take


def main() -> None:
    port = os.environ.get("SAGEMAKER_BIND_TO_PORT") or "8080"
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "iris" / "weights"
    parser = argparse.ArgumentParser("iris_totalsegmentator", description="The TotalSegmentator model server.")
    parser.add_argument("serve", nargs="?", choices=["serve"], help="accepted, as SageMaker appends it")
    parser.add_argument("--addr", default=":" + port, help="address to listen on")
    parser.add_argument("--weights", type=Path, default=Path(os.environ.get("IRIS_WEIGHTS") or data))
    parser.add_argument("--list-tasks", action="store_true", help="print the tasks whose weights are there")
    arguments = parser.parse_args()
    if arguments.list_tasks:
        try:
            print(",".join(weights.served(arguments.weights, _license())))
        except WeightsError as e:
            parser.error(str(e))
        return
    tuning.start()
    log = _logger()
    host, _, number = arguments.addr.rpartition(":")
    listener = socket.create_server((host.strip("[]"), int(number)), reuse_port=False, backlog=64)
    asyncio.run(_serve(listener, arguments.weights, log))
    # A thread may be in the middle of a tile: nobody waits for it.
    logging.shutdown()
    os._exit(0 if not _failed.is_set() else 1)


_failed = threading.Event()


async def _serve(listener: socket.socket, root: Path, log: logging.Logger) -> None:
    app = App(log)
    server = _Server(app)
    loop = asyncio.get_running_loop()

    def load() -> None:
        from .segmenter import Segmenter, Settings  # torch: seconds, while /ping already answers

        try:
            segmenter = Segmenter(
                Settings(
                    weights=root,
                    engine=os.environ.get("IRIS_ENGINE") or "resident",
                    device=_device(os.environ.get("IRIS_DEVICE") or "auto"),
                    threads=min(8, _processors()),
                    compiled=os.environ.get("IRIS_COMPILE") == "1",
                    license=_license(),
                    memory=int(os.environ.get("IRIS_MEMORY_MB") or 0) << 20,
                )
            )
            app.segmenter = segmenter
            log.info("ready", extra={"fields": {"tasks": segmenter.tasks, "device": segmenter.settings.device}})
        except (WeightsError, ImportError, ValueError, OSError) as e:
            log.error("no start: %s", e)
            _failed.set()
            loop.call_soon_threadsafe(server.stop)

    threading.Thread(target=load, name="load", daemon=True).start()
    log.info("listening", extra={"fields": {"port": listener.getsockname()[1]}})
    await server.serve([listener])


class _Server(uvicorn.Server):
    """uvicorn, which tells the application of a stop at once."""

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE,
                timeout_keep_alive=120,
                h11_max_incomplete_event_size=16 << 10,
                http="h11",
                ws="none",
                loop="asyncio",
            )
        )
        self.app = app

    def stop(self) -> None:
        self.app.stopping.set()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: types.FrameType | None) -> None:
        self.stop()


def _device(wanted: str) -> str:
    """What torch computes on. A GPU that was asked for and is not there ends the server: on the
    processor one scan would take hours at the GPU's price, and nobody would know why."""
    import torch

    if wanted not in ("auto", "cpu", "cuda"):
        raise ValueError("IRIS_DEVICE: want auto, cpu or cuda")
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise ValueError(
            "IRIS_DEVICE is cuda, but torch sees no GPU: the instance needs one, and a driver that is new enough for "
            f"CUDA {torch.version.cuda} (InferenceAmi of the template)"
        )
    if wanted == "auto":
        return "cuda" if there else "cpu"
    return wanted


def _license() -> str:
    """The licence number; CloudFormation cannot leave a parameter empty that it does not show, so "none" means none."""
    number = os.environ.get("IRIS_LICENSE") or ""
    return "" if number == "none" else number


def _processors() -> int:
    """Those that this process may use: a container's quota counts."""
    count = len(os.sched_getaffinity(0))
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        most, period = quota.read_text().split()
        if most != "max":
            count = min(count, max(1, int(most) // int(period)))
    return count


class _JSON(logging.Formatter):
    """One line of JSON a record; an error by its kind and place, never its text."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname, "msg": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info and record.exc_info[0]:
            trace = record.exc_info[2]
            while trace and trace.tb_next:
                trace = trace.tb_next
            line["error"] = record.exc_info[0].__name__
            line["at"] = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        return json.dumps(line)


def _logger() -> logging.Logger:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JSON())
    log = logging.getLogger("iris")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return log


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # before the server is there
    main()

"""Installs the wheel that was built into an environment of its own, with what it asks for,
and imports it: what it needs is in it and nothing of the tests. In: the folder of the build.
"""

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

WANTED = {"__init__.py", "py.typed", "codes.json", "models.py", "names/keep.py"}


def main(folder: Path) -> int:
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as packed:
        names = {name.removeprefix("iris_oculus/") for name in packed.namelist()}
    with tarfile.open(source) as packed_source:
        sources = {name.partition("/")[2].removeprefix("src/iris_oculus/") for name in packed_source.getnames()}
    for of, found in (("wheel", names), ("source distribution", sources)):
        if not found >= WANTED or any("test" in name for name in found):
            print(f"the {of} holds {sorted(found)}", file=sys.stderr)
            return 1
    with tempfile.TemporaryDirectory() as place:
        venv.create(place, with_pip=True)
        python = Path(place) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
        subprocess.run(install, check=True)
        says = "import iris_oculus as iris; assert iris.what_to_do('busy'); print('iris_oculus', iris.__version__)"
        subprocess.run([str(python), "-W", "error", "-c", says], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

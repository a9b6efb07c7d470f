"""A scan on this machine → what is uploaded of it. In: a NIfTI, NRRD or DICOM file, a .zip
or .tar.gz, or a folder of DICOM slices. Out: a Cargo. With names hidden (the default)
only what the service needs leaves the machine, as from the page (decision 32).

Errors: ScanError, with the code that the service would give where it has one.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Final

from .cargo import CHUNK, Cargo, Piece, Span, zip_of
from .errors import ScanError
from .names import dicom, nifti
from .secret import Secret

# The service's bounds (internal/volume/limits.go).
MAX_ENTRIES: Final = 20_000
MAX_EXPANDED: Final = 8 << 30
MAX_RATIO: Final = 200
RATIO_FLOOR: Final = 64 << 20

_LITTER: Final = frozenset(
    "DICOMDIR AUTORUN.INF DESKTOP.INI THUMBS.DB EHTHUMBS.DB EHTHUMBS_VISTA.DB FOLDER.HTT ICON\r LOST+FOUND "
    "$RECYCLE.BIN".split(" ")
)
_LITTER_FOLDERS: Final = frozenset(
    "__MACOSX|$RECYCLE.BIN|RECYCLER|SYSTEM VOLUME INFORMATION|LOST+FOUND|@EADIR|#RECYCLE|.APPLEDOUBLE|.TRASHES|.TRASH|"
    ".SPOTLIGHT-V100|.FSEVENTSD|.TEMPORARYITEMS|.DOCUMENTREVISIONS-V100|.THUMBNAILS|.GIT|.SVN|.HG|.DATALAD|"
    ".IPYNB_CHECKPOINTS".split("|")
)
_ENDINGS: Final = frozenset("DCM DICOM DIC DC3 DCM30 IMA ACR NII GZ ZIP TGZ TAR".split())


def is_litter(path: str) -> bool:
    """Says whether a file is one that systems and viewers leave (web/src/upload/names.ts)."""
    *folders, last = path.replace("\\", "/").split("/")
    name = last
    head, mark, version = name.rpartition(";")
    if mark and version.isascii() and (version == "" or version.isdigit()):  # of ISO 9660
        name = head
    name = name.removesuffix(".").upper()
    if any(folder.upper() in _LITTER_FOLDERS for folder in folders):
        return True
    if name == "" or name in _LITTER or name.startswith(("._", "~$", "README", "THUMBS.DB:")):
        return True
    return name.startswith(".") and name.rpartition(".")[2] not in _ENDINGS


def open_scan(path: Path, hide: bool, secret: Secret) -> Cargo:
    """The scan at a path, ready to be sent."""
    try:
        if path.is_dir():
            return _folder(_walk(path), hide, secret)
        with path.open("rb") as file:
            head = file.read(544)
        return _file(path, head, hide, secret)
    except FileNotFoundError:
        raise ScanError("not_found", "there is no such scan") from None
    except OSError as error:
        raise ScanError("io_error", f"the scan cannot be read: {error.strerror}") from None


def _file(path: Path, head: bytes, hide: bool, secret: Secret) -> Cargo:
    if is_dicom(head):
        return _folder([path], hide, secret)
    if head.startswith(b"NRRD000"):
        return nifti.nrrd(path, hide)
    if head.startswith(b"PK"):
        return _whole(path, "scan.zip") if not hide else _archive(path, _unzip, secret)
    if head[:2] == b"\x1f\x8b":
        with path.open("rb") as file:
            inner = nifti._unpacked(file, 544)
        if inner[257:262] != b"ustar":
            return nifti.nifti(path, hide)
        return _whole(path, "scan.tar.gz") if not hide else _archive(path, _untar, secret)
    if len(head) >= 348 and int.from_bytes(head[:4], "little") in (348, 540, 0x5C010000, 0x1C020000):
        return nifti.nifti(path, hide)
    raise ScanError(
        "unrecognized", "the file is not a scan: send a NIfTI file, a DICOM file or folder, a .zip or a .tar.gz"
    )


def _whole(path: Path, name: str) -> Cargo:
    return Cargo(name, [Span(path, 0, path.stat().st_size)])


def is_dicom(head: bytes) -> bool:
    """DICOM by its preamble, or a data set without one: the group of its first element and a type or a plausible length."""
    if head[128:132] == b"DICM":
        return True
    if len(head) < 8 or head[:2] not in (b"\x08\0", b"\x02\0", b"\0\x08"):
        return False
    if head[4:6].isalpha() and head[4:6].isupper():
        return True
    return head[0] != 0 and head[3] == 0 and int.from_bytes(head[4:8], "little") < 4096


def _walk(folder: Path) -> list[Path]:
    """Files below a folder in the order of their paths. Links to folders are not followed."""
    found = [path for path in folder.rglob("*") if path.is_file() and not is_litter(str(path.relative_to(folder)))]
    if len(found) > MAX_ENTRIES:
        raise ScanError("archive_too_large", f"the folder holds {len(found)} files, at most {MAX_ENTRIES} are taken")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _folder(files: Iterable[Path], hide: bool, secret: Secret) -> Cargo:
    left_out: dict[str, int] = {}

    def entries() -> Iterator[list[Piece]]:
        for path in files:
            with path.open("rb") as file:
                head = file.read(544)
            slice_like = is_dicom(head)
            why = "" if slice_like else "archive" if head.startswith((b"PK\x03\x04", b"\x1f\x8b")) else "not_dicom"
            if slice_like and hide:
                try:
                    yield dicom.deidentify(path, secret)
                except dicom.NoSlice as no:
                    why = str(no)
            elif slice_like:
                yield [Span(path, 0, path.stat().st_size)]
            if why:
                left_out[why] = left_out.get(why, 0) + 1

    pieces = zip_of(entries())
    if len(pieces) > 1:
        return Cargo("scan.zip", pieces, left_out)
    if left_out.get("burned_in"):
        raise ScanError("burned_in", "the images say that a name may be written in their pixels")
    raise ScanError("empty_folder", "the folder holds no file that could be a slice of a scan")


def _archive(path: Path, unpack: "type[_Unpack]", secret: Secret) -> Cargo:
    """An archive without names: its files are unpacked under numbers, and sent as a folder's."""
    folder = TemporaryDirectory(prefix="iris-")
    try:
        files = unpack(path, Path(folder.name)).all()
        scans = [file for file in files if not _dicom_file(file)]
        if len(files) == 1 and scans:
            with files[0].open("rb") as file:
                head = file.read(544)
            if head.startswith(b"PK"):
                raise ScanError("nested_archive", "the archive holds an archive: unpack it and send what is in it")
            cargo = _file(files[0], head, True, secret)
        else:
            if scans and len(scans) == len(files):
                raise ScanError(
                    "names_not_hidden",
                    "the archive holds no DICOM files, so that what they say of a person cannot be taken out of it",
                )
            cargo = _folder(files, True, secret)
    except BaseException:
        folder.cleanup()
        raise
    if cargo.folder is None:
        cargo.folder = folder
    else:  # what was packed again lies elsewhere
        folder.cleanup()
    return cargo


def _dicom_file(path: Path) -> bool:
    with path.open("rb") as file:
        return is_dicom(file.read(544))


class _Unpack:
    """Files of an archive in a folder, by numbers: no name of the archive is used as a path."""

    def __init__(self, path: Path, into: Path) -> None:
        self.path, self.into = path, into
        self.left = max(RATIO_FLOOR, min(MAX_EXPANDED, path.stat().st_size * MAX_RATIO))
        self.files: list[tuple[str, Path]] = []

    def all(self) -> list[Path]:
        try:
            self.unpack()
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, ValueError):
            raise ScanError("bad_archive", "the archive is damaged, or of a form that is not read") from None
        self.files.sort()
        return [path for _, path in self.files]

    def unpack(self) -> None:
        raise NotImplementedError

    def take(self, name: str, file: IO[bytes]) -> None:
        if len(self.files) >= MAX_ENTRIES:
            raise ScanError("archive_too_large", f"the archive holds more than {MAX_ENTRIES} files")
        path = self.into / f"{len(self.files):06}"
        with path.open("xb") as out:
            while some := file.read(CHUNK):
                self.left -= len(some)
                if self.left < 0:
                    raise ScanError("archive_too_large", "the archive unpacks to far more than it should")
                out.write(some)
        self.files.append((str(PurePosixPath(name)), path))


class _unzip(_Unpack):
    def unpack(self) -> None:
        with zipfile.ZipFile(self.path) as archive:
            for entry in archive.infolist():
                if entry.is_dir() or is_litter(entry.filename):
                    continue
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ScanError("unsupported_archive", "the archive is compressed in a way that is not read")
                if entry.flag_bits & 1:
                    raise ScanError("encrypted_archive", "the archive is encrypted")
                with archive.open(entry) as file:
                    self.take(entry.filename, file)


class _untar(_Unpack):
    def unpack(self) -> None:
        with tarfile.open(self.path, "r:gz") as archive:
            for entry in archive:
                file = archive.extractfile(entry) if entry.isfile() and not is_litter(entry.name) else None
                if file is not None:
                    self.take(entry.name, file)

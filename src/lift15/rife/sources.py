"""Where official weights lie: a file, a folder ``train_log``, or the authors' zip of one."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lift15.rife.unpickle import DAMAGE, LIMIT, check_compression, is_torch_zip, read_tensors
from vfiblocks.errors import CheckpointError

SUFFIXES = (".pkl", ".pth", ".pt", ".bin", ".safetensors")


@dataclass(frozen=True)
class Source:
    """Tensors and where they came from.

    Attributes:
        tensors: name -> tensor, as in the file; other values too, where the file has them.
        file: name of the file given, or of the one found in the folder given.
        member: the file inside a zip.
        sha256: of ``file``.
    """

    tensors: dict[str, Any]
    file: str
    member: str | None
    sha256: str


def read_source(path: str | Path, *, member: str | None = None) -> Source:
    """Read official weights; nothing else in a zip or folder is looked at, and nothing is run.

    Args:
        path: a torch or safetensors file, a folder with one, or a zip with one.
        member: which file of a folder or zip, if there are several.

    Raises:
        CheckpointError: if there is none, or several, or what is there is not whole and harmless.
    """
    path = Path(path)
    try:
        if path.is_dir():
            files = {p.relative_to(path).as_posix(): p for p in _files_in(path)}
            path = files[_choose(list(files), member, path)]
            member = None
        if not path.exists():
            raise CheckpointError(f"no file {path}")
        if not path.is_file():
            raise CheckpointError(f"{path} is not a file")
        found = _member_of(path, member)
        if found is None and member is not None:
            raise CheckpointError(f"{path} is one file, so there is no {member} to choose in it")
        if found is None:
            tensors = read_tensors(path, str(path))
        else:
            member, content = found
            tensors = read_tensors(content, f"{member} in {path}")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from error
    return Source(tensors, path.name, member, digest)


def _files_in(folder: Path) -> list[Path]:
    """The files of a folder and of the ``train_log`` in it."""
    return [p for place in (folder, folder / "train_log") for p in place.glob("*") if p.is_file()]


def _choose(names: Sequence[str], wanted: str | None, where: Path) -> str:
    """The one file with tensors, or the one that was asked for."""
    fitting = [n for n in names if n.lower().endswith(SUFFIXES) and not _is_litter(n)]
    if wanted is not None:
        named = [n for n in fitting if wanted in (n, PurePosixPath(n).name)]
        fitting_or_none = ", ".join(fitting) or "none"
        if len(named) != 1:
            raise CheckpointError(
                f"{where} has {'several' if named else 'no'} {wanted} among its files with "
                f"tensors: {fitting_or_none}"
            )
        return named[0]
    if not fitting:
        raise CheckpointError(f"{where} holds no file that ends in {', '.join(SUFFIXES)}")
    if len(fitting) > 1:
        raise CheckpointError(
            f"{where} holds several files with tensors: {', '.join(sorted(fitting))}; "
            "choose one with --member"
        )
    return fitting[0]


def _is_litter(name: str) -> bool:
    """Copies of file attributes that macOS puts into zips under the names of the files."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith("._")


def _member_of(path: Path, wanted: str | None) -> tuple[str, bytes] | None:
    """Name and content of the tensor file in a zip; None for a file that is no such zip."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return None
    try:
        with zipfile.ZipFile(path) as archive:
            if is_torch_zip(archive):
                return None
            name = _choose([m.filename for m in archive.infolist()], wanted, path)
            info = archive.getinfo(name)
            if info.file_size > LIMIT:
                raise CheckpointError(
                    f"{name} in {path} would unpack to {info.file_size:,} bytes, more than the "
                    f"{LIMIT:,} that any RIFE could need; it is not read"
                )
            check_compression([info], str(path))
            content = io.BytesIO()
            with archive.open(info) as stream:
                while block := stream.read(2**20):
                    content.write(block)
            return name, content.getvalue()
    except DAMAGE as error:
        raise CheckpointError(
            f"{path} is cut short or damaged ({error or type(error).__name__}); download it again"
        ) from error

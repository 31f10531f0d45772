"""Tensors out of a file of unknown origin, without running anything in it."""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vfiblocks.checkpoints import KEY
from vfiblocks.errors import CheckpointError

LIMIT = 2**30
"""Bytes, unpacked: ten times the largest RIFE. What is larger is refused before it is read."""

WRAPPERS = ("state_dict", "model_state_dict", "model", "flownet")
"""Keys under which training scripts put the weights, beside other things."""

DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What torch and zipfile raise on damaged files, depending on where the damage is."""

_PICKLE, _ZIP = b"\x80", b"PK\x03\x04"
_HARMLESS = re.compile(r"collections\.OrderedDict|torch\._utils\._rebuild_\w+|torch\.\w+Storage")


def is_torch_zip(archive: zipfile.ZipFile) -> bool:
    """Whether a zip archive is a torch file; those keep everything in one folder.

    >>> buffer = io.BytesIO()
    >>> torch.save({}, buffer)
    >>> is_torch_zip(zipfile.ZipFile(buffer))
    True
    """
    names = set(archive.namelist())
    return any(
        name.count("/") == 1 and name.endswith("/data.pkl") and f"{name[:-8]}version" in names
        for name in names
    )


def is_checkpoint(path: str | Path) -> bool:
    """Whether a file is a checkpoint of ours: safetensors with a spec inside."""
    try:
        with safe_open(path, framework="pt") as file:
            return KEY in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False


def read_tensors(data: Path | bytes, what: str) -> dict[str, Any]:
    """The state dict in a torch or safetensors file, told apart by content.

    Nothing is run: pickles are read with ``weights_only=True``, and what they hold besides plain
    data and tensors is an error. Wrappers such as ``{"state_dict": ...}`` are taken off.

    Args:
        data: a file, or the content of one.
        what: what to call it in errors.

    Returns:
        Name -> tensor; entries that are no tensors are kept, for the caller to report.

    Raises:
        CheckpointError: for code, damage, absurd sizes, or anything that is no state dict.

    Example:
        >>> buffer = io.BytesIO()
        >>> torch.save({"epoch": 3, "state_dict": {"a": torch.zeros(2)}}, buffer)
        >>> read_tensors(buffer.getvalue(), "example")
        {'a': tensor([0., 0.])}
    """
    size = len(data) if isinstance(data, bytes) else data.stat().st_size
    if size > LIMIT:
        raise CheckpointError(
            f"{what} has {size:,} bytes, more than the {LIMIT:,} that any RIFE could need; "
            "it is not read"
        )
    head = data[:512] if isinstance(data, bytes) else _head(data)
    if head[8:9] == b"{":
        return dict(_read_safetensors(data, what))
    if head.startswith(_ZIP):
        stored = _check_zip(data, what)
        return _unwrapped(_load(data, what, mmap=stored), what)
    if head.startswith(_PICKLE):
        return _unwrapped(_load(data, what, mmap=False), what)
    raise CheckpointError(f"{what} {_impostor(head)}")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


def _impostor(head: bytes) -> str:
    """What a file that holds no tensors is, where that can be told."""
    if not head:
        return "is empty; download it again"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the weights; fetch them with `git lfs pull`"
    if head.lstrip()[:1] == b"<":
        return "is a web page, not weights; the download went wrong, get it with a browser"
    return "is neither a torch file (.pkl, .pth, .pt, .bin) nor safetensors nor a zip of them"


def _read_safetensors(data: Path | bytes, what: str) -> dict[str, Tensor]:
    if isinstance(data, Path) and is_checkpoint(data):
        raise CheckpointError(
            f"{what} was written by vfiblocks and needs no import; give it to --model or "
            "build_model as it is"
        )
    try:
        if isinstance(data, bytes):
            return dict(safetensors.torch.load(data))
        with safe_open(data, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, *DAMAGE) as error:
        raise CheckpointError(
            f"{what} is not a whole safetensors file ({_reason(error)}); download it again"
        ) from error


def _check_zip(data: Path | bytes, what: str) -> bool:
    """Refuse damage and bombs; whether all is stored uncompressed, so that it can be mapped.

    Torch does not compare the checksums that it writes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LIMIT:
                raise CheckpointError(
                    f"{what} would unpack to more than {LIMIT:,} bytes; it is not read"
                )
            if any(member.filename.endswith("/constants.pkl") for member in members):
                raise CheckpointError(
                    f"{what} is a TorchScript program, which is code; nothing was run. Give the "
                    "state dict instead"
                )
            check_compression(members, what)
            if broken := archive.testzip():
                raise CheckpointError(
                    f"{what} is damaged: the checksum of {broken} is wrong; download it again"
                )
            return all(member.compress_type == zipfile.ZIP_STORED for member in members)
    except DAMAGE as error:
        raise CheckpointError(
            f"{what} is cut short or damaged ({_reason(error)}); download it again"
        ) from error


def check_compression(members: Iterable[zipfile.ZipInfo], what: str) -> None:
    """Refuse what Python may lack the means to unpack.

    Raises:
        CheckpointError: for members that are encrypted, or packed by another method than deflation.
    """
    for member in members:
        if member.flag_bits & 0x1:
            raise CheckpointError(f"{member.filename} in {what} is encrypted; unpack it yourself")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CheckpointError(
                f"{member.filename} in {what} is packed by an unusual method; unpack it yourself"
            )


def _load(data: Path | bytes, what: str, *, mmap: bool) -> object:
    source = io.BytesIO(data) if isinstance(data, bytes) else str(data)
    mmap = mmap and isinstance(source, str)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch about formats; what fails is said below
            return torch.load(source, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        if code := _code_in(str(error), data):
            raise CheckpointError(
                f"{what} holds code, not only tensors: it wants '{code}'. Nothing was run. If you "
                "made the file, save the model's state_dict() alone; if not, do not trust it"
            ) from error
        raise CheckpointError(
            f"{what} cannot be read as tensors and plain data; download it again, or save the "
            "model's state_dict() alone with torch.save"
        ) from error
    except DAMAGE as error:
        raise CheckpointError(
            f"{what} is cut short or damaged ({_reason(error)}); download it again"
        ) from error


def _code_in(message: str, data: Path | bytes) -> str | None:
    """The function or class a refused pickle asks for; the pickle is taken apart, not run."""
    content = data if isinstance(data, bytes) else data.read_bytes()
    if named := re.search(r"GLOBAL (\S+)", message):
        # A name at the very end is half of one; the reader takes its last letter for a line's end.
        tail = named[1].rpartition(".")[2].encode()
        return None if tail in content[-len(tail) - 1 :] else named[1]
    texts: list[str] = []
    try:
        for operation, argument, _ in pickletools.genops(io.BytesIO(content)):
            if operation.name in ("GLOBAL", "INST"):
                name = str(argument).replace(" ", ".")
            elif operation.name == "STACK_GLOBAL":
                name = ".".join(texts[-2:])
            else:
                if isinstance(argument, str):
                    texts.append(argument)
                continue
            if not _HARMLESS.fullmatch(name):
                return name
    except ValueError:
        pass  # no whole pickle: no code in what could be read of it
    return None


def _unwrapped(loaded: object, what: str) -> dict[str, Any]:
    """The mapping that holds tensors, out of the dictionaries around it."""
    for _ in range(4):  # a pickle may hold itself
        if not isinstance(loaded, Mapping):
            raise CheckpointError(
                f"{what} holds a {type(loaded).__name__}, not a state dict (names and tensors)"
            )
        if any(isinstance(value, Tensor) for value in loaded.values()):
            return {str(name): value for name, value in loaded.items()}
        inside = [key for key in WRAPPERS if isinstance(loaded.get(key), Mapping)]
        if len(inside) != 1:
            keys = ", ".join(map(repr, list(loaded)[:5])) or "nothing"
            raise CheckpointError(
                f"{what} is no state dict: it holds no tensors, but {keys}; weights are looked for "
                f"under one of {', '.join(WRAPPERS)}"
            )
        loaded = loaded[inside[0]]
    raise CheckpointError(f"{what} is no state dict: dictionaries in dictionaries")


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0]

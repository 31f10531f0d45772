"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from vfiblocks.errors import TrainingError


def write_whole(path: Path, write: Callable[[IO[bytes]], None]) -> Path:
    """Have a file written under another name, brought to the disk, and renamed.

    Args:
        path: an existing file is replaced by the last step only; its folder exists.
        write: what puts the content into an open file.

    Raises:
        TrainingError: it cannot be written, on a full disk for instance; an existing file is as it
            was.

    Example:
        >>> path = getfixture("tmp_path") / "note.txt"
        >>> write_whole(path, lambda file: file.write(b"done")).read_bytes()
        b'done'
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with open(partial, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        old = f"; the earlier {path.name} is kept" if path.exists() else ""
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise TrainingError(f"cannot write {path}: {reason}{old}") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def give_name(source: Path, path: Path) -> Path:
    """A second name for a file that is whole; a copy where the file system has no links.

    Files here are replaced and never changed, so that one name does not follow the other.

    Raises:
        TrainingError: it cannot be written; an existing file is as it was.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> last = write_text(folder / "last", "one")
        >>> best = give_name(last, folder / "best")
        >>> _ = write_text(last, "two")
        >>> best.read_text()
        'one'
    """
    link = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        os.link(source, link)
        os.replace(link, path)
        _sync_folder(path.parent)
    except OSError:
        link.unlink(missing_ok=True)
        with open(source, "rb") as original:
            return write_whole(path, lambda file: shutil.copyfileobj(original, file))
    return path


def write_text(path: Path, text: str) -> Path:
    """A text file, whole or not at all; see :func:`write_whole`."""
    return write_whole(path, lambda file: _put(file, text))


def write_json(path: Path, content: Any) -> Path:
    """A JSON file, whole or not at all; see :func:`write_whole`."""
    return write_text(path, json.dumps(content, indent=1) + "\n")


def _put(file: IO[bytes], text: str) -> None:
    file.write(text.encode("utf-8"))


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk as well, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""Text files that list the items of a data set, one a line."""

from __future__ import annotations

import re
from pathlib import Path

from vfiblocks.errors import DataError

_COMMENT = re.compile(r"(?:^|\s)#.*")  # a # inside a name is part of it


def read_list(path: Path) -> list[str]:
    """The entries of a list file: blanks trimmed, empty lines and comments (``# ...``) left out.

    Args:
        path: the file, UTF-8.

    Returns:
        At least one entry, in the order of the file.

    Raises:
        DataError: the file is missing, no text or empty, or names something twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"{path}: the list file is missing") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the list file cannot be read: {error}") from error
    entries = [_COMMENT.sub("", line).strip() for line in text.splitlines()]
    entries = [entry for entry in entries if entry]
    if not entries:
        raise DataError(f"{path}: the list file is empty")
    seen: set[str] = set()
    for entry in entries:
        if entry in seen:
            raise DataError(f"{path}: {entry!r} is listed twice")
        seen.add(entry)
    return entries


def inside(path: Path, entry: str) -> str:
    """A list entry as a path below the root, with forward slashes.

    Raises:
        DataError: the entry points out of the root; ``path`` is the list that it comes from.

    Example:
        >>> inside(Path("list.txt"), "00001/0266/")
        '00001/0266'
    """
    parts = [part for part in entry.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or not parts or entry.startswith("/"):
        raise DataError(f"{path}: {entry!r} is no path inside the data set")
    return "/".join(parts)

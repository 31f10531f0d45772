"""The temporary folder of a server: who may read what in it, and when it goes away."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from vfiblocks.errors import InputError

RESULTS = "results"


class Workspace:
    """What was uploaded and made, in one folder that nobody else can enter.

    A visitor may read what they uploaded themselves and what was made for them, nothing else.

    Args:
        minutes: after which a file that nobody works on is removed.

    Example:
        >>> with Workspace(minutes=60) as work:
        ...     made = work.new_folder("ann") / "made.png"
        ...     work.may_read("ann", made), work.may_read("bob", made)
        (True, False)
    """

    def __init__(self, *, minutes: float) -> None:
        if not minutes > 0:
            raise InputError(f"files must be kept for more than 0 minutes, got {minutes:g}")
        self.root = Path(tempfile.mkdtemp(prefix="vfi-serve-")).resolve()  # for its owner alone
        self.seconds = minutes * 60
        self._uploads: dict[str, set[Path]] = defaultdict(set)
        self._in_use: dict[Path, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def note_upload(self, visitor: str, path: str | Path) -> None:
        """Let a visitor read what they have uploaded."""
        with self._lock:
            self._uploads[visitor].add(Path(path).resolve())

    def new_folder(self, visitor: str) -> Path:
        """An empty folder for what is made for a visitor."""
        folder = self.root / RESULTS / _folder_of(visitor) / secrets.token_hex(8)
        folder.mkdir(parents=True)
        return folder

    @contextmanager
    def filling(self, visitor: str) -> Iterator[Path]:
        """An empty folder, kept while it is filled and removed if that fails."""
        folder = self.new_folder(visitor)
        try:
            with self.using([folder]):
                yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def may_read(self, visitor: str, path: str | Path) -> bool:
        """Whether a file is the visitor's own, links and ``..`` followed to where they lead."""
        try:
            place = Path(path).resolve()
        except (OSError, ValueError, RuntimeError):  # a zero byte, a loop of links
            return False
        with self._lock:
            if place in self._uploads.get(visitor, ()):
                return place.is_relative_to(self.root)
        return place.is_relative_to(self.root / RESULTS / _folder_of(visitor))

    def own(self, visitor: str, paths: Sequence[str | Path]) -> list[Path]:
        """The files as paths, each of them the visitor's own.

        Raises:
            InputError: one of them is not, or is not there any more.
        """
        for path in paths:
            if not self.may_read(visitor, path) or not Path(path).is_file():
                raise InputError(f"{Path(path).name} is not here any more; drop it again")
        return [Path(path) for path in paths]

    @contextmanager
    def using(self, paths: Sequence[Path]) -> Iterator[None]:
        """Keep files while they are worked on; their time begins anew afterwards."""
        places = [path.resolve() for path in paths]
        with self._lock:
            for place in places:
                self._in_use[place] += 1
        try:
            yield
        finally:
            with self._lock:
                for place in places:
                    with suppress(OSError):
                        os.utime(place)
                    self._in_use[place] -= 1
                    if not self._in_use[place]:
                        del self._in_use[place]

    def sweep(self) -> int:
        """Remove what is too old and not in use; how many files that were."""
        removed, oldest = 0, time.time() - self.seconds
        with self._lock:
            in_use = set(self._in_use)
            for place in sorted(self.root.rglob("*"), reverse=True):  # files before their folders
                if any(used == place or place in used.parents for used in in_use):
                    continue
                if any(used in place.parents for used in in_use):
                    continue
                with suppress(OSError):  # not empty, or gone already
                    if place.lstat().st_mtime > oldest:
                        continue
                    if place.is_dir() and not place.is_symlink():
                        place.rmdir()
                        continue
                    place.unlink()
                    removed += 1
            for paths in self._uploads.values():
                paths.intersection_update([path for path in paths if path.exists()])
        return removed

    def start_sweeping(self) -> None:
        """Sweep in the background until the workspace is closed."""

        def work() -> None:
            while not self._closed.wait(min(60.0, self.seconds / 4)):
                self.sweep()

        threading.Thread(target=work, name="vfi-serve-sweep", daemon=True).start()

    def close(self) -> None:
        """Remove everything."""
        self._closed.set()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _folder_of(visitor: str) -> str:
    """A name that tells nobody who the visitor is; it is part of addresses."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:32]

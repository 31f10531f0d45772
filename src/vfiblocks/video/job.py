"""The folder in which a long conversion keeps what is finished, beside its output.

Anybody may be killed at any moment, and several may write at once, on one machine or on a file
system they share. So nothing appears under its name before it is whole, temporary names are used by
one process only, and a file that was there first stays. A segment counts as finished once its
receipt is there and says what its content is.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import is_disk_full, reason

_JOB, _PLAN, _JOINED, _LOCK = "job.json", "plan.json", "joined.json", "lock"
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Receipt:
    """What a finished segment holds.

    Args:
        frames: how many frames.
        first: when the first is shown, in seconds as a fraction; None without any.
        last: when the last is shown.
        notes: what the sink had to say.
        sha256: of the file, or of names and contents of the images; empty without any.
    """

    frames: int
    first: str | None = None
    last: str | None = None
    notes: tuple[str, ...] = ()
    sha256: str = ""


class JobFolder:
    """Finished segments and what they are parts of, in ``.NAME.segments`` beside the output.

    Args:
        output: the file or folder to be made.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.path = output.parent / f".{output.name}.segments"

    @property
    def exists(self) -> bool:
        """Whether a job was begun."""
        return (self.path / _JOB).is_file()

    @contextmanager
    def beginning(
        self, job: Mapping[str, Mapping[str, Any]], place: Mapping[str, Any]
    ) -> Iterator[None]:
        """Begin a job if what is within succeeds, or go on with one that is the same.

        Args:
            job: groups of everything that decides what comes out.
            place: where things were found and how to store them, for whoever joins the segments.

        Raises:
            VideoError: a different job was begun, or the folder cannot be written.
        """
        if self.exists:
            self.compare(job)
        with self.writing():
            self.path.mkdir(exist_ok=True)
        try:
            yield
            with self.writing():
                self._publish(_JOB, {**job, "place": place})
        finally:
            with suppress(OSError):  # there is something in it
                self.path.rmdir()
        self.compare(job)

    def compare(self, job: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse to mix parts of two different outputs.

        Raises:
            VideoError: the job that was begun differs, and in what.
        """
        begun = self.job()
        for group, values in json.loads(json.dumps(job)).items():
            before = begun.get(group, {})
            for name in dict.fromkeys((*values, *before)):  # the first wish first
                if values.get(name) != before.get(name):
                    what = name if group == "options" else f"{group} {name}"
                    raise VideoError(
                        f"{self.path}: was begun with {what} {_words(before.get(name))}, now it "
                        f"is {_words(values.get(name))}; go on as it was begun, or remove that "
                        "folder to start again"
                    )

    def job(self) -> dict[str, dict[str, Any]]:
        """What was begun.

        Raises:
            VideoError: nothing was, or it cannot be read.
        """
        if not self.exists:
            raise VideoError(f"{self.output}: nothing was begun for it ({self.path} is missing)")
        return self._read(_JOB)

    def plan(self) -> dict[str, Any] | None:
        """The plan, if somebody has made it."""
        return self._read(_PLAN) if (self.path / _PLAN).is_file() else None

    def publish_plan(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Offer a plan; the one that was there first is used by everybody."""
        with self.writing():
            self._publish(_PLAN, plan)
        return self._read(_PLAN)

    def joined(self) -> dict[str, Any] | None:
        """The report of a join that was complete but for cleaning up."""
        return self._read(_JOINED) if (self.path / _JOINED).is_file() else None

    def publish_joined(self, report: dict[str, Any]) -> None:
        """Note that everything is done but for renaming and cleaning up."""
        with self.writing():
            (self.path / _JOINED).unlink(missing_ok=True)
            self._publish(_JOINED, report)

    def segment(self, number: int, receipt: Receipt) -> Path:
        """Where the packets or images of a finished segment are.

        The name tells the content, so that two who make the same segment do not get in each
        other's way even if their content differs in a bit.
        """
        return self.path / f"{number:06d}-{receipt.sha256[:16]}"

    def scratch(self) -> Path:
        """A name that nobody else uses."""
        return self.path / f"work-{os.getpid()}-{secrets.token_hex(6)}"

    def finish(self, number: int, scratch: Path, receipt: Receipt) -> None:
        """Give a segment its name, unless somebody was faster.

        Args:
            number: of the segment.
            scratch: the whole file or folder; missing if there are no frames.
            receipt: what it holds, without the checksum.

        Raises:
            VideoError: writing fails.
        """
        with self.writing():
            receipt = replace(receipt, sha256=content_sha256(scratch, sync=True))
            place = self.segment(number, receipt)
            if receipt.frames:
                if place.is_dir():  # images without a receipt, of one who was killed here
                    remove(place)
                os.replace(scratch, place)
            self._publish(_receipt_name(number), asdict(receipt))
            if self._read(_receipt_name(number))["sha256"] != receipt.sha256:
                remove(place)  # somebody was faster

    def is_finished(self, number: int) -> bool:
        """Whether there is a receipt, which says nothing about damage since."""
        return (self.path / _receipt_name(number)).is_file()

    def receipt(self, number: int) -> Receipt | None:
        """What a segment holds, if it is finished and undamaged."""
        if not self.is_finished(number):
            return None
        try:
            plain = self._read(_receipt_name(number))
            receipt = Receipt(**{**plain, "notes": tuple(plain["notes"])})
            content = content_sha256(self.segment(number, receipt)) if receipt.frames else ""
        except (VideoError, OSError, KeyError, TypeError):
            return None
        return receipt if content == receipt.sha256 else None

    def discard(self, number: int) -> None:
        """Forget a segment, receipt first."""
        (self.path / _receipt_name(number)).unlink(missing_ok=True)
        for content in self.path.glob(f"{number:06d}-*"):
            remove(content)

    def remove(self) -> None:
        """Remove everything; the note that all is done goes last, so that a kill leaves it."""
        for entry in sorted(self.path.iterdir(), key=lambda entry: entry.name == _JOINED):
            remove(entry)
        with suppress(OSError):  # somebody has put a file of their own there
            self.path.rmdir()

    @contextmanager
    def lock(self, *, alone: bool) -> Iterator[None]:
        """Keep others out while segments are joined and removed; the system frees it at a kill.

        Args:
            alone: False for those who only add segments, of whom there may be many.

        Raises:
            VideoError: somebody else is at work.
        """
        try:
            import fcntl
        except ImportError:  # Windows
            yield
            return
        with self.writing():
            handle = (self.path / _LOCK).open("a")
        with handle:
            try:
                fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise VideoError(
                    f"{self.output}: another process is at work on it; wait until it has ended"
                ) from error
            except OSError:  # a network file system without locks
                pass
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Say in one line what the disk complains about.

        Raises:
            VideoError: instead of any OSError.
        """
        try:
            yield
        except OSError as error:
            if is_disk_full(error):
                raise VideoError(
                    f"{self.path}: the disk is full; free some space and resume (what was finished "
                    "is kept)"
                ) from error
            raise VideoError(f"{self.path}: cannot be written: {reason(error)}") from error

    def _publish(self, name: str, value: Any) -> None:
        """Write a whole file, unless there is one of that name."""
        scratch = self.scratch()
        try:
            with scratch.open("x", encoding="utf-8") as file:
                json.dump(value, file)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(scratch, self.path / name)  # unlike a rename, it never replaces
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                if not (self.path / name).exists():
                    os.replace(scratch, self.path / name)
        finally:
            scratch.unlink(missing_ok=True)

    def _read(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise VideoError(f"{path}: cannot be read: {reason(error)}") from error
        if not isinstance(plain, dict):
            raise VideoError(f"{path}: is damaged; remove {self.path} to start again")
        return plain


def content_sha256(path: Path, *, sync: bool = False) -> str:
    """A checksum of a file, or of the names and contents of a folder's files.

    Args:
        path: the file or folder; one that is missing is empty.
        sync: make sure first that it outlives a power failure.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []
    for file in files:
        if path.is_dir():
            digest.update(f"{file.name}\n{file.stat().st_size}\n".encode())
        with file.open("rb") as content:
            if sync:
                os.fsync(content.fileno())
            while block := content.read(_MEGABYTE):
                digest.update(block)
    return digest.hexdigest() if files else ""


def remove(path: Path) -> None:
    """Remove a file or a folder; nothing happens if it is gone already."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _receipt_name(number: int) -> str:
    return f"{number:06d}.json"


def _words(value: Any) -> str:
    return "unset" if value is None else str(value)

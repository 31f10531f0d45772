"""What is known of a video once every frame of it has been seen, stored for the next time."""

from __future__ import annotations

import bisect
import hashlib
import json
import logging
import math
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from lift15.data.sources.checking import count_of_frames
from vfiblocks.errors import MissingDependency, VideoError
from vfiblocks.video import CutMarker, DetectedCuts, Frame, RepeatFilter, VideoFile
from vfiblocks.video.survey import checksum

_log = logging.getLogger(__name__)

_VERSION = 1  # of what is stored; older ones are made anew


@dataclass(frozen=True)
class VideoIndex:
    """Where the frames of a video are and what they are to each other.

    Args:
        width: of the coded picture.
        height: of the coded picture.
        unit: seconds per tick, as a fraction in words: "1/12800".
        ticks: when each frame is shown; increasing.
        checksums: of the samples of each frame.
        keys: numbers of the frames at which a decoder can start.
        shots: numbers of the frames that start a shot; none if cuts were not looked for.
        repeats: numbers of the frames that repeat the one before.
        notes: what a user should know, in plain sentences.
    """

    width: int
    height: int
    unit: str
    ticks: tuple[int, ...]
    checksums: tuple[int, ...]
    keys: tuple[int, ...]
    shots: tuple[int, ...]
    repeats: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ticks)

    def time(self, number: int) -> Fraction:
        """When a frame is shown, in seconds."""
        return self.ticks[number] * Fraction(self.unit)

    def number(self, time: Fraction) -> int | None:
        """Which frame is shown from exactly this time on; None if there is none.

        >>> index = VideoIndex(8, 8, "1/25", (0, 1, 3), (0, 0, 0), (0,), (), ())
        >>> index.number(Fraction(3, 25)), index.number(Fraction(2, 25))
        (2, None)
        """
        ticks = time / Fraction(self.unit)
        place = bisect.bisect_left(self.ticks, ticks)
        return place if place < len(self) and self.ticks[place] == ticks else None


class IndexStore:
    """Indexes of videos on a disk, one small file each.

    A stored index holds for one path, size and time of change, for the options of looking, and for
    the version of FFmpeg that decoded; otherwise it is stale and made anew.

    Args:
        folder: "" for ``vfiblocks/videos`` in the user's folder for caches, which is
            ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Attributes:
        trouble: why an index could not be stored, in words; "" if that has not happened.
        stopped: set it, and indexes being made in other threads are given up.
    """

    def __init__(self, folder: str | Path = "") -> None:
        caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        self.folder = Path(folder or Path(caches) / "vfiblocks" / "videos").expanduser()
        self.trouble = ""
        self.stopped = False

    def get(self, path: Path, *, cuts: float | None) -> VideoIndex:
        """The index of a video, from the store or made now.

        Args:
            path: of the video.
            cuts: the threshold for cuts, or None not to look for any.

        Raises:
            VideoError: the video cannot be read.
            MissingDependency: PyAV, or what finds cuts, is not installed.
        """
        origin = _origin(path, cuts)
        stored = self.folder / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()}.json"
        index = _stored(stored, origin)
        if index is None:
            marker = None if cuts is None else DetectedCuts(cuts)
            index = make_index(path, cuts=marker, stopped=lambda: self.stopped)
            _log.info("%s was looked through: %s", path, count_of_frames(len(index)))
            self._store(stored, {"origin": origin, "index": asdict(index)})
        return index

    def _store(self, path: Path, plain: dict[str, object]) -> None:
        temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_text(json.dumps(plain, separators=(",", ":")), encoding="utf-8")
                os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            # Reading goes on without; it only takes as long again the next time
            self.trouble = f"{self.folder}: {error.strerror or error}"


def make_index(
    path: Path, *, cuts: CutMarker | None, stopped: Callable[[], bool] = lambda: False
) -> VideoIndex:
    """Decode a video once and note what there is to know of every frame.

    Args:
        path: the video.
        cuts: finds cuts; None not to look for any.
        stopped: asked at every frame whether to give up.

    Raises:
        VideoError: the video cannot be read, or is damaged somewhere; or the work was given up.
    """
    numbers: dict[Fraction, int] = {}
    checksums: list[int] = []
    keys: list[int] = []
    shots: list[int] = []

    def seen(video: VideoFile) -> Iterator[Frame]:
        for frame in video:
            if stopped():
                raise VideoError(f"{path}: looking through the video was stopped")
            if frame.picture is not None and frame.picture.key_frame:
                keys.append(len(numbers))
            numbers[frame.pts] = len(numbers)
            checksums.append(checksum(frame))
            yield frame

    def noted(frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if frame.starts_shot:
                shots.append(numbers[frame.pts])
            yield frame

    with VideoFile(path) as video:
        marked = seen(video) if cuts is None else cuts.mark(seen(video))
        kept = {numbers[frame.pts] for frame in RepeatFilter(drop=True).filter(noted(marked))}
    unit = Fraction(1, math.lcm(*(time.denominator for time in numbers)))
    return VideoIndex(
        width=video.info.width,
        height=video.info.height,
        unit=str(unit),
        ticks=tuple(int(time / unit) for time in numbers),
        checksums=tuple(checksums),
        keys=tuple(keys),
        shots=tuple(shots),
        repeats=tuple(number for number in range(len(numbers)) if number not in kept),
        notes=video.notes,
    )


def _origin(path: Path, cuts: float | None) -> dict[str, object]:
    """What an index holds for."""
    try:
        import av
    except ImportError as error:
        raise MissingDependency(
            "reading video files needs PyAV, which is not installed; "
            "run: pip install 'vfiblocks[video]'"
        ) from error
    try:
        known = path.stat()
    except OSError as error:
        raise VideoError(f"{path}: cannot be read: {error.strerror or error}") from error
    return {
        "version": _VERSION,
        "path": str(path.resolve()),
        "size": known.st_size,
        "changed": known.st_mtime_ns,
        "cuts": cuts,
        "decoder": list(av.library_versions["libavcodec"]),
    }


def _stored(path: Path, origin: dict[str, object]) -> VideoIndex | None:
    """The index in a file; None if it is missing, damaged or stale."""
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if plain["origin"] != origin:
            return None
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in plain["index"].items()
        }
        return VideoIndex(**fields)
    except (OSError, ValueError, KeyError, TypeError):
        return None

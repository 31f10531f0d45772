"""What every source of frames and every sink for them offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo


class Source(ABC):
    """Frames one by one, in order of time, in constant memory.

    Iterating again starts again from the first frame. Leaving the ``with`` block closes whatever
    an abandoned iteration has left open.

    Attributes:
        path: where the frames come from.
        info: what is known beforehand.
        notes: what a user should know about how the source was read, in plain sentences.
    """

    path: Path
    info: VideoInfo
    notes: tuple[str, ...] = ()

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]: ...

    def frames_near(self, pts: Fraction) -> Iterator[Frame]:
        """Frames from a point on that lies at ``pts`` or before, as near as can be reached quickly.

        Nothing is promised but speed: the first frames may come out damaged or with other times,
        which :class:`~vfiblocks.video.sections.SectionReader` finds out. Unless a source knows
        better, all frames.
        """
        return iter(self)

    @abstractmethod
    def close(self) -> None:
        """Close every open file; iterations under way end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Sink(ABC):
    """Takes frames in order of time; the output appears complete or not at all.

    Frames go to a temporary name beside the output. Leaving the ``with`` block normally finishes
    the output and gives it its name; leaving it by an exception, Ctrl-C included, removes the
    temporary and leaves an older output as it was.

    Attributes:
        path: where the output will be.
        frames: frames written so far.
        audio_packets: audio packets copied so far.
        notes: what a user should know about how the output is stored, in plain sentences.
    """

    path: Path
    frames: int = 0
    audio_packets: int = 0
    notes: tuple[str, ...] = ()
    first_pts: Fraction | None = None
    last_pts: Fraction | None = None

    def write(self, frame: Frame) -> None:
        """Append a frame.

        Raises:
            VideoError: the frame has another size or an earlier time than fits, or writing fails.
        """
        self._write(frame)
        self.frames += 1
        self.first_pts = frame.pts if self.first_pts is None else self.first_pts
        self.last_pts = frame.pts

    @abstractmethod
    def _write(self, frame: Frame) -> None: ...

    @abstractmethod
    def commit(self) -> None:
        """Finish the output and give it its name."""

    @abstractmethod
    def abort(self) -> None:
        """Remove everything written; an older output stays as it was."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self.commit()
        except BaseException:  # Ctrl-C while finishing must not leave a temporary either
            self.abort()
            raise

"""How much a visitor of the page may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from vfiblocks.errors import InputError
from vfiblocks.video import Timeline, VideoInfo

_MEGA = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What is refused before work begins, or stopped when it turns out only then.

    Args:
        megabytes: of one file, in millions of bytes.
        seconds: of a video.
        frames: of a made video, its own and the new ones.
        megapixels: of one frame or picture, in millions; 2.1 is 1920x1080.
        pictures: dropped together; as many moments may be asked for between two of them.
        minutes: that one request may be worked on.

    Raises:
        InputError: one of them is not above zero.

    Example:
        >>> Limits(seconds=10).check_length(12.5)
        Traceback (most recent call last):
        vfiblocks.errors.InputError: the video lasts 12.5 s, and this server takes up to 10 s...
    """

    megabytes: float = 200.0
    seconds: float = 60.0
    frames: int = 3600
    megapixels: float = 2.1
    pictures: int = 16
    minutes: float = 10.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InputError(f"the limit of {field.name} must be above 0, got {value:g}")

    def __str__(self) -> str:
        """In one line, for the page.

        >>> print(Limits())
        200 MB a file, 60 s and 3600 frames a video, 2.1 megapixels, 16 pictures, 10 min of work
        """
        return (
            f"{self.megabytes:g} MB a file, {self.seconds:g} s and {self.frames} frames a video, "
            f"{self.megapixels:g} megapixels, {self.pictures} pictures, "
            f"{self.minutes:g} min of work"
        )

    @property
    def bytes(self) -> int:
        """Of one file."""
        return int(self.megabytes * _MEGA)

    def check_file(self, path: Path) -> None:
        """Refuse a file that is too big.

        Raises:
            InputError: it is, or it is not there any more.
        """
        try:
            size = path.stat().st_size
        except OSError as error:
            raise InputError(f"{path.name} is not here any more; drop it again") from error
        if size > self.bytes:
            raise InputError(
                f"{path.name} has {size / _MEGA:.1f} MB, and this server takes up to "
                f"{self.megabytes:g} MB"
            )

    def check_size(self, width: int, height: int, name: str) -> None:
        """Refuse pictures with too many pixels.

        Raises:
            InputError: they have.
        """
        if width * height > self.megapixels * _MEGA:
            raise InputError(
                f"{name} is {width}x{height}, {width * height / _MEGA:.1f} megapixels, and this "
                f"server takes up to {self.megapixels:g}; make it smaller"
            )

    def check_length(self, seconds: float) -> None:
        """Refuse a video that lasts too long.

        Raises:
            InputError: it does.
        """
        if seconds > self.seconds:
            raise InputError(
                f"the video lasts {seconds:.1f} s, and this server takes up to {self.seconds:g} s; "
                "cut it"
            )

    def check_frames(self, frames: int) -> None:
        """Refuse an output of too many frames.

        Raises:
            InputError: it has.
        """
        if frames > self.frames:
            raise InputError(
                f"that makes {frames} frames or more, and this server makes up to {self.frames}; "
                "choose a lower rate or a shorter video"
            )

    def check_video(self, info: VideoInfo, timeline: Timeline, name: str) -> None:
        """Refuse a video as far as its header tells; the rest shows while it is made.

        Raises:
            InputError: it is too large, too long, or would have too many frames.
        """
        self.check_size(info.width, info.height, name)
        if info.duration is not None:
            self.check_length(float(info.duration))
        if info.frames is not None:
            self.check_frames(timeline.expected(info, max(info.frames, 1)))

    def check_pictures(self, files: Sequence[Path], moments: Sequence[float]) -> None:
        """Refuse too few or too many pictures, or too many moments between them.

        Raises:
            InputError: there are.
        """
        if len(files) < 2:
            raise InputError(f"two pictures are needed, and {len(files)} came; drop another")
        for count, what in ((len(files), "pictures"), (len(moments), "moments")):
            if count > self.pictures:
                raise InputError(
                    f"{count} {what} are too many; this server takes up to {self.pictures}"
                )
        for file in files:
            self.check_file(file)

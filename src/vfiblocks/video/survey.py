"""One look at every frame of a video before any work is done, so that parts can be made alone.

Whether a frame starts a shot or repeats the one before can only be told from the frames around it,
and which number a frame has only by counting from the first. So the video is decoded once, without
a model; what was seen is a few numbers per frame, which are stored and shared by everyone who
makes a part. The checksums tell them whether a frame that they found by seeking is the right one.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from vfiblocks.errors import VideoError
from vfiblocks.video.frame import Frame
from vfiblocks.video.layouts import planar_layout
from vfiblocks.video.pixels import plane_samples, repacked


@dataclass(frozen=True)
class Survey:
    """What is known of each source frame.

    Args:
        times: when each source frame is shown, in seconds.
        checksums: of their samples; 0 for frames that were not decoded.
        kept: numbers of the frames that take part; the others only repeat one of them.
        shots: numbers of the frames that start a shot.
        repeats: how many frames repeat the one before, taking part or not.
        notes: what a user should know, in plain sentences.
    """

    times: tuple[Fraction, ...]
    checksums: tuple[int, ...]
    kept: tuple[int, ...]
    shots: frozenset[int] = frozenset()
    repeats: int = 0
    notes: tuple[str, ...] = ()

    @property
    def gaps(self) -> int:
        """How many gaps there are between frames that take part."""
        return len(self.kept) - 1

    def time(self, position: int) -> Fraction:
        """When the frame at ``position`` among those that take part is shown."""
        return self.times[self.kept[position]]

    def repeats_of(self, position: int) -> tuple[Fraction, ...]:
        """When the frame at ``position`` among those that take part is repeated."""
        end = self.kept[position + 1] if position + 1 < len(self.kept) else len(self.times)
        return self.times[self.kept[position] + 1 : end]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, exact: times are whole multiples of the unit."""
        unit = math.lcm(*(time.denominator for time in self.times))
        everyone = self.kept == tuple(range(len(self.times)))
        return {
            "unit": f"1/{unit}",
            "times": [int(time * unit) for time in self.times],
            "checksums": list(self.checksums),
            "kept": None if everyone else list(self.kept),
            "shots": sorted(self.shots),
            "repeats": self.repeats,
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`.

        >>> survey = Survey((Fraction(0), Fraction(1, 24)), (7, 8), (0, 1), frozenset({1}))
        >>> Survey.from_dict(survey.to_dict()) == survey
        True
        """
        unit = Fraction(plain["unit"])
        times = tuple(ticks * unit for ticks in plain["times"])
        kept = range(len(times)) if plain["kept"] is None else plain["kept"]
        return cls(
            times=times,
            checksums=tuple(plain["checksums"]),
            kept=tuple(kept),
            shots=frozenset(plain["shots"]),
            repeats=plain["repeats"],
            notes=tuple(plain["notes"]),
        )


def survey_frames(
    frames: Iterable[Frame], look: Callable[[Iterator[Frame]], Iterator[Frame]]
) -> Survey:
    """Look at every frame.

    Args:
        frames: of the source, in order of time.
        look: marks cuts and leaves out repeats; gives back the frames that take part.

    Raises:
        VideoError: there are fewer than two frames, or reading them fails.

    Example:
        >>> import torch
        >>> clip = [Frame(Fraction(i, 25), rgb=torch.zeros(3, 2, 2)) for i in range(3)]
        >>> survey_frames(clip, lambda frames: frames).kept
        (0, 1, 2)
    """
    numbers: dict[Fraction, int] = {}
    checksums: list[int] = []

    def seen() -> Iterator[Frame]:
        for frame in frames:
            numbers[frame.pts] = len(numbers)
            checksums.append(checksum(frame))
            yield frame

    kept: list[int] = []
    shots: set[int] = set()
    for frame in look(seen()):
        number = numbers[frame.pts]
        kept.append(number)
        if frame.starts_shot:
            shots.add(number)
    if len(kept) < 2:
        what = "only one frame: interpolation needs two" if kept else "no frames"
        raise VideoError(f"{what}: there is nothing to interpolate")
    return Survey(tuple(numbers), tuple(checksums), tuple(kept), frozenset(shots))


def checksum(frame: Frame) -> int:
    """A checksum of a decoded frame's samples, 0 for a frame that was not decoded."""
    picture = frame.picture
    if picture is None:
        return 0
    layout = planar_layout(picture.format.name)
    value = 0
    if layout.name != picture.format.name:
        picture = repacked(picture, layout.name) or picture.reformat(format=layout.name)
    for plane in picture.planes:
        rows = plane_samples(plane, layout)
        value = zlib.crc32(rows.tobytes(), value)
    return value

"""Made frames of a video, each with the original before it, to be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from lift15.serve.jobs import Job
from vfiblocks.video import Frame, open_source, write_picture

COUNT = 8
"""So many of them, from all over a video."""

_SAME = Fraction(1, 1000)  # containers round times, Matroska to milliseconds


@dataclass(frozen=True)
class Pair:
    """A made frame and the original before it, as PNG.

    Args:
        time: of the made frame, in seconds.
        original: the source's frame before it.
        made: the frame that was made.
    """

    time: float
    original: Path
    made: Path


def write_pairs(source: Path, made: Path, frames: int, folder: Path, job: Job) -> list[Pair]:
    """Pairs from all over a video; none where nothing was made.

    Args:
        source: the video.
        made: the same at another rate.
        frames: that ``made`` has.
        folder: for the pictures.
        job: asked after every frame whether to go on.

    Raises:
        VideoError: a frame cannot be read, or a picture not written.
        Stopped: the job was.
    """
    wanted = [frames * (2 * i + 1) // (2 * COUNT) for i in range(COUNT)]
    pairs = []
    with open_source(source) as originals, open_source(made) as output:
        turns = round(originals.info.rotation / 90)
        for before, frame in spread(originals, _checked(output, job), wanted):
            number = len(pairs) + 1
            pair = Pair(
                float(frame.pts), folder / f"original-{number}.png", folder / f"made-{number}.png"
            )
            write_picture(pair.original, upright(before.rgb, turns))
            write_picture(pair.made, upright(frame.rgb, turns))
            pairs.append(pair)
    return pairs


def spread(
    originals: Iterable[Frame], output: Iterable[Frame], wanted: Iterable[int]
) -> Iterator[tuple[Frame, Frame]]:
    """For each wanted index the next made frame from there on, after the original before it.

    Args:
        originals: frames of the source in order of time.
        output: frames of the result, likewise; those at the times of originals are no made ones.
        wanted: indices into ``output``, in order.

    Example:
        >>> def clip(*times):
        ...     return [Frame(Fraction(t, 4), rgb=torch.zeros(3, 2, 2)) for t in times]
        >>> pairs = spread(clip(0, 2, 4), clip(0, 1, 2, 3, 4), [0, 2])
        >>> [(str(before.pts), str(made.pts)) for before, made in pairs]
        [('0', '1/4'), ('1/2', '3/4')]
    """
    coming, targets = iter(originals), iter(wanted)
    before, after = None, next(coming, None)
    target = next(targets, None)
    for index, frame in enumerate(output):
        if target is None:
            return
        while after is not None and after.pts <= frame.pts + _SAME:
            before, after = after, next(coming, None)
        if index < target or before is None or frame.pts - before.pts <= _SAME:
            continue
        yield before, frame
        while target is not None and target <= index:
            target = next(targets, None)


def upright(image: Tensor, turns: int) -> Tensor:
    """(..., H, W) as players show it, turned counter-clockwise by so many quarters.

    >>> upright(torch.zeros(3, 2, 4), 1).shape
    torch.Size([3, 4, 2])
    """
    return torch.rot90(image, turns, dims=(-2, -1))


def _checked(frames: Iterable[Frame], job: Job) -> Iterator[Frame]:
    for frame in frames:
        job.check()
        yield frame

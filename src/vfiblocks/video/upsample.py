"""A stream of frames, shown at other moments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video.frame import Frame, blend_alpha
from vfiblocks.video.gaps import Gap, gaps
from vfiblocks.video.timeline import EqualParts, Moment, Timeline
from vfiblocks.window import Window


class FrameMaker(Protocol):
    """Anything that makes the frames at some moments between two frames from the frames around.

    All moments of a gap are asked for at once, so that what does not depend on time, or what one
    frame needs of another, is worked out once. A model is wrapped as
    ``lambda gap, windows: (model(gap.frames, w, gap.valid).image for w in windows)``.
    """

    def __call__(self, gap: Gap, windows: Sequence[Window], /) -> Iterable[Tensor]:
        """Make frames.

        Args:
            gap: the frames around, as objects that keep their identity from gap to gap
                (``gap.neighbours``), and as tensors (``gap.frames``, ``gap.valid``).
            windows: for each frame to make when the neighbours were taken, and its moment; in
                order of time.

        Returns:
            One (1, 3, H, W) in [0, 1] per window; a generator is asked for one after the other.
        """
        ...


@dataclass(frozen=True)
class Part:
    """Which gaps are shown when the frames are themselves cut out of a longer video.

    Args:
        origin: time of the first frame of the whole video, from which steady rates count.
        skip: so many gaps come before, for context only.
        gaps: so many are shown.
        ends: whether the whole video ends after them, so that its last frame is shown as well.
    """

    origin: Fraction
    skip: int
    gaps: int
    ends: bool


def upsample(
    source: Iterable[Frame],
    make_frames: FrameMaker,
    *,
    factor: int | None = None,
    timeline: Timeline | None = None,
    left: int = 1,
    right: int = 1,
    rounding: Fraction = Fraction(0),
    device: torch.device | str = "cpu",
    part: Part | None = None,
) -> Iterator[Frame]:
    """Show a video at other moments: source frames where they fall on one, made ones elsewhere.

    Memory is constant: ``left + right`` source frames are held, each converted to RGB once. At a
    cut (see :attr:`Frame.starts_shot <vfiblocks.video.frame.Frame>`) nothing is made: the nearer
    frame is shown again, the one before the cut halfway.

    Args:
        source: frames in order of time.
        make_frames: makes the frames of one gap; called without gradients, and only where there
            are frames to make. Its windows are evenly spaced, whatever the times of the frames.
        factor: short for a timeline of so many equal parts per gap; 2 unless a timeline is given.
        timeline: which moments are shown.
        left: how many neighbours before each gap ``make_frames`` sees.
        right: how many after it.
        rounding: a moment this close to a source frame shows that frame.
        device: where ``make_frames`` wants its tensors.
        part: show some of the gaps only, just as they are shown within the whole video.

    Yields:
        Frames in order of time. A source frame shown at its own time is the very object that came
        in; at another time it shares its picture.

    Raises:
        InputError: an option is out of range, or ``make_frames`` returned another shape.
        VideoError: there are fewer than two source frames, or a made frame is not finite.

    Example:
        >>> clip = [Frame(Fraction(i, 25), rgb=torch.full((3, 2, 2), i / 2)) for i in range(2)]
        >>> average = lambda gap, windows: (gap.frames.mean(1) for _ in windows)
        >>> [(str(f.pts), f.rgb.mean().item()) for f in upsample(clip, average)]
        [('0', 0.0), ('1/50', 0.25), ('1/25', 0.5)]
    """
    if factor is not None and timeline is not None:
        raise InputError("a factor and a timeline exclude each other; give one of them")
    if factor is not None and factor < 2:
        raise InputError(f"the factor must be 2 or more, got {factor}")
    if left < 1 or right < 1:
        raise InputError(
            f"a gap needs a frame on each side, got left={left}, right={right}; use at least 1"
        )
    timeline = timeline or EqualParts(factor or 2)
    walk = gaps(source, left=left, right=right, device=device)
    if part is not None:
        walk = islice(walk, part.skip, part.skip + part.gaps)
    return _upsample(walk, make_frames, timeline, left, right, rounding, part)


def _upsample(
    walk: Iterator[Gap],
    make_frames: FrameMaker,
    timeline: Timeline,
    left: int,
    right: int,
    rounding: Fraction,
    part: Part | None,
) -> Iterator[Frame]:
    origin: Fraction | None = None if part is None else part.origin
    last: Frame | None = None
    for gap in walk:
        before, after = gap.before.pts, gap.after.pts
        origin = before if origin is None else origin
        moments = timeline.between(
            origin, before, after, repeats=gap.before.repeats, rounding=rounding
        )
        if gap.is_cut:
            yield from _repeated(gap, moments)
        else:
            yield from _shown(make_frames, gap, moments, left, right)
        last = gap.after
    if part is not None and not part.ends:
        return
    assert last is not None  # gaps() has raised otherwise
    assert origin is not None
    end = timeline.at_end(origin, last.pts, rounding=rounding)
    if end is not None:
        yield last.at(end.pts)


def _repeated(gap: Gap, moments: Iterable[Moment]) -> Iterator[Frame]:
    for time, pts in moments:
        yield (gap.before if time <= Fraction(1, 2) else gap.after).at(pts)


def _shown(
    make_frames: FrameMaker, gap: Gap, moments: Sequence[Moment], left: int, right: int
) -> Iterator[Frame]:
    windows = [Window.even(left, right, float(time)) for time, _ in moments if time]
    made = _make(make_frames, gap, windows)
    for time, pts in moments:
        if time:
            alpha = blend_alpha(gap.before, gap.after, float(time))
            yield Frame(pts, rgb=next(made), alpha=alpha, bits=gap.before.bits)
        else:
            yield gap.before.at(pts)


def _make(make_frames: FrameMaker, gap: Gap, windows: list[Window]) -> Iterator[Tensor]:
    if not windows:
        return
    width, height = gap.before.size
    wanted = (1, 3, height, width)
    with torch.inference_mode():
        frames = iter(make_frames(gap, windows))
    for count in range(len(windows)):
        # Around each step, not around the loop: the mode must not reach whoever reads the frames.
        with torch.inference_mode():
            made = next(frames, None)
        if made is None:
            raise InputError(f"make_frames must return {len(windows)} frames, got {count}")
        if made.shape != wanted:
            raise InputError(f"make_frames must return frames {wanted}, got {tuple(made.shape)}")
        if not bool(made.isfinite().all()):
            raise VideoError(
                f"a frame made between source frames {gap.index} and {gap.index + 1} has values "
                "that are not finite; if the model runs in half precision, try full precision"
            )
        yield made[0]

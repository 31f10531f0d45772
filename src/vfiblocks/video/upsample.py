"""Raise the frame rate of a stream of frames by a whole factor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Protocol

import torch
from torch import Tensor

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video.frame import Frame
from vfiblocks.video.gaps import Gap, gaps
from vfiblocks.window import Window


class FrameMaker(Protocol):
    """Anything that makes the frame at one moment from the frames around it.

    A model is wrapped as ``lambda frames, window, valid: model(frames, window, valid).image``.
    """

    def __call__(self, frames: Tensor, window: Window, valid: Tensor, /) -> Tensor:
        """Make one frame.

        Args:
            frames: (1, T, 3, H, W) in [0, 1]; missing ones are zeros.
            window: when the frames were taken, and the moment to make.
            valid: (1, T) bool, False for missing frames.

        Returns:
            (1, 3, H, W) in [0, 1].
        """
        ...


def upsample(
    source: Iterable[Frame],
    make_frame: FrameMaker,
    *,
    factor: int = 2,
    left: int = 1,
    right: int = 1,
    device: torch.device | str = "cpu",
) -> Iterator[Frame]:
    """Put ``factor - 1`` made frames into every gap between two source frames.

    Memory is constant: ``left + right`` source frames are held, each converted to RGB once. New
    frames lie at equal parts of the *real* gap between two time stamps, so a variable frame rate
    stays as uneven as it was.

    Args:
        source: frames in order of time.
        make_frame: makes one frame; called without gradients.
        factor: how many times the frame rate, 2 or more.
        left: how many neighbours before each gap ``make_frame`` sees.
        right: how many after it.
        device: where ``make_frame`` wants its tensors.

    Yields:
        N source frames, the very objects that came in, and factor * (N - 1) + 1 frames in all.

    Raises:
        InputError: an option is out of range, or ``make_frame`` returned another shape.
        VideoError: there are fewer than two source frames, or a made frame is not finite.

    Example:
        >>> clip = [Frame(Fraction(i, 25), rgb=torch.full((3, 2, 2), i / 2)) for i in range(2)]
        >>> average = lambda frames, window, valid: frames.mean(1)
        >>> [(str(f.pts), f.rgb.mean().item()) for f in upsample(clip, average)]
        [('0', 0.0), ('1/50', 0.25), ('1/25', 0.5)]
    """
    if factor < 2:
        raise InputError(f"the factor must be 2 or more, got {factor}")
    windows = [Window.even(left, right, time=k / factor) for k in range(1, factor)]
    return _upsample(source, make_frame, windows, left, right, device)


def _upsample(
    source: Iterable[Frame],
    make_frame: FrameMaker,
    windows: list[Window],
    left: int,
    right: int,
    device: torch.device | str,
) -> Iterator[Frame]:
    parts = len(windows) + 1
    last: Frame | None = None
    for gap in gaps(source, left=left, right=right, device=device):
        yield gap.before
        for k, window in enumerate(windows, start=1):
            pts = gap.before.pts + (gap.after.pts - gap.before.pts) * Fraction(k, parts)
            yield Frame(pts, rgb=_make(make_frame, gap, window))
        last = gap.after
    assert last is not None  # gaps() has raised otherwise
    yield last


def _make(make_frame: FrameMaker, gap: Gap, window: Window) -> Tensor:
    with torch.inference_mode():
        made = make_frame(gap.frames, window, gap.valid)
    wanted = (1, *gap.frames.shape[-3:])
    if made.shape != wanted:
        raise InputError(f"make_frame must return {wanted}, got {tuple(made.shape)}")
    if not bool(made.isfinite().all()):
        raise VideoError(
            f"the frame made between source frames {gap.index} and {gap.index + 1} has values that "
            "are not finite; if the model runs in half precision, try full precision"
        )
    return made[0]

"""From frame numbers to pictures, and from samples to a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lift15.data.batch import Batch
from lift15.data.geometry import Sample
from lift15.data.layouts import Reading
from lift15.data.sources.base import ClipSource, MotionTruth, Problem
from vfiblocks import Window
from vfiblocks.errors import DataError


@dataclass(frozen=True)
class Cut:
    """One window of one clip, before anything is read.

    Attributes:
        source: where the clip is.
        clip: index into its clips.
        target: number of the frame that is to be made.
        numbers: of the input frames, in the order of the window.
        valid: which of them exist for the model; the others are not read.
        references: indices into ``numbers``, left then right.
    """

    source: ClipSource
    clip: int
    target: int
    numbers: tuple[int, ...]
    valid: tuple[bool, ...]
    references: tuple[int, int]

    def __post_init__(self) -> None:
        # Our own invariants: a target among the inputs would make every number worthless.
        assert self.target not in self.numbers, f"{self.name}: the target leaks into the input"
        assert all(self.valid[i] for i in self.references), f"{self.name}: a reference is missing"

    @property
    def name(self) -> str:
        """Source, clip and target frame."""
        return f"{self.source.name}/{self.source.clips[self.clip].name}#{self.target}"

    @property
    def whose(self) -> str:
        """The clip in words, for messages about its size."""
        return f"clip '{self.source.clips[self.clip].name}' of {self.source.name}"

    @property
    def existing(self) -> tuple[int, ...]:
        """Numbers of the frames that are read for the input."""
        return tuple(n for n, there in zip(self.numbers, self.valid, strict=True) if there)


def cut(
    source: ClipSource,
    clip: int,
    reading: Reading,
    target: int,
    *,
    stride: int = 1,
    backwards: bool = False,
    missing: float = 0.0,
    chance: np.random.Generator | None = None,
) -> Cut:
    """Lay a reading over a clip.

    Frames outside of the clip do not exist and are marked so; none is repeated in their place
    (DECISIONS 18).

    Args:
        source: where the clip is.
        clip: index into its clips.
        reading: which frames around the target.
        target: number of the target frame; both references have to lie in the clip.
        stride: step between frames.
        backwards: read from end to beginning.
        missing: probability of each frame but the references to be left out.
        chance: what ``missing`` is drawn from.
    """
    numbers = reading.numbers(target, stride=stride, backwards=backwards)
    length = source.clips[clip].length
    valid = [0 <= number < length for number in numbers]
    if chance is not None:
        for index, drawn in enumerate(chance.random(len(numbers))):
            if drawn < missing and index not in reading.window.references:
                valid[index] = False
    return Cut(source, clip, target, numbers, tuple(valid), reading.window.references)


def read_sample(wanted: Cut, *, motion: bool) -> Sample:
    """Read the frames that exist, the target, and the true motion if it is asked for and known.

    The motion is asked for from the target to the window's left and right, whichever of the two
    comes first in the clip: reading backwards needs no further care.

    Raises:
        DataError: from the source, or because it returns something else than was asked for.
    """
    source = wanted.source
    asked = (*wanted.existing, wanted.target)
    pictures = source.read(wanted.clip, asked)
    good = pictures.dtype == torch.uint8 and pictures.ndim == 4
    if not good or pictures.shape[:2] != (len(asked), 3):
        raise DataError(
            f"{wanted.name}: {source.name} returns {pictures.dtype} {tuple(pictures.shape)} for "
            f"{len(asked)} frames; a source gives uint8 (frames, 3, H, W)"
        )
    left, right = (wanted.numbers[i] for i in wanted.references)
    truth = source.motion(wanted.clip, wanted.target, (left, right)) if motion else None
    if truth is None:
        return Sample(pictures)
    _check_motion(wanted, truth, pictures.shape[-2:])
    return Sample(pictures, truth.flow, truth.visible)


def put_together(
    samples: Sequence[Sample],
    cuts: Sequence[Cut],
    window: Window,
    indices: Sequence[int],
    problems: Sequence[Problem] = (),
) -> Batch:
    """A batch of samples of one window; missing frames become zeros.

    Raises:
        DataError: the pictures are of different sizes; two clips are named.
    """
    _check_sizes(samples, cuts)
    height, width = samples[0].size
    valid = torch.tensor([each.valid for each in cuts])
    frames = torch.zeros(len(samples), len(window), 3, height, width, dtype=torch.uint8)
    for row, there, sample in zip(frames, valid, samples, strict=True):
        row[there] = sample.pictures[:-1]
    batch = Batch(
        frames,
        valid,
        torch.stack([sample.pictures[-1] for sample in samples]),
        window,
        tuple(each.name for each in cuts),
        indices=torch.tensor(indices, dtype=torch.int64),
        problems=tuple(problems),
    )
    if all(sample.flow is None for sample in samples):
        return batch
    batch.flow = torch.zeros(len(samples), 2, 2, height, width)
    batch.visible = torch.zeros(len(samples), 2, 1, height, width, dtype=torch.bool)
    batch.known = torch.tensor([sample.flow is not None for sample in samples])
    for row, sample in enumerate(samples):
        if sample.flow is not None and sample.visible is not None:
            batch.flow[row] = sample.flow
            batch.visible[row] = sample.visible
    return batch


def _check_sizes(samples: Sequence[Sample], cuts: Sequence[Cut]) -> None:
    for sample, each in zip(samples, cuts, strict=True):
        if sample.size != samples[0].size:
            (first_tall, first_wide), (tall, wide) = samples[0].size, sample.size
            raise DataError(
                f"pictures of one batch are of one size, but {cuts[0].name} is "
                f"{first_tall}x{first_wide} (height x width) and {each.name} is {tall}x{wide}; "
                "set a crop"
            )


def _check_motion(wanted: Cut, truth: MotionTruth, size: Sequence[int]) -> None:
    flow, visible = truth
    kinds = flow.dtype == torch.float32 and visible.dtype == torch.bool
    if not kinds or flow.shape != (2, 2, *size) or visible.shape != (2, 1, *size):
        raise DataError(
            f"{wanted.name}: {wanted.source.name} returns motion {flow.dtype} {tuple(flow.shape)} "
            f"and visibility {visible.dtype} {tuple(visible.shape)} for pictures of "
            f"{size[0]}x{size[1]}; a source gives float32 (2, 2, H, W) and bool (2, 1, H, W)"
        )

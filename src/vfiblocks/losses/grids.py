"""From the picture's pixels to the grid that motion lives on, and past the padding.

Models pad frames inside and may estimate motion on a coarser grid, each on its own. What is
compared with motion is brought to that grid by area averaging (DECISIONS 27), and cells that hold
nothing but padding are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.ops import crop_to, pad_to_multiple, shrink
from vfiblocks.states import Interpolation, Motion


def widen(x: Tensor) -> Tensor:
    """``x`` in at least float32; booleans become zeros and ones.

    >>> widen(torch.ones(2, dtype=torch.bfloat16)).dtype, widen(torch.tensor([True]))
    (torch.float32, tensor([1.]))
    """
    return x.to(torch.promote_types(x.dtype, torch.float32))


def estimates(motion: Motion, coarser: float) -> Iterator[tuple[float, Motion]]:
    """The motion with weight one, then those it was refined from, the finest first.

    Args:
        motion: what a model returned.
        coarser: weight of each estimate as a share of the next finer one's; none are given for 0.

    Example:
        >>> rough = Motion(torch.zeros(1, 2, 2, 4, 6), torch.zeros(1, 2, 1, 4, 6))
        >>> [weight for weight, _ in estimates(rough._replace(coarser=(rough, rough)), 0.5)]
        [1.0, 0.5, 0.25]
    """
    weight = 1.0
    yield weight, motion
    for estimate in reversed(motion.coarser):
        weight *= coarser
        if weight:
            yield weight, estimate


def check_share(who: str, coarser: float) -> None:
    """Refuse a weight for coarser estimates that is none.

    Raises:
        InputError: it is not from 0 to 1.
    """
    if not 0 <= coarser <= 1:
        raise InputError(
            f"{who} wants coarser as a share from 0 (the last estimate alone) to 1 (all alike), "
            f"got {coarser}"
        )


def stride_of(who: str, result: Interpolation, motion: Motion) -> int:
    """Size of the padded frames over the size of the motion.

    Raises:
        InputError: they are no whole multiple of each other, the same both ways.

    Example:
        >>> motion = Motion(torch.zeros(1, 2, 2, 8, 12), torch.zeros(1, 2, 1, 8, 12))
        >>> pictures = torch.rand(1, 2, 3, 32, 48)
        >>> result = Interpolation(pictures[:, 0], None, motion, None, pictures)
        >>> stride_of("a test", result, motion)
        4
    """
    height, width = result.references.shape[-2:]
    rows, columns = motion.flow.shape[-2:]
    stride = height // rows
    if stride < 1 or (rows * stride, columns * stride) != (height, width):
        raise InputError(
            f"{who} wants motion on a grid that frames are a whole multiple of, got motion of "
            f"{rows}x{columns} for padded frames of {height}x{width}"
        )
    return stride


def bring(x: Tensor, stride: int) -> Tensor:
    """Average what belongs to the picture over the cells of a coarser grid.

    Cells over the edge are filled up by repetition, as models pad.

    Args:
        x: (..., C, H, W), of the picture's own size, unpadded.
        stride: of the grid.

    Returns:
        (..., C, ceil(H / stride), ceil(W / stride)) in at least float32.

    Example:
        >>> bring(torch.tensor([[[0.0, 1.0, 4.0]]]), 2)
        tensor([[[0.5000, 4.0000]]])
    """
    return shrink(pad_to_multiple(widen(x), stride), stride)


def covered(x: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    """The cells of a padded map that hold some of the picture.

    Args:
        x: (..., C, h, w), on the grid of ``stride``, padding included.
        size: (H, W) of the picture.
        stride: of the grid.

    Returns:
        (..., C, ceil(H / stride), ceil(W / stride)) in at least float32.
    """
    height, width = size
    return widen(crop_to(x, (-(-height // stride), -(-width // stride))))

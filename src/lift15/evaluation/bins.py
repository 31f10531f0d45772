"""Where in the picture a model errs: pixels sorted by what hides them and by how far they move.

The motion may be the true one, a classical one, or a model's own. Whatever it is, it is the same
for all models that are compared: a model judged by its own motion chooses its own bins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.metrics import ie_rms

FEWEST = 64
"""Pixels that a PSNR is taken over; of fewer it is noise."""


def hidden_bins(visible: Tensor) -> dict[str, Tensor]:
    """Pixels by the number of references that hide them.

    Args:
        visible: (B, 2, 1, H, W) bool, whether a target pixel is seen in each reference.

    Returns:
        "hidden in 0", "hidden in 1" and "hidden in 2": (B, 1, H, W) bool, each pixel in one.

    Raises:
        InputError: for another shape or type.

    Example:
        >>> visible = torch.tensor([[True, True, False], [True, False, False]]).view(1, 2, 1, 1, 3)
        >>> {name: mask.flatten().tolist() for name, mask in hidden_bins(visible).items()}
        {'hidden in 0': [True, False, False], 'hidden in 1': [False, True, False],
         'hidden in 2': [False, False, True]}
    """
    if visible.dtype != torch.bool or visible.ndim != 5 or tuple(visible.shape[1:3]) != (2, 1):
        raise InputError(
            f"hidden_bins wants (B, 2, 1, H, W) torch.bool, got {tuple(visible.shape)} "
            f"{visible.dtype}; logits are visible where they are above 0"
        )
    times = (~visible).sum(dim=1)
    return {f"hidden in {count}": times == count for count in range(3)}


def displacement(flow: Tensor) -> Tensor:
    """How far a pixel moves from the left reference to the right one.

    Args:
        flow: (B, 2, 2, H, W), motion from the target to each reference, pixels.

    Returns:
        (B, 1, H, W), pixels.

    Example:
        >>> flow = torch.zeros(1, 2, 2, 1, 1)
        >>> flow[0, 0, 0], flow[0, 1, 0] = -2.0, 2.0
        >>> displacement(flow).item()
        4.0
    """
    left, right = _pair(flow)
    distance: Tensor = torch.linalg.vector_norm(right - left, dim=1, keepdim=True)
    return distance


def bend(flow: Tensor, *, time: float = 0.5) -> Tensor:
    """How far a pixel lies beside the straight and even path between the references.

    On such a path the target divides the way in the ratio of its time, so that
    ``(1 - time) * to_left + time * to_right`` is nothing. What two frames cannot know.

    Args:
        flow: (B, 2, 2, H, W), motion from the target to each reference, pixels.
        time: of the target between the references, in (0, 1).

    Returns:
        (B, 1, H, W), pixels.

    Raises:
        InputError: for no such flow, or a time outside (0, 1).

    Example:
        >>> flow = torch.zeros(1, 2, 2, 1, 1)
        >>> flow[0, :, 0] = 3.0  # both references lie to the right: the pixel went there and back
        >>> bend(flow).item()
        3.0
    """
    if not 0 < time < 1:
        raise InputError(f"bend wants a time in (0, 1), got {time}")
    left, right = _pair(flow)
    aside = (1 - time) * left + time * right
    distance: Tensor = torch.linalg.vector_norm(aside, dim=1, keepdim=True)
    return distance


def range_bins(values: Tensor, edges: Sequence[float], *, unit: str = "px") -> dict[str, Tensor]:
    """Pixels by where a value lies between edges, such as a displacement between 4 and 16 pixels.

    Args:
        values: (B, 1, H, W).
        edges: ascending, the ends left out: one fewer than there are bins.
        unit: for the names.

    Returns:
        "below 4 px", "4 to 16 px", "from 16 px": (B, 1, H, W) bool. A value on an edge lies above
        it; NaN lies nowhere.

    Raises:
        InputError: the edges do not ascend.

    Example:
        >>> found = range_bins(torch.tensor([0.0, 4.0, 99.0]).view(1, 1, 1, 3), [4, 16])
        >>> {name: mask.flatten().tolist() for name, mask in found.items()}
        {'below 4 px': [True, False, False], '4 to 16 px': [False, True, False],
         'from 16 px': [False, False, True]}
    """
    if not edges or any(high <= low for low, high in pairwise(edges)):
        raise InputError(f"range_bins wants ascending edges, got {list(edges)}")
    bounds = [-float("inf"), *edges, float("inf")]
    names = [f"below {edges[0]:g} {unit}"]
    names += [f"{low:g} to {high:g} {unit}" for low, high in pairwise(edges)]
    names += [f"from {edges[-1]:g} {unit}"]
    pairs = zip(names, bounds[:-1], bounds[1:], strict=True)
    return {name: (values >= low) & (values < high) for name, low, high in pairs}


class BinnedErrors(NamedTuple):
    """Squared errors of pictures, by bin; of batches they are added with :func:`gather`.

    Attributes:
        names: of the K bins.
        squared: (B, K), sum over the pixels of a bin of the squared error, the mean of colours.
        pixels: (B, K), how many there are.
    """

    names: tuple[str, ...]
    squared: Tensor
    pixels: Tensor

    def psnr(self, *, fewest: int = FEWEST) -> Tensor:
        """Of each picture and bin, (B, K); NaN for bins of fewer pixels."""
        values = -10.0 * torch.log10(self.squared / self.pixels)
        return values.masked_fill(self.pixels < fewest, torch.nan)

    def pooled(self) -> dict[str, float]:
        """PSNR of the mean squared error over all pixels of a bin; NaN for an empty one.

        Not the mean of the pictures' PSNR: there a picture with few pixels in the bin counts as one
        that is full of them.
        """
        total = self.squared.sum(dim=0) / self.pixels.sum(dim=0)
        return dict(zip(self.names, (-10.0 * torch.log10(total)).tolist(), strict=True))

    def shares(self) -> dict[str, float]:
        """Which part of all pixels lies in each bin."""
        count = self.pixels.sum(dim=0)
        return dict(zip(self.names, (count / count.sum()).tolist(), strict=True))


def bin_errors(
    prediction: Tensor, target: Tensor, bins: Mapping[str, Tensor], *, rounded: bool = True
) -> BinnedErrors:
    """Measure pictures bin by bin.

    Args:
        prediction: (B, C, H, W), floats; clamped to [0, 1].
        target: the same shape, in [0, 1].
        bins: name -> (B, 1, H, W) bool.
        rounded: see :func:`vfiblocks.metrics.psnr`.

    Raises:
        InputError: the pictures or the masks do not fit each other.

    Example:
        >>> target = torch.zeros(1, 3, 8, 16)
        >>> image = target.clone()
        >>> image[..., 8:] = 0.1
        >>> left = torch.arange(16).expand(1, 1, 8, 16) < 8
        >>> errors = bin_errors(image, target, {"left": left, "right": ~left}, rounded=False)
        >>> errors.psnr(), errors.shares()
        (tensor([[inf, 20.]], dtype=torch.float64), {'left': 0.5, 'right': 0.5})
    """
    squared, pixels = [], []
    for mask in bins.values():
        levels = ie_rms(prediction, target, rounded=rounded, mask=mask).double().cpu()
        count = mask.sum(dim=(1, 2, 3)).double().cpu()
        squared.append(torch.where(count > 0, (levels / 255).square() * count, 0.0))
        pixels.append(count)
    if not bins:
        raise InputError("bin_errors wants at least one bin")
    return BinnedErrors(tuple(bins), torch.stack(squared, dim=1), torch.stack(pixels, dim=1))


def gather(parts: Sequence[BinnedErrors]) -> BinnedErrors:
    """The errors of several batches as those of one.

    Raises:
        InputError: there are none, or their bins differ.
    """
    names = {part.names for part in parts}
    if len(names) != 1:
        raise InputError(f"only errors of the same bins can be gathered, got {len(names)} kinds")
    return BinnedErrors(
        names.pop(),
        torch.cat([part.squared for part in parts]),
        torch.cat([part.pixels for part in parts]),
    )


def _pair(flow: Tensor) -> tuple[Tensor, Tensor]:
    if flow.ndim != 5 or tuple(flow.shape[1:3]) != (2, 2):
        raise InputError(
            f"motion from the target to both references is (B, 2, 2, H, W), got {tuple(flow.shape)}"
        )
    left, right = flow.unbind(dim=1)
    return left, right

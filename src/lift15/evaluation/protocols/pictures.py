"""What a protocol does to pictures before a model sees them, and to predictions before measuring.

A picture goes file -> shrunk -> cropped -> padded -> model -> padding off -> measured.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad as pad_with

from lift15.evaluation.protocols.base import Pad, Protocol
from vfiblocks import METRICS
from vfiblocks.errors import DataError, InputError
from vfiblocks.metrics import Metric


def prepared(picture: Tensor, protocol: Protocol) -> Tensor:
    """A decoded picture as it is compared: shrunk and cropped.

    Args:
        picture: (3, H, W) uint8.
        protocol: says to what.

    Returns:
        (3, h, w) uint8, or float32 in [0, 1] where shrunk pictures are not rounded.

    Raises:
        DataError: the picture is smaller than the protocol wants.

    Example:
        >>> from lift15.evaluation.protocols import find_protocol
        >>> frame = torch.zeros(3, 480, 854, dtype=torch.uint8)
        >>> prepared(frame, find_protocol("davis@flavr")).shape
        torch.Size([3, 480, 840])
    """
    if protocol.resize is not None:
        picture = _shrunk(picture, protocol.resize, rounded=protocol.resize_rounded)
    if protocol.crop is None:
        return picture
    height, width = picture.shape[-2:]
    size = protocol.crop
    if protocol.crop_at_most:
        size = min(size[0], height), min(size[1], width)
    down, across = height - size[0], width - size[1]
    if down < 0 or across < 0:
        raise DataError(
            f"{protocol.name} cuts {size[0]}x{size[1]} from the middle of "
            f"pictures, and this one is {height}x{width}"
        )
    top, left = round(down / 2), round(across / 2)  # halves to even, as torchvision cuts
    return picture[:, top : top + size[0], left : left + size[1]]


def unit(picture: Tensor) -> Tensor:
    """Levels as floats in [0, 1]; floats as they are."""
    return picture if picture.is_floating_point() else picture.float() / 255.0


def padded(frames: Tensor, pad: Pad | None) -> Tensor:
    """Frames (1, T, 3, H, W) enlarged as the protocol says.

    >>> padded(torch.zeros(1, 2, 3, 30, 50), Pad(multiple=32, centred=True)).shape
    torch.Size([1, 2, 3, 32, 64])
    """
    if pad is None:
        return frames
    margins = pad.margins(frames.shape[-2], frames.shape[-1])
    value = pad.value if pad.mode == "constant" else None
    # Replication takes one leading axis beside the channels
    return pad_with(frames[0], margins, mode=pad.mode, value=value)[None]


def without_padding(picture: Tensor, pad: Pad | None, size: tuple[int, int]) -> Tensor:
    """The part of a padded picture (..., H, W) that shows the original of ``size``."""
    if pad is None:
        return picture
    left, _, top, _ = pad.margins(*size)
    return picture[..., top : top + size[0], left : left + size[1]]


class Scorer:
    """The measures of a protocol.

    Args:
        protocol: says which, with which options.
        device: where they compute.

    Attributes:
        names: of the measures, in the order of the protocol.
        notes: what a table of scores should say about them.

    Raises:
        UnknownComponent: for a measure that nobody announces.
        InputError: for one that needs more than pictures, or an option that it does not have.

    Example:
        >>> from lift15.evaluation.protocols import find_protocol
        >>> scorer = Scorer(find_protocol("vimeo-triplet"))
        >>> grey = torch.full((1, 3, 16, 16), 0.5)
        >>> scorer(grey, grey + 0.1)["psnr"] > 19
        True
    """

    def __init__(self, protocol: Protocol, device: torch.device | str = "cpu") -> None:
        self._metrics: dict[str, Metric] = {}
        for part in protocol.measures:
            options = dict(part.options)
            known = METRICS.options(part.name)
            if unknown := sorted(set(options) - set(known)):
                raise InputError(
                    f"protocol {protocol.name}: metric '{part.name}' has no option {unknown[0]!r}; "
                    f"it has {', '.join(known) or 'none'}"
                )
            if "rounded" in known:
                options.setdefault("rounded", protocol.rounded)
            make: Callable[..., Metric] = METRICS.get(part.name)
            metric = make(**options)
            if metric.needs:
                raise InputError(
                    f"protocol {protocol.name}: metric '{part.name}' needs "
                    f"{', '.join(sorted(metric.needs))}, and protocols compare pictures"
                )
            self._metrics[part.name] = metric.to(device).eval()
        self.names = tuple(self._metrics)
        self.notes = tuple(
            f"{name}: {', '.join(f'{key} {value}' for key, value in metric.facts.items())}"
            for name, metric in self._metrics.items()
            if metric.facts
        )

    def __call__(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """All measures of a picture (1, 3, H, W) against the true one, by name."""
        return {name: metric(prediction, target).item() for name, metric in self._metrics.items()}


def _shrunk(picture: Tensor, size: tuple[int, int], *, rounded: bool) -> Tensor:
    import cv2

    height, width = picture.shape[-2:]
    if height < size[0] or width < size[1]:
        raise DataError(f"a picture of {height}x{width} cannot be shrunk to {size[0]}x{size[1]}")
    rows = np.ascontiguousarray(picture.permute(1, 2, 0).numpy())
    if not rounded:
        rows = rows.astype(np.float32) / np.float32(255.0)
    small = cv2.resize(rows, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small).permute(2, 0, 1)

"""Dense flow by OpenCV's DIS, in both directions."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

# DIS drops patches at the rim; a replicated margin moves the rim out of the picture.
MARGIN = 16
# Below this size its pyramid has no level to start from.
SMALLEST = 12
LUMA = (0.299, 0.587, 0.114)  # BT.601, as OpenCV's own grey


class DisSetting(NamedTuple):
    """How finely DIS searches (Kroeger et al., ECCV 2016).

    Attributes:
        finest_scale: 0 ends at full resolution, 1 at half.
        patch_stride: distance between the patches it aligns, in pixels; smaller is denser.
    """

    finest_scale: int
    patch_stride: int


def bidirectional_flow(left: Tensor, right: Tensor, setting: DisSetting) -> Tensor:
    """Flow from left to right and from right to left.

    Args:
        left: (3, H, W), float32 in [0, 1], on the CPU.
        right: likewise.
        setting: see :class:`DisSetting`.

    Returns:
        (2, 2, H, W): left to right, then right to left; (dx, dy) in pixels. Zero for pictures
        smaller than 12 pixels on a side, where there is nothing to track.

    Example:
        >>> bidirectional_flow(torch.zeros(3, 4, 4), torch.zeros(3, 4, 4), DisSetting(1, 3)).shape
        torch.Size([2, 2, 4, 4])
    """
    return torch.stack([one_way_flow(*pair, setting) for pair in ((left, right), (right, left))])


def one_way_flow(source: Tensor, other: Tensor, setting: DisSetting) -> Tensor:
    """Flow (2, H, W) from ``source`` to ``other``; see :func:`bidirectional_flow`.

    >>> one_way_flow(torch.zeros(3, 4, 4), torch.zeros(3, 4, 4), DisSetting(1, 3)).shape
    torch.Size([2, 4, 4])
    """
    import cv2

    if min(source.shape[-2:]) < SMALLEST:
        return source.new_zeros(2, *source.shape[-2:])
    create: Any = cv2.DISOpticalFlow.create  # missing from the stubs of some versions
    search = create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(setting.finest_scale)
    search.setPatchStride(setting.patch_stride)
    weights = source.new_tensor(LUMA).view(3, 1, 1)
    grey = (
        cv2.copyMakeBorder(
            (picture * weights).sum(0).mul(255.0).round().clamp(0, 255).byte().numpy(),
            *(MARGIN,) * 4,
            cv2.BORDER_REPLICATE,
        )
        for picture in (source, other)
    )
    found = search.calc(*grey, None)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return torch.from_numpy(found.copy()).permute(2, 0, 1).contiguous()

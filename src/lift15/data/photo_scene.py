"""A short clip made from photographs, with motion that is known exactly."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vfiblocks.errors import InputError, MissingDependency


def photo_scene(frames: int = 33, *, height: int = 256, width: int = 448) -> Tensor:
    """A camera drifts over one photograph while a cut-out of another crosses in front of it.

    Both come with scikit-image. The camera pans, zooms and rolls; the cut-out moves along a curve,
    so that it covers and uncovers the background and no motion is quite linear.

    Args:
        frames: how many.
        height: of the frames.
        width: of the frames.

    Returns:
        (frames, 3, height, width) in [0, 1], at 8-bit levels. The same every time.

    Raises:
        InputError: for fewer than two frames.
        MissingDependency: scikit-image is not installed.

    Example:
        >>> photo_scene(3, height=48, width=64).shape
        torch.Size([3, 3, 48, 64])
    """
    if frames < 2:
        raise InputError(f"a clip needs at least two frames, got {frames}")
    import cv2

    try:
        from skimage import data
    except ImportError as error:
        raise MissingDependency(
            "the photographs come with scikit-image; pip install 'vfiblocks[video]'"
        ) from error
    background, cutout = data.coffee(), data.chelsea()
    mask = _ellipse(cutout.shape[0], cutout.shape[1])
    scale = height / 256.0
    made = []
    for index in range(frames):
        at = index / (frames - 1)  # from 0 to 1
        camera = _placement(
            background.shape,
            centre=(width * (0.5 + 0.10 * math.cos(2.2 * at)), height * (0.5 - 0.12 * at)),
            zoom=scale * (1.0 + 0.25 * at),
            roll=4.0 * math.sin(3.0 * at),
        )
        crossing = _placement(
            cutout.shape,
            centre=(width * (0.15 + 0.7 * at), height * (0.62 - 0.25 * math.sin(math.pi * at))),
            zoom=scale * 0.42,
            roll=-10.0 + 20.0 * at,
        )
        size = (width, height)
        below = cv2.warpAffine(
            background, camera, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        above = cv2.warpAffine(cutout, crossing, size, flags=cv2.INTER_CUBIC)
        alpha = cv2.warpAffine(mask, crossing, size, flags=cv2.INTER_LINEAR)[..., None]
        made.append(np.rint(alpha * above + (1.0 - alpha) * below).astype(np.uint8))
    clip = torch.from_numpy(np.stack(made))  # (T, H, W, 3)
    return clip.permute(0, 3, 1, 2).float() / 255.0


def _placement(
    shape: tuple[int, ...], *, centre: tuple[float, float], zoom: float, roll: float
) -> NDArray[np.float64]:
    """2x3 matrix that puts a picture's middle at ``centre``, scaled and rolled (degrees)."""
    import cv2

    matrix = cv2.getRotationMatrix2D((shape[1] / 2.0, shape[0] / 2.0), roll, zoom)
    matrix[:, 2] += (centre[0] - shape[1] / 2.0, centre[1] - shape[0] / 2.0)
    return matrix


def _ellipse(height: int, width: int) -> NDArray[np.float32]:
    """Soft-edged ellipse (height, width) in [0, 1]."""
    y, x = np.mgrid[-1.0 : 1.0 : height * 1j, -1.0 : 1.0 : width * 1j]
    return np.clip((0.9 - np.hypot(x, y)) * 30.0, 0.0, 1.0).astype(np.float32)

"""Text as a picture, for labels and legends."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SCALE = 0.5
"""Of OpenCV's plain font: letters about 10 pixels high and 9 wide."""

SMALLEST = 0.2
"""Below that nothing can be read: text that is too long even so is cut off."""


def lettering(
    text: str, size: tuple[int, int], *, scale: float = SCALE, align: str = "left"
) -> Tensor:
    """One line of black text on white, smaller where it would not fit.

    Args:
        text: ASCII; OpenCV's font draws a question mark for anything else.
        size: height and width of the strip.
        scale: of the letters, 0.5 is about 10 pixels high.
        align: ``left``, ``centre`` or ``right``.

    Returns:
        (1, height, width) in [0, 1].

    Example:
        >>> strip = lettering("draft", (26, 80))
        >>> strip.shape, bool(strip.min() < 0.5)
        (torch.Size([1, 26, 80]), True)
    """
    import cv2
    import numpy as np

    height, width = size
    strip = np.full((height, width), 255, dtype=np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    scale = fitting_scale([text], size, scale=scale)
    tall, below = _line(scale)
    wide = cv2.getTextSize(text, font, scale, 1)[0][0]
    left = {"left": 2, "centre": (width - wide) // 2, "right": width - wide - 2}[align]
    base = (height + tall - below) // 2
    cv2.putText(strip, text, (max(left, 0), base), font, scale, 0, 1, cv2.LINE_AA)
    return torch.from_numpy(strip)[None].float() / 255.0


def fitting_scale(texts: Sequence[str], size: tuple[int, int], *, scale: float = SCALE) -> float:
    """The largest scale, up to a given one, at which each of some texts fits into a strip.

    >>> fitting_scale(["a"], (26, 80)), fitting_scale(["a", 30 * "a"], (26, 80)) < 0.5
    (0.5, True)
    """
    import cv2

    font = cv2.FONT_HERSHEY_SIMPLEX
    while scale > SMALLEST:
        widest = max(cv2.getTextSize(text, font, scale, 1)[0][0] for text in texts)
        if widest <= size[1] - 4 and sum(_line(scale)) <= size[0]:
            break
        scale *= 0.95  # widths are no exact multiples of the scale
    return scale


def _line(scale: float) -> tuple[int, int]:
    """Height of a line above and below its base, whatever stands in it: labels shall align."""
    import cv2

    (_, tall), below = cv2.getTextSize("Ag", cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    return tall, below

"""Big pictures made smaller on their way in, by averaging."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vfiblocks.errors import DataError


@dataclass(frozen=True)
class Shrink:
    """How much smaller pictures become. Nothing is ever enlarged.

    Args:
        max_side: the longer side has at most so many pixels afterwards; 0 for any number.
        scale: both sides are multiplied by this first, in (0, 1].

    Raises:
        DataError: an option is out of range.

    Example:
        >>> Shrink(max_side=960).size(3840, 2160), Shrink(scale=0.5).size(479, 271)
        ((960, 540), (240, 136))
    """

    max_side: int = 0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.max_side < 0:
            raise DataError(f"max_side is a number of pixels, or 0 for any, got {self.max_side}")
        if not 0 < self.scale <= 1:
            raise DataError(f"scale lies above 0 and at most at 1, got {self.scale:g}")

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what a picture becomes."""
        longer = max(width, height) * self.scale
        factor = self.scale
        if self.max_side and longer > self.max_side:
            factor *= self.max_side / longer
        if factor == 1:
            return width, height
        # Halves go up: round() would take some of them up and some down
        return max(1, int(width * factor + 0.5)), max(1, int(height * factor + 0.5))

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 made smaller; the same array where nothing is to be done."""
        height, width = picture.shape[:2]
        size = self.size(width, height)
        if size == (width, height):
            return picture
        import cv2

        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.uint8)

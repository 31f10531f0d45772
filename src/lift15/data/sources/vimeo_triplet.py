"""Vimeo-90K, the clips of three frames."""

from __future__ import annotations

from lift15.data.sources.base import SOURCES
from lift15.data.sources.vimeo import Vimeo


@SOURCES.register("vimeo-triplet")
class VimeoTriplet(Vimeo):
    """``sequences/NNNNN/NNNN/im1.png`` to ``im3.png``, ``tri_trainlist.txt``, ``tri_testlist.txt``.

    51,313 clips for training and 3,782 for evaluation. See :class:`Vimeo` for the options.
    """

    kind = "vimeo-triplet"
    prefix = "tri"
    frames = 3

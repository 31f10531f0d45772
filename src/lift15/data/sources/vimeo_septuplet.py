"""Vimeo-90K, the clips of seven frames."""

from __future__ import annotations

from lift15.data.sources.base import SOURCES
from lift15.data.sources.vimeo import Vimeo


@SOURCES.register("vimeo-septuplet")
class VimeoSeptuplet(Vimeo):
    """``sequences/NNNNN/NNNN/im1.png`` to ``im7.png``, ``sep_trainlist.txt``, ``sep_testlist.txt``.

    64,612 clips for training and 7,824 for evaluation. See :class:`Vimeo` for the options.
    """

    kind = "vimeo-septuplet"
    prefix = "sep"
    frames = 7

"""Measures of a prediction against the truth."""

from vfiblocks.metrics.psnr import psnr

__all__ = ["psnr"]

"""Measures of a prediction against the truth: pure functions, and named metrics that call them."""

from vfiblocks.metrics.base import Metric, Need, Prediction, full_motion
from vfiblocks.metrics.edges import PsnrEdges, PsnrOffEdges, edge_mask
from vfiblocks.metrics.endpoint_error import Epe, EpeHidden, EpeVisible, endpoint_error
from vfiblocks.metrics.flicker import Flicker, flicker
from vfiblocks.metrics.interpolation_error import IeMean, IeRms, ie_mean, ie_rms
from vfiblocks.metrics.lpips import Lpips, LpipsAlex, LpipsSqueeze, LpipsVgg
from vfiblocks.metrics.luma import luma
from vfiblocks.metrics.psnr import Psnr, PsnrY, psnr, psnr_y
from vfiblocks.metrics.psnr_div import PsnrDiv, divergence, farneback, psnr_div
from vfiblocks.metrics.ssim import Ssim, SsimUniform, ssim, ssim_uniform
from vfiblocks.metrics.ssim_3d import Ssim3d, ssim_3d

__all__ = [
    "Epe",
    "EpeHidden",
    "EpeVisible",
    "Flicker",
    "IeMean",
    "IeRms",
    "Lpips",
    "LpipsAlex",
    "LpipsSqueeze",
    "LpipsVgg",
    "Metric",
    "Need",
    "Prediction",
    "Psnr",
    "PsnrDiv",
    "PsnrEdges",
    "PsnrOffEdges",
    "PsnrY",
    "Ssim",
    "Ssim3d",
    "SsimUniform",
    "divergence",
    "edge_mask",
    "endpoint_error",
    "farneback",
    "flicker",
    "full_motion",
    "ie_mean",
    "ie_rms",
    "luma",
    "psnr",
    "psnr_div",
    "psnr_y",
    "ssim",
    "ssim_3d",
    "ssim_uniform",
]

"""LIFT-15: long-range interpolation with far temporal context, assembled from vfiblocks."""

from lift15.specs import SPECS
from lift15.upsampling import interpolate_video, upsample_video
from vfiblocks import build_model, list_models

__all__ = ["SPECS", "build_model", "interpolate_video", "list_models", "upsample_video"]

"""Pure tensor functions with one convention.

Maps are ``(..., C, H, W)``; paired maps have the reference axis ``p`` of size 2, left then right,
before the channels. Flow is (dx, dy) in pixels of its own grid; pixel centres are whole numbers.
"""

from vfiblocks.ops.correlation import centre_locally, local_correlation
from vfiblocks.ops.padding import crop_to, pad_to_multiple
from vfiblocks.ops.positional import sinusoidal_positions
from vfiblocks.ops.resize import resize, resize_flow, shrink, shrink_flow
from vfiblocks.ops.splat import Splat, splat_average, splat_softmax, splat_sum
from vfiblocks.ops.visibility import blend, visibility_weights
from vfiblocks.ops.warp import backward_warp, backward_warp_shrunk

__all__ = [
    "Splat",
    "backward_warp",
    "backward_warp_shrunk",
    "blend",
    "centre_locally",
    "crop_to",
    "local_correlation",
    "pad_to_multiple",
    "resize",
    "resize_flow",
    "shrink",
    "shrink_flow",
    "sinusoidal_positions",
    "splat_average",
    "splat_softmax",
    "splat_sum",
    "visibility_weights",
]

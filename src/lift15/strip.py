"""One interpolation as a strip of pictures."""

from __future__ import annotations

from torch import Tensor

from vfiblocks import Interpolation
from vfiblocks.metrics import psnr
from vfiblocks.ops import crop_to, resize, visibility_weights
from vfiblocks.plots import Panel, filmstrip, flow_to_rgb, flow_wheel

ERROR_GAIN = 5.0  # errors of a good result are a few levels of 255 and invisible as they are


def draw_strip(made: Interpolation, truth: Tensor, *, index: int = 0) -> Tensor:
    """References, draft, flow, visibility, result, truth and error of one picture of a batch.

    Args:
        made: what a model returned.
        truth: (3, H, W), what it should have returned.
        index: which picture of the batch.

    Returns:
        (3, height, width) in [0, 1].
    """
    size = (truth.shape[-2], truth.shape[-1])
    full = (made.references.shape[-2], made.references.shape[-1])

    def whole(x: Tensor) -> Tensor:
        return crop_to(resize(x, full), size)

    left, right = made.references[index]
    flows = made.motion.flow[index]
    fastest = float(flows.square().sum(dim=-3).max().sqrt())
    stride = full[1] // flows.shape[-1]
    to_left, to_right = (whole(flow_to_rgb(flow, largest=fastest)) for flow in flows)
    side = size[0] // 4
    to_right[:, -side:, -side:] = flow_wheel(side)
    weight = whole(visibility_weights(made.motion.logits)[index, 0])
    image = made.image[index].clamp(0.0, 1.0)
    score = float(psnr(image, truth))
    panels = (
        Panel("left reference", whole(left)),
        Panel("right reference", whole(right)),
        Panel("draft", whole(made.draft.image[index].clamp(0.0, 1.0))),
        Panel("flow to the left reference", to_left),
        Panel(f"flow to the right; wheel: {fastest * stride:.1f} px", to_right),
        Panel("share of the left reference", weight),
        Panel(f"result, {score:.2f} dB", image),
        Panel("truth", truth),
        Panel(f"error x{ERROR_GAIN:g}", ((image - truth).abs() * ERROR_GAIN).clamp(0.0, 1.0)),
    )
    return filmstrip(panels, columns=3)

"""Every named model, most of them one override of another."""

from __future__ import annotations

from lift15.pro import PRO
from lift15.rife.versions import RIFE_V4
from vfiblocks import ModelSpec, Part, Window

LIFT15_S1 = ModelSpec(
    encoder=Part("pyramid"),
    aggregator=Part("transformer"),
    flow=Part("context-cascade"),
    blender=Part("visibility", residual=True),
    refiner=Part("full-resolution"),
    window=Window.hole(15, 8),
    description="LIFT-15 as its text has it: 14 frames, full attention, s1 features",
)

# The five ablations of LIFT-15 section 9.3.
LIFT15_CTX3 = LIFT15_S1.override(
    window=Window.hole(3, 1), description="LIFT-15 that sees the two references only"
)
LIFT15_CTX7 = LIFT15_S1.override(
    window=Window.hole(7, 3), description="LIFT-15 on seven frames, target in the middle"
)
LIFT15_WINDOWED = LIFT15_S1.override(
    aggregator={"window": 8}, description="LIFT-15 with windowed instead of full attention"
)
LIFT15_NO_CONTEXT = LIFT15_S1.override(
    aggregator=None, description="LIFT-15 without the temporal transformer"
)
LIFT15_LAYERS2 = LIFT15_S1.override(
    aggregator={"layers": 2}, description="LIFT-15 with two transformer layers"
)
LIFT15_LAYERS4 = LIFT15_S1.override(
    aggregator={"layers": 4}, description="LIFT-15 with four transformer layers"
)
LIFT15_NO_S1 = LIFT15_S1.override(
    refiner={"stride": 4}, description="LIFT-15 refined with s4 features, enlarged"
)

# Variants that the readings of the text call for.
LIFT15_S1_WARPED = LIFT15_S1.override(
    refiner="warped-full-resolution",
    description="LIFT-15 with s1 features and pictures warped to the target",
)
LIFT15_S1_GATED = LIFT15_S1.override(
    aggregator={"gate": True}, description="LIFT-15 with context through a zero-initialised gate"
)
LIFT15_MEAN = LIFT15_S1.override(
    aggregator="mean", description="LIFT-15 with plain averaging instead of attention"
)
LIFT15_TINY = LIFT15_S1.override(
    encoder={"channels": (8, 16, 24, 32, 48)},
    aggregator={"dim": 48, "heads": 4, "layers": 2},
    flow={"coarse_channels": 48, "coarse_blocks": 1, "fine_channels": 32, "fine_blocks": 1},
    blender={"residual_channels": 16},
    refiner={"channels": 16, "blocks": 1},
    description="LIFT-15 in miniature, for tests and laptops",
)

RIFE = ModelSpec(
    encoder=Part("contextnet"),
    flow=Part("ifnet"),
    blender=Part("visibility"),
    refiner=Part("unet"),
    description="RIFE (ECCV 2022), midpoints",
)
RIFE_M = RIFE.override(
    flow={"time_channel": True}, description="RIFE-m (ECCV 2022), arbitrary time"
)
RIFE_2R = RIFE.override(
    encoder={"first_stride": 1},
    flow={"first_stride": 1},
    refiner={"first_stride": 1},
    description="RIFE at twice the feature resolution (2R)",
)

# Mixes: one's encoder and refiner with another's flow.
IFNET_S1 = RIFE.override(
    encoder="pyramid",
    refiner="full-resolution",
    description="RIFE's flow with LIFT-15's s1 refiner",
)
LIFT15_UNET = LIFT15_S1.override(
    blender=Part("visibility", stride=1),
    refiner="unet",
    description="LIFT-15's context and flow, blended at full resolution, with RIFE's U-Net",
)

CLASSICAL = ModelSpec(
    flow=Part("classical"),
    blender=Part("visibility"),
    description="no weights: bidirectional DIS flow brought to the target time (OpenCV)",
)

CLASSICAL_QUADRATIC = ModelSpec(
    encoder=Part("pixels"),
    aggregator=Part("neighbours"),
    flow=Part("quadratic"),
    blender=Part("visibility"),
    window=Window.hole(5, 2),
    description="classical on paths that bend as the next frame on either side says",
)

CLASSICAL_REFINED = CLASSICAL_QUADRATIC.override(
    encoder={"levels": 3},
    flow=Part("quadratic-corrected"),
    refiner=Part("warped-unet", channels=(24, 32, 48)),
    description="classical-quadratic whose motion and picture a small network corrects",
)

SPECS: dict[str, ModelSpec] = {
    "classical": CLASSICAL,
    "classical-quadratic": CLASSICAL_QUADRATIC,
    "classical-refined": CLASSICAL_REFINED,
    "ifnet-s1": IFNET_S1,
    "lift15-ctx3": LIFT15_CTX3,
    "lift15-ctx7": LIFT15_CTX7,
    "lift15-layers2": LIFT15_LAYERS2,
    "lift15-layers4": LIFT15_LAYERS4,
    "lift15-mean": LIFT15_MEAN,
    "lift15-no-context": LIFT15_NO_CONTEXT,
    "lift15-no-s1": LIFT15_NO_S1,
    "lift15-s1": LIFT15_S1,
    "lift15-s1-gated": LIFT15_S1_GATED,
    "lift15-s1-warped": LIFT15_S1_WARPED,
    "lift15-tiny": LIFT15_TINY,
    "lift15-unet": LIFT15_UNET,
    "lift15-windowed": LIFT15_WINDOWED,
    "rife": RIFE,
    "rife-2r": RIFE_2R,
    "rife-m": RIFE_M,
    **PRO,
    **RIFE_V4,
}
"""Name -> spec; pyproject.toml announces each of them under ``vfiblocks.models``."""

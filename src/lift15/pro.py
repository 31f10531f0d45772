"""Past the text: its weak points, each with the part that answers it (docs/lift15-pro.md)."""

from __future__ import annotations

from vfiblocks import ModelSpec, Part, Window

LIFT15_PRO = ModelSpec(
    encoder=Part("two-stems"),
    aggregator=Part("target-query"),
    flow=Part("correlation-cascade", fields=3),
    blender=Part("multi-field", synthesis=48),
    refiner=Part("warped-unet", channels=(28, 56, 96)),  # so that a stream stays below 30 GMAC
    window=Window.hole(15, 8),
    description="context sampled along the motion, correlation, three fields at full resolution",
)
LIFT15_PRO_2F = LIFT15_PRO.override(
    aggregator=None,
    window=Window.even(1, 1),
    description="lift15-pro on the two references alone",
)
LIFT15_PRO_TINY = LIFT15_PRO.override(
    encoder={"channels": (8, 16, 24), "stem": (16, 32, 48)},
    aggregator={"dim": 48, "heads": 4, "samples": 2, "match": 32, "expansion": 2},
    flow={"channels": (48, 32, 24, 16), "blocks": (2, 2, 1, 1), "fields": 2},
    blender={"synthesis": 12},
    refiner={"channels": (12, 16, 24), "blocks": 1},
    description="lift15-pro in miniature, for training on two cores",
)

# Its switches, one at a time.
LIFT15_PRO_CURVATURE = LIFT15_PRO.override(
    aggregator={"curvature": True},
    description="lift15-pro that bends the motion by the next frames",
)
LIFT15_PRO_MEAN = LIFT15_PRO.override(
    aggregator="mean", description="lift15-pro with plain averaging instead of the query"
)
LIFT15_PRO_PYRAMID = LIFT15_PRO.override(
    encoder=Part("pyramid", channels=(24, 48, 96, 144, 192)),
    description="lift15-pro with one chain of features for every frame",
)
LIFT15_PRO_NO_CORRELATION = LIFT15_PRO.override(
    flow={"radii": (0, 0, 0, 0)}, description="lift15-pro that convolves and does not match"
)
LIFT15_PRO_THREE_SCALES = LIFT15_PRO.override(
    flow={
        "strides": (8, 4, 2),
        "channels": (144, 96, 48),
        "blocks": (4, 4, 4),
        "radii": (4, 2, 2),
    },
    description="lift15-pro that looks for motion from stride 8 on",
)
LIFT15_PRO_ONE_FIELD = LIFT15_PRO.override(
    flow={"fields": 1}, description="lift15-pro with a single motion"
)
LIFT15_PRO_NO_SYNTHESIS = LIFT15_PRO.override(
    blender={"synthesis": 0}, description="lift15-pro that blends warped references alone"
)
LIFT15_PRO_NO_REFINER = LIFT15_PRO.override(
    refiner=None, description="lift15-pro whose draft is the picture"
)

PRO: dict[str, ModelSpec] = {
    "lift15-pro": LIFT15_PRO,
    "lift15-pro-2f": LIFT15_PRO_2F,
    "lift15-pro-curvature": LIFT15_PRO_CURVATURE,
    "lift15-pro-mean": LIFT15_PRO_MEAN,
    "lift15-pro-no-correlation": LIFT15_PRO_NO_CORRELATION,
    "lift15-pro-no-refiner": LIFT15_PRO_NO_REFINER,
    "lift15-pro-no-synthesis": LIFT15_PRO_NO_SYNTHESIS,
    "lift15-pro-one-field": LIFT15_PRO_ONE_FIELD,
    "lift15-pro-pyramid": LIFT15_PRO_PYRAMID,
    "lift15-pro-three-scales": LIFT15_PRO_THREE_SCALES,
    "lift15-pro-tiny": LIFT15_PRO_TINY,
}
"""Name -> spec; part of :data:`lift15.specs.SPECS`."""

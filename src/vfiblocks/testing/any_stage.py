"""The check of any kind of part, by the word for it."""

from __future__ import annotations

from vfiblocks.errors import UnknownComponent
from vfiblocks.spec import Part
from vfiblocks.testing.aggregator import check_aggregator
from vfiblocks.testing.blender import check_blender
from vfiblocks.testing.encoder import check_encoder
from vfiblocks.testing.flow import check_flow
from vfiblocks.testing.loss import check_loss
from vfiblocks.testing.metric import check_metric
from vfiblocks.testing.refiner import check_refiner

CHECKS = {
    "encoder": check_encoder,
    "aggregator": check_aggregator,
    "flow": check_flow,
    "blender": check_blender,
    "refiner": check_refiner,
    "loss": check_loss,
    "metric": check_metric,
}


def check_part(stage: str, part: str | Part) -> None:
    """Hold a registered part of any kind to its contract.

    Args:
        stage: "encoder", "aggregator", "flow", "blender", "refiner", "loss" or "metric".
        part: its registered name, or a :class:`Part` with options.

    Raises:
        AssertionError: the first promise it breaks.
        UnknownComponent: for a stage or name that does not exist.

    Example:
        >>> check_part("blender", "average")
    """
    if stage not in CHECKS:
        raise UnknownComponent(f"unknown stage {stage!r}; stages are {', '.join(CHECKS)}")
    CHECKS[stage](part)

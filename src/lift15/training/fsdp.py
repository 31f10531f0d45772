"""Lightning's FSDP, made to take batches as they are."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.plugins import FSDPPrecision
from lightning.pytorch.strategies import FSDPStrategy


class AsItIs(FSDPPrecision):
    """Leaves inputs and outputs alone.

    Lightning would take a batch apart to convert its numbers, and cannot: a window is frozen. There
    is nothing to convert either: pictures are 8-bit until the model is called, and losses are taken
    in float32.
    """

    def convert_input(self, data: Any) -> Any:
        """Nothing is changed."""
        return data

    def convert_output(self, data: Any) -> Any:
        """Nothing is changed."""
        return data


def shared_out(precision: str) -> tuple[FSDPStrategy, AsItIs]:
    """Strategy and precision for a trainer, with states that are whole files.

    Args:
        precision: as Lightning calls it.
    """
    return FSDPStrategy(state_dict_type="full"), AsItIs(precision)  # type: ignore[arg-type]

"""What differs from kind to kind in a new package."""

from __future__ import annotations

from dataclasses import dataclass

from vfiblocks.registry import PART_REGISTRIES


@dataclass(frozen=True)
class Kind:
    """One kind of part that a package can begin with.

    Attributes:
        word: as in ``vfi components``.
        summary: what the part does to begin with, as it stands in the README.
        model: name of the model that uses the part, with ``$name`` for the part; empty for what
            is in no model.
        base: the published spec that this model is an override of.
        override: the change, with ``$name`` for the part.
        command: one more thing to try; empty for none.
    """

    word: str
    summary: str
    model: str
    base: str
    override: str
    command: str

    @property
    def group(self) -> str:
        """The entry-point group."""
        return PART_REGISTRIES[self.word].group


_MODEL = "vfi describe $model"
KINDS: dict[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind(
            "encoder", "pixels folded into channels, level by level",
            "lift15-$name", "LIFT15_TINY", 'encoder="$name"', _MODEL,
        ),
        Kind(
            "aggregator", "a mean that trusts near frames more",
            "lift15-$name", "LIFT15_TINY", 'aggregator="$name"', _MODEL,
        ),
        Kind(
            "flow", "the mean of all displacements, weighted by how well features fit",
            "$name-s1", "IFNET_S1", 'flow="$name"', _MODEL,
        ),
        Kind(
            "blender", "visibility weighed by nearness in time",
            "rife-$name", "RIFE_M", 'blender="$name"', _MODEL,
        ),
        Kind(
            "refiner", "unsharp masking with learned gains",
            "ifnet-$name", "RIFE", 'encoder=None,\n    refiner="$name"', _MODEL,
        ),
        Kind(
            "loss", "the error of the slopes between neighbouring pixels", "", "", "", "",
        ),
        Kind(
            "metric", "the share of pixels that are visibly wrong", "", "", "",
            "vfi evaluate classical --protocol clips --root my-videos --measure $name",
        ),
    )
}  # fmt: skip
"""By word; losses and metrics are in no model, so that their packages name none."""

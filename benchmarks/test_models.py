"""Whole models per picture, against each other and against what the machine can do."""

from __future__ import annotations

import copy

import pytest
import torch

from benchmarks.conftest import Compare
from benchmarks.inputs import clip
from benchmarks.measure import Alternative, significant
from vfiblocks import Interpolator, build_model, describe, list_models
from vfiblocks.errors import UnknownComponent

SIZE = (256, 448)
MODELS = ("rife", "lift15-s1", "lift15-no-context", "classical", "classical-quadratic")
SIDE = 2048
"""Of the matrices whose product stands for the machine's peak."""


def test_models(compare: Compare) -> None:
    """Seconds per picture, and the share of ``torch.mm``'s rate that the arithmetic reaches."""
    models = {name: model for name in MODELS if (model := _built(name)) is not None}
    square = torch.rand(SIDE, SIDE)
    yardstick = {"torch.mm": lambda: torch.mm(square, square)}
    found = compare(
        "One picture",
        {name: _call(model) for name, model in models.items()} | yardstick,
        size="x".join(map(str, SIZE)),
        apart=(*models, *yardstick),  # different models, different pictures
    )
    product = found["torch.mm"]
    product["macs"] = SIDE**3
    del product["ratio"], product["ratio_quartiles"]  # it makes no picture
    peak = product["macs"] / product["seconds"]
    for name, model in models.items():
        row, macs = found[name], describe(model.spec, size=SIZE).macs
        row["spec"] = model.spec.fingerprint
        if macs is not None:
            row["macs"] = macs
            row["share_of_peak"] = significant(macs / row["seconds"] / peak, 3)


@pytest.mark.parametrize("name", ["lift15-s1", "rife"])
def test_channels_last(compare: Compare, name: str) -> None:
    contiguous = _built(name)
    assert contiguous is not None
    channels_last = copy.deepcopy(contiguous).to(memory_format=torch.channels_last)
    compare(
        "Memory format",
        {"contiguous": _call(contiguous), "channels-last": _call(channels_last)},
        size="x".join(map(str, SIZE)),
        case=name,
        spec=contiguous.spec.fingerprint,
        tolerance=1e-4,
        memory=True,
    )


def _built(name: str) -> Interpolator | None:
    """None for a model that this installation does not have all parts of."""
    torch.manual_seed(0)
    if name not in list_models():
        return None
    try:
        return build_model(name).eval()
    except UnknownComponent:
        return None


def _call(model: Interpolator) -> Alternative:
    frames = clip(len(model.window), *SIZE)
    return lambda: model(frames).image

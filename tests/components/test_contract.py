"""Every registered part holds what its stage promises, by default and in its variants."""

import pytest

from vfiblocks import Part
from vfiblocks.registry import STAGE_REGISTRIES
from vfiblocks.testing import check_part

DEFAULTS = [
    (stage, Part(name))
    for stage, registry in STAGE_REGISTRIES.items()
    for name in registry.names()
    if registry.origin(name).startswith("vfiblocks.")
]
VARIANTS = [
    ("encoder", Part("contextnet", first_stride=1)),
    ("encoder", Part("head", channels=4, width=16, depth=0)),
    ("encoder", Part("pixels", levels=3)),
    ("encoder", Part("pyramid", channels=(8, 16, 24), slope=0.2)),
    ("encoder", Part("timm-pyramid", backbone="convnext_atto")),
    ("encoder", Part("timm-pyramid", backbone="efficientnet_lite0")),
    ("encoder", Part("timm-pyramid", backbone="mobilenetv3_small_050")),
    ("encoder", Part("timm-pyramid", backbone="regnetx_002")),
    ("encoder", Part("two-stems", channels=(8,), stem=(8, 12, 16), blocks=2)),
    ("aggregator", Part("mean", stride=8)),
    ("aggregator", Part("neighbours", stride=4)),
    ("aggregator", Part("target-query", curvature=True, dim=32, heads=4, match=16)),
    ("aggregator", Part("target-query", radius=0, follow=0, reach=0, gate=True, stride=8)),
    ("aggregator", Part("transformer", window=2, layers=1, dim=64, patch=1)),
    ("aggregator", Part("transformer", window=4.5, dim=64, heads=4, normalise=True, level=True)),
    ("aggregator", Part("transformer", gate=True, dim=64, checkpoint=True, stride=8)),
    ("flow", Part("context-cascade", coarse_stride=16, fine_stride=2, fine_channels=16)),
    ("flow", Part("ifnet", channels=(16, 16), scales=(2, 1), time_channel=True)),
    ("flow", Part("ifnet", first_stride=1)),
    ("flow", Part("ifnet", flow_scale=0.5)),
    ("flow", Part("ifnet-v4", body="skip", shuffle=False, restart_above=32.0)),
    ("flow", Part("ifnet-v4", body="plain", shuffle=False, channels=(8, 8), scales=(2, 1))),
    ("flow", Part("ifnet-v4", features=True, replace_mask=True, hidden=8, groups=2)),
    ("flow", Part("correlation-cascade", radii=(2, 0, 0, 0))),
    ("flow", Part("classical-corrected", radii=(2, 0), channels=(12, 8))),
    ("flow", Part("quadratic-corrected", strides=(4,), channels=(8,), blocks=(1,), radii=(0,))),
    ("blender", Part("average", stride=1)),
    ("blender", Part("multi-field", synthesis=8)),
    ("blender", Part("visibility", stride=1)),
    ("blender", Part("visibility", residual=True, residual_channels=16)),
    ("refiner", Part("full-resolution", stride=4)),
    ("refiner", Part("unet", first_stride=1)),
    ("refiner", Part("warped-full-resolution", stride=4)),
    ("refiner", Part("warped-unet", channels=(8, 12, 16), blocks=1)),
]


@pytest.mark.parametrize(("stage", "part"), DEFAULTS + VARIANTS, ids=str)
def test_part_keeps_its_contract(stage: str, part: Part):
    check_part(stage, part)


def test_every_part_has_a_variant_or_nothing_to_vary():
    """A new part with options shows up here until the sweep knows one of its variants."""
    varied = {(stage, part.name) for stage, part in VARIANTS}
    plain = {(stage, part.name) for stage, part in DEFAULTS} - varied
    # The test files of these flows vary them
    assert plain <= {("flow", "classical"), ("flow", "quadratic")}

"""The encoder with a stem for every frame and a pyramid for the references."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from vfiblocks import ModelSpec, Part, Upstream, Window, assemble
from vfiblocks.encoders import TwoStems
from vfiblocks.errors import AssemblyError

FINE, COARSE = {1, 2, 4}, {8, 16}
SMALL = {"channels": (6, 8, 10), "stem": (8, 12, 16)}


def build(**options: object) -> TwoStems:
    return TwoStems(Upstream("encoder 'two-stems'"), **options)


def gmac(encoder: TwoStems, frames: int, strides: set[int]) -> float:
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        encoder.to("meta")(torch.zeros(frames, 3, 256, 448, device="meta"), strides)
    return counter.get_total_flops() / 2e9


def test_what_it_costs():
    assert gmac(build(), 14, {16}) < 11
    assert gmac(build(), 2, FINE) < 5
    assert gmac(build(), 1, {16}) == gmac(build(), 1, COARSE)


@pytest.mark.parametrize(("strides", "idle"), [(COARSE, "pyramid"), (FINE, "stem")])
def test_only_the_network_that_is_asked_for_is_run(strides: set[int], idle: str):
    encoder = build(**SMALL)
    delattr(encoder.pyramid if idle == "pyramid" else encoder.stem, "levels")  # would raise
    taps = encoder(torch.rand(1, 3, 32, 48), strides)
    assert set(taps) == strides


@pytest.mark.parametrize(
    ("read", "offered", "pyramid", "stem"),
    [
        ({16}, {8, 16}, [], ["8", "16"]),
        ({8}, {8}, [], ["8"]),
        ({2}, {1, 2}, ["1", "2"], []),
        ({1, 8}, {1, 8}, ["1"], ["8"]),
        ({4, 16}, {1, 2, 4, 8, 16}, ["1", "2", "4"], ["8", "16"]),
    ],
)
def test_what_nobody_reads_is_dropped(
    read: set[int], offered: set[int], pyramid: list[str], stem: list[str]
):
    encoder = build(**SMALL)
    encoder.prune(read)
    assert set(encoder.taps) == offered
    assert [list(chain.levels) for chain in (encoder.pyramid, encoder.stem)] == [pyramid, stem]


def test_far_frames_pass_the_stem_alone():
    spec = ModelSpec(
        encoder=Part("two-stems", **SMALL),
        aggregator=Part("mean"),
        flow=Part("context-cascade", coarse_channels=16, fine_channels=16),
        blender=Part("visibility"),
        refiner=Part("full-resolution", channels=16, blocks=1),
        window=Window.even(3, 3),
    )
    model = assemble(spec).eval()
    passed = {"pyramid": 0, "stem": 0}
    for name in passed:
        chain = getattr(model.encoder, name)
        chain.register_forward_pre_hook(
            lambda _, inputs, name=name: passed.update({name: passed[name] + len(inputs[0])})
        )
    with torch.no_grad():
        model(torch.rand(1, 6, 3, 32, 32))
    assert passed == {"pyramid": 2, "stem": 6}


@torch.no_grad()
def test_content_that_moves_by_a_cell_takes_its_features_along():
    encoder, picture = build().double(), torch.rand(1, 3, 240, 272).double()
    for stride in (1, 2, 4, 8, 16):
        (tap,) = encoder(picture[..., :224, :256], {stride}).values()
        (moved,) = encoder(picture[..., 16:, 16:], {stride}).values()
        by, border = 16 // stride, 96 // stride  # as far as the zeros around a picture reach
        height, width = tap.shape[-2] - border, tap.shape[-1] - border
        torch.testing.assert_close(
            moved[..., border - by : height - by, border - by : width - by],
            tap[..., border:height, border:width],
        )


@torch.no_grad()
def test_features_start_at_a_scale_of_about_one():
    for scale in (taps := build()(torch.rand(1, 3, 96, 96), FINE | COARSE)):
        assert 0.2 < float(taps[scale].square().mean().sqrt()) < 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": (8, 8, 8, 8)}, r"one to three levels .*, got channels=\(8, 8, 8, 8\)"),
        ({"channels": ()}, r"one to three levels"),
        ({"stem": (1, 8, 8)}, r"two or more channels everywhere, .* stem=\(1, 8, 8\)"),
        ({"blocks": -1}, "fewer than no blocks, got blocks=-1"),
    ],
)
def test_refuses(options: dict[str, object], message: str):
    with pytest.raises(AssemblyError, match=f"encoder 'two-stems' .*{message}"):
        build(**options)

"""What a model is called with: refused in words, or understood."""

from typing import Any

import pytest
import torch

from vfiblocks import Interpolator, Window, build_model, interpolate
from vfiblocks.errors import InputError

PAIR = Window.even(1, 1)


@pytest.fixture(scope="module")
def tiny() -> Interpolator:
    torch.manual_seed(0)
    return build_model("lift15-tiny").eval()


@pytest.fixture(scope="module")
def rife() -> Interpolator:
    return build_model("rife").eval()


GENERATOR = torch.Generator().manual_seed(0)  # the tables below are made before any test is seeded


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=GENERATOR)


def bools(*values: bool) -> torch.Tensor:
    return torch.tensor([values])


REFUSED = [
    ((rand(1, 2, 4, 8, 8), PAIR), "frames must be (B, T, 3, H, W), got (1, 2, 4, 8, 8); a clip of"),
    ((rand(2, 3, 8, 8), PAIR), "frames must be (B, T, 3, H, W), got (2, 3, 8, 8)"),
    ((rand(1, 2, 8, 8, 3), PAIR), "frames must be (B, T, 3, H, W), got (1, 2, 8, 8, 3)"),
    ((rand(0, 2, 3, 8, 8), PAIR), "frames must be (B, T, 3, H, W), got (0, 2, 3, 8, 8)"),
    ((rand(1, 0, 3, 8, 8), PAIR), "frames must be (B, T, 3, H, W), got (1, 0, 3, 8, 8)"),
    ((rand(1, 2, 3, 0, 8), PAIR), "frames must be (B, T, 3, H, W), got (1, 2, 3, 0, 8)"),
    (([rand(1, 2, 3, 8, 8)], PAIR), "frames must be a tensor (B, T, 3, H, W), got list"),
    ((rand(1, 3, 3, 8, 8), PAIR), "the window has 2 positions, but 3 frames came"),
    ((rand(1, 2, 3, 8, 8),), "the window has 14 positions, but 2 frames came; give a window that"),
    ((rand(1, 2, 3, 8, 8), (-1, 1)), "window must be a Window, got (-1, 1)"),
    ((rand(1, 2, 3, 8, 8).byte(), PAIR), "must be floats in [0, 1], got torch.uint8; divide 8-bit"),
    ((255 * rand(1, 2, 3, 8, 8), PAIR), "must be finite and lie in [0, 1], got values from "),
    (
        (rand(1, 2, 3, 8, 8) * torch.nan, PAIR),
        "must be finite and lie in [0, 1], got values from n",
    ),
    (
        (rand(1, 2, 3, 8, 8) - torch.inf, PAIR),
        "must be finite and lie in [0, 1], got values from -",
    ),
    (
        (rand(1, 2, 3, 8, 8).double(), PAIR),
        "are torch.float64, but the model computes in torch.flo",
    ),
    ((rand(1, 2, 3, 8, 8), PAIR, bools(True, False)), "the two reference frames must exist; valid"),
    (
        (rand(1, 2, 3, 8, 8), PAIR, bools(True, True)[0]),
        "valid must be a bool tensor (1, 2), one p",
    ),
    ((rand(1, 2, 3, 8, 8), PAIR, bools(1, 1)), "one per frame, got torch.int64 (1, 2)"),
    ((rand(1, 2, 3, 8, 8), PAIR, bools(True, True).to("meta")), "on cpu, but valid is on meta"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_refused_input(tiny: Interpolator, arguments: tuple[Any, ...], message: str):
    with pytest.raises(InputError) as caught:
        tiny(*arguments)
    assert message in str(caught.value)


def test_model_and_frames_apart():
    model = build_model("lift15-tiny").to("meta")
    with pytest.raises(InputError, match="frames are on cpu, but the model is on meta"):
        model(rand(1, 2, 3, 8, 8), PAIR)


@torch.no_grad()
def test_overshoot_of_a_resampling_filter_is_no_mistake(tiny: Interpolator):
    frames = rand(1, 2, 3, 32, 32) * 1.2 - 0.1
    image = tiny(frames, PAIR).image
    assert image.min() >= 0
    assert image.max() <= 1


@torch.no_grad()
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 3)])
def test_pictures_of_a_few_pixels(tiny: Interpolator, rife: Interpolator, size: tuple[int, int]):
    for model in (tiny, rife):
        image = model(rand(1, 2, 3, *size), PAIR).image
        assert image.shape == (1, 3, *size)
        assert image.isfinite().all()


@torch.no_grad()
def test_frames_in_any_order(tiny: Interpolator):
    """References are found by position, so the order of the list is free."""
    window = Window.even(2, 2)
    order = [2, 0, 3, 1]
    shuffled = Window(tuple(window.positions[i] for i in order), window.target)
    frames = rand(1, 4, 3, 32, 32)
    expected, found = tiny(frames, window), tiny(frames[:, order], shuffled)
    torch.testing.assert_close(found.image, expected.image, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_arguments_are_left_alone(tiny: Interpolator):
    frames, valid = rand(1, 3, 3, 20, 20), bools(False, True, True)
    frames[:, 0] = torch.nan
    kept = frames.clone()
    tiny(frames, Window.even(2, 1), valid)
    assert torch.equal(frames.isnan(), kept.isnan())
    assert torch.equal(frames[:, 1:], kept[:, 1:])


@torch.no_grad()
def test_half_precision_through_autocast(tiny: Interpolator, rife: Interpolator):
    frames = rand(1, 2, 3, 32, 32)
    for model in (tiny, rife):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            image = model(frames, PAIR).image
        torch.testing.assert_close(image.float(), model(frames, PAIR).image, atol=0.05, rtol=0)


def test_gradients_flow_to_the_frames(tiny: Interpolator):
    frames = rand(1, 2, 3, 32, 32).requires_grad_()
    tiny(frames, PAIR).image.mean().backward()
    assert frames.grad.isfinite().all()
    assert frames.grad.any()


def test_training_sees_the_unclamped_picture():
    model = build_model("lift15-tiny").train()
    frames = torch.ones(1, 2, 3, 32, 32)
    with torch.no_grad():
        model.refiner.net[-1].bias.fill_(0.5)
        assert model(frames, PAIR).image.max() > 1
        assert model.eval()(frames, PAIR).image.max() <= 1


@torch.no_grad()
def test_interpolate_two_pictures(tiny: Interpolator):
    left, right = rand(2, 3, 20, 30), rand(2, 3, 20, 30)
    both = interpolate(tiny, left, right, time=0.25)
    assert both.shape == (2, 3, 20, 30)
    alone = interpolate(tiny, left[0], right[0], time=0.25)
    torch.testing.assert_close(alone, both[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("left", "right", "time", "message"),
    [
        (rand(3, 8, 8), rand(3, 8, 9), 0.5, "two pictures must both be (3, H, W) or (B, 3, H, W)"),
        (rand(8, 8), rand(8, 8), 0.5, "got (8, 8) and (8, 8)"),
        (rand(3, 8, 8), rand(3, 8, 8), 0.0, "time must lie strictly between 0 and 1, got 0.0"),
        (rand(3, 8, 8), rand(3, 8, 8), 1.5, "time must lie strictly between 0 and 1, got 1.5"),
    ],
)
def test_interpolate_refuses(tiny: Interpolator, left: Any, right: Any, time: float, message: str):
    with pytest.raises(InputError) as caught:
        interpolate(tiny, left, right, time)
    assert message in str(caught.value)


def test_windows_made_for_a_model(tiny: Interpolator):
    window = tiny.window_between(0.25)
    assert (window.left, window.right, window.time) == (8, 6, 0.25)
    assert [window.positions[i] for i in window.references] == [7.0, 9.0]  # as it was trained
    assert len(tiny.window_between(left=1, right=3)) == 4
    with pytest.raises(InputError, match="needs a frame on each side, got left=0, right=6"):
        tiny.window_between(left=0)


def test_halves_give_the_whole(tiny: Interpolator):
    """Streams keep what encode() makes and decode it at several times."""
    frames = rand(1, 4, 3, 32, 64)
    with torch.no_grad():
        for time in (0.25, 0.75):
            window = Window.even(2, 2, time)
            features = tiny.encode(frames, Window.even(2, 2))
            found = tiny.decode(features, window).image.clamp(0, 1)
            assert torch.equal(found, tiny(frames, window).image)

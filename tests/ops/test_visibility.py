"""The blend of two references: between them, symmetric, and never dark."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.ops import blend, visibility_weights

seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.1, 3.0, 30.0, 1000.0])
dtypes = st.sampled_from([torch.float32, torch.float64])


def draw(seed: int, scale: float, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Two images in [0, 1] and logits: (2, 2, 3, 4, 5) and (2, 2, 1, 4, 5)."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, 2, 3, 4, 5, generator=generator, dtype=dtype)
    return images, scale * torch.randn(2, 2, 1, 4, 5, generator=generator, dtype=dtype)


@given(seeds, scales, dtypes)
def test_blend_lies_between_its_inputs(seed: int, scale: float, dtype: torch.dtype) -> None:
    images, logits = draw(seed, scale, dtype)
    blended = blend(images, logits)
    rounding = 2 * torch.finfo(dtype).eps
    assert (blended >= images.amin(1) - rounding).all()
    assert (blended <= images.amax(1) + rounding).all()


@given(seeds, scales)
def test_weights_sum_to_one(seed: int, scale: float) -> None:
    _, logits = draw(seed, scale)
    weights = visibility_weights(logits)
    assert weights.shape == logits.shape
    assert ((weights >= 0) & (weights <= 1)).all()
    torch.testing.assert_close(weights.sum(1), torch.ones_like(weights[:, 0]))


@given(seeds, scales)
def test_swapping_the_references_changes_nothing(seed: int, scale: float) -> None:
    images, logits = draw(seed, scale)
    torch.testing.assert_close(blend(images.flip(1), logits.flip(1)), blend(images, logits))


@given(seeds, scales)
def test_opposite_logits_are_the_single_mask_of_rife(seed: int, scale: float) -> None:
    images, logits = draw(seed, scale)
    mask = logits[:, 0]
    left, right = images.unbind(1)
    wanted = torch.sigmoid(mask) * left + (1 - torch.sigmoid(mask)) * right
    blended = blend(images, torch.stack((mask, -mask), dim=1))
    torch.testing.assert_close(blended, wanted, rtol=0, atol=1e-12)


@given(seeds, st.floats(-15, 15), st.floats(-15, 15))
def test_equals_the_quotient_of_visibilities_where_that_is_safe(
    seed: int, left: float, right: float
) -> None:
    images, _ = draw(seed, 1.0)
    logits = torch.tensor([left, right], dtype=torch.float64).view(2, 1, 1, 1)
    seen = torch.sigmoid(logits)
    quotient = (seen * images).sum(1) / seen.sum(0)
    torch.testing.assert_close(blend(images, logits.expand(2, 2, 1, 4, 5)), quotient)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [-30.0, -1000.0, 0.0, 30.0])
def test_equal_logits_give_the_mean_however_low(dtype: torch.dtype, logit: float) -> None:
    images = torch.tensor([0.25, 0.75], dtype=dtype).view(2, 1, 1, 1)
    logits = torch.full((2, 1, 1, 1), logit, dtype=dtype)
    assert blend(images, logits).item() == 0.5
    assert visibility_weights(logits).flatten().tolist() == [0.5, 0.5]
    assert visibility_weights(logits).dtype == blend(images, logits).dtype == dtype


def test_convention_high_means_visible_and_left_comes_first() -> None:
    weights = visibility_weights(torch.tensor([5.0, -5.0]).view(2, 1, 1, 1)).flatten()
    assert weights[0] > 0.99
    assert weights[1] < 0.01


@given(seeds)
def test_gradients(seed: int) -> None:
    images, logits = (x[:1, ..., :2, :2].requires_grad_() for x in draw(seed, 3.0))
    assert torch.autograd.gradcheck(blend, (images, logits), fast_mode=True)


def test_gradients_are_finite_far_out() -> None:
    logits = torch.tensor([-500.0, -400.0]).view(2, 1, 1, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(blend(torch.rand(2, 3, 1, 1), logits).sum(), logits)
    assert gradient.isfinite().all()


def test_no_leading_axes_are_fine() -> None:
    images, logits = draw(0, 3.0)
    torch.testing.assert_close(blend(images[1], logits[1]), blend(images, logits)[1])


def test_says_what_is_wrong() -> None:
    images, logits = draw(0, 1.0)
    with pytest.raises(
        InputError, match=r"logits are \(\.\.\., 2, 1, h, w\), .* got \(2, 2, 4, 5\)"
    ):
        visibility_weights(logits[:, :, 0])
    with pytest.raises(
        InputError, match=r"wants images as \(\.\.\., 2, C, h, w\), got \(2, 3, 3, 4"
    ):
        blend(images[:, :1].expand(2, 3, 3, 4, 5), logits)
    with pytest.raises(
        InputError, match=r"images \(2, 2, 3, 4, 5\) and logits \(2, 2, 1, 4, 4\); resize"
    ):
        blend(images, logits[..., :4])
    with pytest.raises(InputError, match=r"logits is torch\.int64"):
        visibility_weights(logits.long())
    with pytest.raises(InputError, match=r"images is torch\.uint8"):
        blend(images.to(torch.uint8), logits)

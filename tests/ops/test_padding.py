"""Padding to a multiple and cropping back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.ops import crop_to, pad_to_multiple

sides = st.integers(1, 40)
multiples = st.integers(1, 33)


@given(sides, sides, multiples)
def test_pads_the_bottom_and_right_by_repetition(height: int, width: int, multiple: int) -> None:
    x = torch.rand(2, 3, height, width)
    padded = pad_to_multiple(x, multiple)
    new_height, new_width = padded.shape[-2:]
    assert new_height % multiple == new_width % multiple == 0
    assert new_height - height < multiple
    assert new_width - width < multiple
    rows = torch.arange(new_height).clamp(max=height - 1)
    columns = torch.arange(new_width).clamp(max=width - 1)
    assert torch.equal(padded, x[..., rows, :][..., columns])


@given(sides, sides, multiples)
def test_cropping_undoes_padding(height: int, width: int, multiple: int) -> None:
    x = torch.rand(1, 2, 3, height, width)
    assert torch.equal(crop_to(pad_to_multiple(x, multiple), (height, width)), x)


def test_nothing_to_do_returns_the_same_object() -> None:
    x = torch.rand(3, 32, 64)
    assert pad_to_multiple(x, 32) is x
    assert pad_to_multiple(x, 1) is x


@pytest.mark.parametrize("lead", [(), (2,), (2, 2), (2, 0)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_leading_axes_and_dtypes(lead: tuple[int, ...], dtype: torch.dtype) -> None:
    padded = pad_to_multiple(torch.zeros(*lead, 3, 5, 6, dtype=dtype), 4)
    assert padded.shape == (*lead, 3, 8, 8)
    assert padded.dtype == dtype


class PadAndCrop(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return crop_to(2 * pad_to_multiple(x, 16), (x.shape[-2], x.shape[-1]))


def test_exports_with_sizes_that_need_padding_and_sizes_that_do_not() -> None:
    sizes = {2: torch.export.Dim("height", min=2), 3: torch.export.Dim("width", min=2)}
    exported = torch.export.export(
        PadAndCrop(), (torch.rand(1, 3, 18, 26),), dynamic_shapes=(sizes,)
    ).module()
    for height, width in ((32, 48), (31, 48), (7, 90)):
        x = torch.rand(1, 3, height, width)
        assert torch.equal(exported(x), 2 * x)


def test_says_what_is_wrong() -> None:
    x = torch.rand(3, 30, 50)
    with pytest.raises(InputError, match=r"pad_to_multiple wants a multiple of at least 1, got 0"):
        pad_to_multiple(x, 0)
    with pytest.raises(InputError, match=r"pad_to_multiple wants x as .* got \(30, 50\)"):
        pad_to_multiple(x[0], 4)
    with pytest.raises(
        InputError, match=r"between 1x1 and that of its input, \(3, 30, 50\), got 31x50"
    ):
        crop_to(x, (31, 50))
    with pytest.raises(InputError, match=r"got 0x50"):
        crop_to(x, (0, 50))

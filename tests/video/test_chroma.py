"""Chroma resampling: down undoes up, exactly, and neither shifts the picture."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vfiblocks.video.chroma import downsample_chroma, upsample_chroma

sides = st.integers(1, 12)


@given(sides, sides, st.sampled_from([(2, 2), (1, 2), (2, 1), (1, 1)]))
def test_down_undoes_up(height: int, width: int, step: tuple[int, int]) -> None:
    small = torch.rand(2, height, width, dtype=torch.float64)
    big = upsample_chroma(small, height * step[0], width * step[1])
    assert big.shape == (2, height * step[0], width * step[1])
    assert torch.allclose(downsample_chroma(big, height, width), small, atol=1e-12)


@given(sides, sides)
def test_an_odd_last_column_loses_nothing(height: int, width: int) -> None:
    small = torch.rand(height, width, dtype=torch.float64)
    big = upsample_chroma(small, height * 2, width * 2 - 1)
    assert torch.allclose(downsample_chroma(big, height, width), small, atol=1e-12)


@given(sides, sides)
def test_constants_stay_constant_at_any_size(height: int, width: int) -> None:
    half = (height + 1) // 2, (width + 1) // 2
    assert torch.equal(
        upsample_chroma(torch.full(half, 0.25), height, width), torch.full((height, width), 0.25)
    )
    down = downsample_chroma(torch.full((height, width), 0.25), *half)
    assert torch.allclose(down, torch.full(half, 0.25))


def test_siting_is_left_and_midway() -> None:
    """Chroma of a ramp is the ramp's own value where the sample lies: column 2i, row 2j + 1/2."""
    columns = torch.arange(16.0).expand(12, 16)
    rows = torch.arange(12.0)[:, None].expand(12, 16)
    assert downsample_chroma(columns, 6, 8)[3, 1:-1].tolist() == [2, 4, 6, 8, 10, 12]
    assert downsample_chroma(rows, 6, 8)[1:-1, 4].tolist() == [2.5, 4.5, 6.5, 8.5]


@pytest.mark.parametrize("shape", [(3, 4), (1, 1)])
def test_full_resolution_is_left_alone(shape: tuple[int, int]) -> None:
    x = torch.rand(shape)
    assert upsample_chroma(x, *shape) is x
    assert downsample_chroma(x, *shape) is x

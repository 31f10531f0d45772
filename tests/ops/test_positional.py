"""Codes of positions in time: gaps, fractions and negative positions included."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vfiblocks.errors import InputError
from vfiblocks.ops import sinusoidal_positions

moments = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=16)
channel_counts = st.integers(1, 32).map(lambda half: 2 * half)


@given(moments, channel_counts)
def test_follows_the_formula(positions: list[float], channels: int) -> None:
    codes = sinusoidal_positions(positions, channels, dtype=torch.float64)
    assert codes.shape == (len(positions), channels)
    for row, k in zip(codes.tolist(), positions, strict=True):
        for i in range(channels // 2):
            angle = k / 10000 ** (2 * i / channels)
            assert row[2 * i] == pytest.approx(math.sin(angle), abs=1e-9)
            assert row[2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-9)


@given(moments, channel_counts)
def test_a_code_depends_on_its_own_position_only(positions: list[float], channels: int) -> None:
    together = sinusoidal_positions(positions, channels)
    for row, k in zip(together, positions, strict=True):
        torch.testing.assert_close(sinusoidal_positions([k], channels)[0], row)


@given(moments, channel_counts, st.floats(-8, 8, width=32))
def test_similarity_depends_on_the_distance_only(
    positions: list[float], channels: int, shift: float
) -> None:
    here = sinusoidal_positions(positions, channels, dtype=torch.float64)
    there = sinusoidal_positions([k + shift for k in positions], channels, dtype=torch.float64)
    torch.testing.assert_close(there @ there.mT, here @ here.mT, rtol=0, atol=1e-6)


def test_the_hole_of_a_window_leaves_a_gap() -> None:
    hole = [*range(8), *range(9, 15)]
    everything = sinusoidal_positions(range(15), 256)
    assert torch.equal(sinusoidal_positions(hole, 256), everything[hole])


def test_max_period_is_the_slowest_wave() -> None:
    codes = sinusoidal_positions([1.0], 4, max_period=100.0, dtype=torch.float64)
    torch.testing.assert_close(codes[0, 2].item(), math.sin(0.1))


def test_dtypes_and_angles_in_full_precision() -> None:
    assert sinusoidal_positions([1, 2], 8).dtype == torch.float32
    assert sinusoidal_positions(torch.tensor([1, 2]), 8).dtype == torch.float32
    assert sinusoidal_positions(torch.tensor([1.0], dtype=torch.float64), 8).dtype == torch.float64
    exact = sinusoidal_positions([1000.5], 64, dtype=torch.float64)
    half = sinusoidal_positions([1000.5], 64, dtype=torch.bfloat16)
    assert half.dtype == torch.bfloat16
    # bfloat16 angles near 1000 would be off by up to 2 radians.
    torch.testing.assert_close(half.double(), exact, rtol=0, atol=2**-8)


def test_runs_on_the_device_of_its_positions_or_the_one_asked_for() -> None:
    assert sinusoidal_positions(torch.zeros(2, device="meta"), 4).device.type == "meta"
    assert sinusoidal_positions([0.0, 1.0], 4, device="meta").device.type == "meta"


def test_no_positions_are_no_codes() -> None:
    assert sinusoidal_positions([], 4).shape == (0, 4)


def test_says_what_is_wrong() -> None:
    with pytest.raises(InputError, match=r"even, positive number of channels .* got 33"):
        sinusoidal_positions([0.0], 33)
    with pytest.raises(InputError, match=r"even, positive number of channels .* got 0"):
        sinusoidal_positions([0.0], 0)
    with pytest.raises(InputError, match=r"one axis of positions, \(T,\), got \(2, 3\)"):
        sinusoidal_positions(torch.zeros(2, 3), 4)
    with pytest.raises(InputError, match=r"positive max_period, got 0\.0"):
        sinusoidal_positions([0.0], 4, max_period=0.0)

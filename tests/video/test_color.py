"""Levels, matrices, and the guess for untagged video."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vfiblocks.errors import VideoError
from vfiblocks.video.color import Levels, matrix_of, rgb_to_yuv, yuv_to_rgb

matrices = st.sampled_from([1, 4, 5, 6, 7, 9])
depths = st.sampled_from([8, 9, 10, 12, 14, 16])


@given(matrices)
def test_rgb_and_yuv_are_inverse(matrix: int) -> None:
    rgb = torch.rand(2, 3, 5, 7, dtype=torch.float64)
    assert torch.allclose(yuv_to_rgb(rgb_to_yuv(rgb, matrix), matrix), rgb, atol=1e-12)


@given(matrices)
def test_signals_stay_in_their_ranges(matrix: int) -> None:
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3).T.reshape(3, 2, 4)
    y, cb, cr = rgb_to_yuv(corners, matrix)
    assert y.min() == 0
    assert torch.isclose(y.max(), torch.tensor(1.0))
    for chroma in (cb, cr):
        assert torch.isclose(chroma.min(), torch.tensor(-0.5))
        assert torch.isclose(chroma.max(), torch.tensor(0.5))


def test_primary_red_in_bt709_at_8_bits_limited() -> None:
    """The colour-bar values of Rec. BT.709: red is (63, 102, 240)."""
    y, cb, cr = rgb_to_yuv(torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1), 1)
    levels = Levels(8, full=False)
    found = levels.luma_levels(y), levels.chroma_levels(cb), levels.chroma_levels(cr)
    assert [int(value) for value in found] == [63, 102, 240]


@given(depths, st.booleans())
def test_every_level_survives_its_signal(bits: int, full: bool) -> None:
    levels = Levels(bits, full)
    every = torch.arange(2.0**bits)
    assert torch.equal(levels.luma_levels(levels.luma_signal(every)), every)
    assert torch.equal(levels.chroma_levels(levels.chroma_signal(every)), every)


def test_levels_round_and_clamp() -> None:
    levels = Levels(8, full=True)
    signal = torch.tensor([-0.1, 127.4, 127.6, 300.0]) / torch.tensor([1, 255, 255, 255])
    assert levels.luma_levels(signal).tolist() == [0, 127, 128, 255]


@pytest.mark.parametrize(
    ("size", "matrix"),
    [((640, 480), 6), ((720, 576), 6), ((1024, 600), 1), ((1280, 544), 1), ((1920, 1080), 1)],
)
def test_untagged_video_is_guessed_by_size(size: tuple[int, int], matrix: int) -> None:
    assert matrix_of(2, *size) == matrix


def test_an_unknown_matrix_is_refused_by_number() -> None:
    with pytest.raises(VideoError, match=r"colour matrix 8 .*known are 1, 4, 5"):
        matrix_of(8, 640, 480)

"""Reading one picture: whole or not at all; its size without decoding it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.sources.pictures import picture_size, read_picture
from lift15.data.sources.shrinking import Shrink
from vfiblocks.errors import DataError

NOISE = np.random.default_rng(0).integers(0, 256, (20, 31, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff"])
def test_lossless_formats_give_what_was_stored(tmp_path: Path, suffix: str):
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), NOISE[..., ::-1])
    assert np.array_equal(read_picture(path), NOISE)


def test_grey_and_deep_and_opaque_become_rgb_of_8_bits(tmp_path: Path):
    for name, stored, wanted in (
        ("grey.png", NOISE[..., 0], NOISE[..., [0, 0, 0]]),
        ("deep.png", NOISE[..., ::-1].astype(np.uint16) * 257, NOISE),
        ("alpha.png", np.dstack((NOISE[..., ::-1], NOISE[..., :1])), NOISE),
    ):
        cv2.imwrite(str(tmp_path / name), stored)
        assert np.array_equal(read_picture(tmp_path / name), wanted), name


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
def test_half_a_file_is_no_picture(tmp_path: Path, suffix: str):
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), NOISE)
    data = path.read_bytes()
    for length in (len(data) // 3, len(data) // 2, len(data) - 40):
        path.write_bytes(data[:length])
        with pytest.raises(DataError, match=r"cut off|damaged"):
            read_picture(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"the file is empty"):
        read_picture(path)
    path.write_text("not a picture at all")
    with pytest.raises(DataError, match=r"is damaged, or no picture"):
        read_picture(path)


def test_turned_by_a_camera_it_stays_as_it_is_stored(tmp_path: Path):
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), NOISE)
    data = path.read_bytes()
    tag = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"  # orientation: a quarter turn
    exif = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01" + tag + b"\x00\x00\x00\x00"
    marker = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    path.write_bytes(data[:2] + marker + data[2:])
    assert cv2.imread(str(path)).shape == (31, 20, 3)  # the tag is understood
    assert read_picture(path).shape == (20, 31, 3)
    assert picture_size(path) == (31, 20)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_size_from_the_header(tmp_path: Path, suffix: str):
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), NOISE)
    assert picture_size(path) == (31, 20)
    data = path.read_bytes()
    for length in range(0, 120, 7):
        path.write_bytes(data[:length])
        assert picture_size(path) in (None, (31, 20))


def test_a_progressive_jpeg_tells_its_size(tmp_path: Path):
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), NOISE, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert picture_size(path) == (31, 20)


def test_other_formats_do_not_say(tmp_path: Path):
    path = tmp_path / "a.bmp"
    cv2.imwrite(str(path), NOISE)
    assert picture_size(path) is None


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(0, 2000), st.floats(0.01, 1.0))
def test_shrinking_never_enlarges_and_keeps_the_bound(
    width: int, height: int, max_side: int, scale: float
):
    small = Shrink(max_side, scale).size(width, height)
    assert 1 <= small[0] <= width
    assert 1 <= small[1] <= height
    assert not max_side or max(small) <= max_side


def test_shrinking_averages():
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[::2] = 100
    assert np.array_equal(Shrink(scale=0.5)(picture), np.full((2, 3, 3), 50, np.uint8))
    assert Shrink()(picture) is picture


def test_shrinking_refuses_what_makes_no_sense():
    with pytest.raises(DataError, match=r"max_side is a number of pixels, or 0 for any, got -1"):
        Shrink(max_side=-1)
    with pytest.raises(DataError, match=r"scale lies above 0 and at most at 1, got 2"):
        Shrink(scale=2)

"""Frames that are kept: in memory within a budget, on a disk in whole files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.sources import Frames
from lift15.data.sources.cache import BLOCK, Blocks, Recent
from vfiblocks.errors import DataError

Writer = Callable[..., Path]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(0, 100))
def test_memory_stays_within_its_budget(asked: list[int], budget: int):
    recent = Recent(budget)
    for number in asked:
        kept = recent.get((0, number))
        if kept is None:
            recent.put((0, number), np.full((2, 2, 3), number, np.uint8))
        else:
            assert (kept == number).all()
        held = [recent.get((0, n)) for n in range(10)]
        assert sum(picture.nbytes for picture in held if picture is not None) <= budget


def test_what_was_used_last_stays():
    recent = Recent(24)
    for number in (0, 1):
        recent.put((0, number), np.zeros((2, 2, 3), np.uint8))
    recent.get((0, 0))
    recent.put((0, 2), np.zeros((2, 2, 3), np.uint8))
    assert recent.get((0, 0)) is not None
    assert recent.get((0, 1)) is None


@pytest.fixture
def long_clip(tmp_path: Path, write_pictures: Writer) -> Path:
    return write_pictures(
        tmp_path / "data" / "a", [f"{n}.png" for n in range(2 * BLOCK + 5)]
    ).parent


def test_kept_frames_are_the_same_and_need_no_file(long_clip: Path):
    wanted = [0, 5, 5, 3]
    plain = Frames(long_clip).read(0, wanted)
    source = Frames(long_clip, cache=10**6)
    assert torch.equal(source.read(0, wanted), plain)
    for file in (long_clip / "a").iterdir():
        file.write_bytes(b"gone")
    assert torch.equal(source.read(0, wanted), plain)
    with pytest.raises(DataError):
        source.read(0, [4])


def test_what_is_handed_out_may_be_written_to(long_clip: Path, tmp_path: Path):
    for options in ({"cache": 10**6}, {"cache_dir": str(tmp_path / "kept")}):
        source = Frames(long_clip, **options)
        before = source.read(0, [1]).clone()
        source.read(0, [1]).zero_()
        assert torch.equal(source.read(0, [1]), before)


@pytest.mark.parametrize("max_side", [0, 12])
def test_stored_frames_are_the_same(long_clip: Path, tmp_path: Path, max_side: int):
    folder = tmp_path / "kept"
    source = Frames(long_clip, cache_dir=str(folder), max_side=max_side)
    plain = Frames(long_clip, max_side=max_side)
    wanted = [0, BLOCK, BLOCK - 1, 2 * BLOCK + 4]
    assert torch.equal(source.read(0, wanted), plain.read(0, wanted))
    stored = sorted(folder.rglob("*"))
    assert sum(path.suffix == ".npy" for path in stored) == 3
    assert not any("partial" in path.name for path in stored)
    again = Frames(long_clip, cache_dir=str(folder), max_side=max_side)
    assert torch.equal(again.read(0, wanted), plain.read(0, wanted))
    assert sorted(folder.rglob("*")) == stored


def test_stored_frames_follow_their_files(long_clip: Path, tmp_path: Path, write_pictures: Writer):
    folder = str(tmp_path / "kept")
    before = Frames(long_clip, cache_dir=folder).read(0, [0])
    other = [f"{n}.png" for n in range(2 * BLOCK + 5)]
    write_pictures(long_clip / "a", reversed(other))
    after = Frames(long_clip, cache_dir=folder).read(0, [0])
    assert not torch.equal(before, after)


def test_a_file_that_was_cut_off_is_made_again(long_clip: Path, tmp_path: Path):
    folder = tmp_path / "kept"
    source = Frames(long_clip, cache_dir=str(folder))
    before = source.read(0, [2])
    (stored,) = folder.rglob("*.npy")
    stored.write_bytes(stored.read_bytes()[:200])
    assert torch.equal(source.read(0, [2]), before)
    (stored,) = folder.rglob("*.npy")
    assert stored.stat().st_size > 200


def test_a_folder_that_cannot_be_written(tmp_path: Path, long_clip: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        DataError, match=r"cache_dir .*: cannot be written: .*choose another folder"
    ):
        Frames(long_clip, cache_dir=str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match=r"cache is a number of bytes, or 0 for none, got -1"):
        Frames(long_clip, cache=-1)


def test_blocks_are_made_once(tmp_path: Path):
    made: list[range] = []

    def make(span: range) -> list[Any]:
        made.append(span)
        return [np.full((2, 2, 3), number, np.uint8) for number in span]

    blocks = Blocks(tmp_path)
    for _ in range(3):
        found = blocks.read("clip", [1, BLOCK + 1], BLOCK + 2, make)
        assert {number: int(picture[0, 0, 0]) for number, picture in found.items()} == {
            1: 1,
            BLOCK + 1: BLOCK + 1,
        }
    assert made == [range(BLOCK), range(BLOCK, BLOCK + 2)]

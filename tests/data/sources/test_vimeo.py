"""Vimeo-90K in its official layout: lists, scenes, what happens with items that are not whole."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lift15.data.sources import Problem, VimeoSeptuplet, VimeoTriplet
from vfiblocks.errors import DataError, InputError

CLIPS = ["00001/0001", "00001/0003", "00002/0010"]


@pytest.mark.parametrize(
    ("kind", "prefix", "length"), [(VimeoSeptuplet, "sep", 7), (VimeoTriplet, "tri", 3)]
)
def test_clips_are_those_of_the_list(
    vimeo: Callable[..., Path], shade: Callable[..., Any], kind: Any, prefix: str, length: int
):
    root = vimeo(prefix, train=CLIPS, test=["00009/0001"])
    source = kind(root)
    assert [clip.name for clip in source.clips] == CLIPS
    assert [clip.scene for clip in source.clips] == ["00001", "00001", "00002"]
    assert {clip.length for clip in source.clips} == {length}
    assert not source.held_out
    frames = source.read(1, [2, 0, 2])
    assert frames.shape == (3, 3, 16, 24)
    assert frames.dtype is torch.uint8
    for frame, number in zip(frames, [2, 0, 2], strict=True):
        assert np.array_equal(frame.permute(1, 2, 0).numpy(), shade(number))


def test_the_test_list_is_another_source_and_held_out(vimeo: Callable[..., Path]):
    root = vimeo("sep", train=CLIPS, test=["00009/0001"])
    source = VimeoSeptuplet(root, list="test")
    assert [clip.name for clip in source.clips] == ["00009/0001"]
    assert source.held_out
    with pytest.raises(
        DataError, match=r"list of 'vimeo-septuplet' is one of 'train', 'test', got"
    ):
        VimeoSeptuplet(root, list="valid")


def test_bad_items_are_named_and_counted(vimeo: Callable[..., Path]):
    entries = [f"00001/{number:04d}" for number in range(12)]
    root = vimeo("sep", train=entries)
    for entry in entries[:7]:
        (root / "sequences" / entry / "im4.png").unlink()
    (root / "sequences" / entries[0] / "im5.png").unlink()
    with pytest.raises(DataError) as caught:
        VimeoSeptuplet(root)
    message = str(caught.value)
    assert "7 of 12 items are bad" in message
    assert "00001/0000: im4.png and 1 more are missing, of 7 files" in message
    assert "00001/0004: im4.png is missing" in message
    assert "00001/0005" not in message
    assert "and 2 more. Repair them, or leave them out with --skip-bad" in message
    source = VimeoSeptuplet(root, skip_bad=True)
    assert [clip.name for clip in source.clips] == entries[7:]
    assert len(source.problems) == 7
    assert source.problems[1] == Problem("00001/0001", "im4.png is missing, of 7 files")


def test_a_clip_without_its_folder(vimeo: Callable[..., Path]):
    root = vimeo("tri", train=CLIPS)
    (root / "tri_trainlist.txt").write_text("00001/0001\n00007/0007\n")
    with pytest.raises(DataError, match=r"1 of 2 items is bad: 00007/0007: the folder is missing"):
        VimeoTriplet(root)


def test_nothing_usable_is_an_error_even_when_skipping(vimeo: Callable[..., Path]):
    root = vimeo("tri", train=CLIPS[:1])
    (root / "sequences" / CLIPS[0] / "im2.png").unlink()
    with pytest.raises(DataError, match=r"the only item is bad: 00001/0001: im2.png is missing"):
        VimeoTriplet(root, skip_bad=True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the list file is empty"),
        ("00001/0001\n00001/0001\n", "'00001/0001' is listed twice"),
        ("../../etc\n", "'../../etc' is no path inside the data set"),
        ("/etc/x\n", "'/etc/x' is no path inside the data set"),
    ],
)
def test_list_files_that_cannot_be_used(vimeo: Callable[..., Path], text: str, complaint: str):
    root = vimeo("tri", train=CLIPS)
    (root / "tri_trainlist.txt").write_text(text)
    with pytest.raises(DataError, match=complaint):
        VimeoTriplet(root)


def test_the_wrong_folder_says_what_is_there(vimeo: Callable[..., Path], tmp_path: Path):
    root = vimeo("tri", train=CLIPS)
    with pytest.raises(DataError) as caught:
        VimeoSeptuplet(root)
    assert "expected the folders sequences/NNNNN/NNNN and the list sep_trainlist.txt" in str(
        caught.value
    )
    assert "the folder holds sequences/, tri_trainlist.txt" in str(caught.value)
    with pytest.raises(DataError, match=r"nowhere: there is no such folder"):
        VimeoTriplet(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: the folder is empty"):
        VimeoTriplet(tmp_path / "empty")
    with pytest.raises(DataError, match=r"it is a file and no folder"):
        VimeoTriplet(root / "tri_trainlist.txt")
    with pytest.raises(
        DataError, match=r"'vimeo-triplet' reads from a folder; write vimeo-triplet"
    ):
        VimeoTriplet("")


def test_damage_is_found_on_reading_or_if_wished_on_opening(vimeo: Callable[..., Path]):
    root = vimeo("tri", train=CLIPS)
    broken = root / "sequences" / CLIPS[1] / "im2.png"
    broken.write_bytes(broken.read_bytes()[:60])
    source = VimeoTriplet(root)
    source.read(1, [0, 2])
    with pytest.raises(DataError, match=r"00001/0003, frame 1: .*im2.png: the file is cut off"):
        source.read(1, [0, 1, 2])
    with pytest.raises(DataError, match=r"1 of 3 items is bad: 00001/0003: .*im2.png: the file is"):
        VimeoTriplet(root, thorough=True)
    assert len(VimeoTriplet(root, thorough=True, skip_bad=True).clips) == 2


def test_requests_out_of_range(vimeo: Callable[..., Path]):
    source = VimeoTriplet(vimeo("tri", train=CLIPS))
    with pytest.raises(InputError, match=r"00001/0001 has frames 0 to 2, got 3"):
        source.read(0, [0, 3])
    with pytest.raises(InputError, match=r"00001/0001 has frames 0 to 2, got -1"):
        source.read(0, [-1])
    with pytest.raises(InputError, match=r"has frames 0 to 2, none was asked for"):
        source.read(0, [])
    with pytest.raises(InputError, match=r"has clips 0 to 2, got 3"):
        source.read(3, [0])


def test_pickled_it_reads_the_same(vimeo: Callable[..., Path]):
    source = VimeoTriplet(vimeo("tri", train=CLIPS), cache=10**6)
    before = source.read(2, [0, 1, 2])
    twin = pickle.loads(pickle.dumps(source))
    assert twin.clips == source.clips
    assert torch.equal(twin.read(2, [0, 1, 2]), before)

"""X-TRAIN, GOPRO, Adobe240, REDS and DAVIS in the layouts that their archives have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lift15.data.sources import Adobe240, Davis, GoPro, Reds, XTrain
from vfiblocks.errors import DataError

Writer = Callable[..., Path]


def names(source: Any) -> list[str]:
    return [clip.name for clip in source.clips]


def scenes(source: Any) -> list[str]:
    return [clip.scene for clip in source.clips]


def numbered(first: int, stop: int, *, digits: int, suffix: str = "png") -> list[str]:
    return [f"{number:0{digits}d}.{suffix}" for number in range(first, stop)]


def test_x_train(tmp_path: Path, write_pictures: Writer, shade: Callable[..., Any]):
    for clip in ("002/occ008.320", "002/occ008.322", "014/occ010.001"):
        write_pictures(tmp_path / "train" / clip, numbered(0, 65, digits=4))
    source = XTrain(tmp_path)
    assert names(source) == ["002/occ008.320", "002/occ008.322", "014/occ010.001"]
    assert scenes(source) == ["002", "002", "014"]
    assert {clip.length for clip in source.clips} == {65}
    frame = source.read(2, [64])[0]
    assert np.array_equal(frame.permute(1, 2, 0).numpy(), shade(64))
    assert names(XTrain(tmp_path / "train")) == names(source)
    (tmp_path / "train/014/occ010.001/0030.png").unlink()
    with pytest.raises(DataError, match=r"014/occ010.001: 0030.png is missing, of 65 files"):
        XTrain(tmp_path)


def test_x_train_still_encoded(tmp_path: Path):
    (tmp_path / "002").mkdir()
    (tmp_path / "002" / "occ008.320.mp4").write_bytes(b"x")
    with pytest.raises(DataError, match=r"holds encoded clips \(002/occ008.320.mp4\); decode them"):
        XTrain(tmp_path)


def test_gopro_scenes_are_walks_and_gaps_split(tmp_path: Path, write_pictures: Writer):
    train = tmp_path / "train"
    write_pictures(train / "GOPR0372_07_00", numbered(47, 52, digits=6))
    write_pictures(train / "GOPR0372_07_01", numbered(500, 504, digits=6))
    gapped = numbered(1, 5, digits=6) + numbered(9, 13, digits=6) + numbered(20, 22, digits=6)
    write_pictures(train / "GOPR0374_11_00", gapped)
    write_pictures(tmp_path / "test" / "GOPR0384_11_00", numbered(1, 4, digits=6))
    source = GoPro(tmp_path)
    assert names(source) == [
        "GOPR0372_07_00",
        "GOPR0372_07_01",
        "GOPR0374_11_00#000001-000004",
        "GOPR0374_11_00#000009-000012",
    ]
    assert scenes(source) == ["GOPR0372_07", "GOPR0372_07", "GOPR0374_11", "GOPR0374_11"]
    assert source.notes == ("split where numbers are missing among the files: GOPR0374_11_00",)
    assert not source.held_out
    test = GoPro(tmp_path, split="test")
    assert test.held_out
    assert names(test) == ["GOPR0384_11_00"]


def test_the_other_gopro_is_told_apart(tmp_path: Path, write_pictures: Writer):
    for folder in ("blur", "sharp"):
        write_pictures(tmp_path / "train/GOPR0372_07_00" / folder, numbered(1, 5, digits=6))
    with pytest.raises(DataError, match=r"this is GOPRO_Large, which has sharp/ and blur/ there"):
        GoPro(tmp_path)


@pytest.mark.parametrize("above", ["", "frame"])
def test_adobe240(tmp_path: Path, write_pictures: Writer, above: str):
    for split, video in (("train", "IMG_0003"), ("train", "720p_240fps_1"), ("valid", "IMG_0200")):
        write_pictures(tmp_path / above / split / video, [f"{number}.png" for number in range(12)])
    source = Adobe240(tmp_path)
    assert names(source) == scenes(source) == ["720p_240fps_1", "IMG_0003"]
    assert source.read(0, [10])[0, 0, 0, 0] == 70  # 10.png comes after 9.png, not after 1.png
    assert names(Adobe240(tmp_path, split="valid")) == ["IMG_0200"]
    with pytest.raises(DataError, match=r"expected .*test/VIDEO/0.png"):
        Adobe240(tmp_path, split="test")
    with pytest.raises(DataError, match=r"choose one of the splits"):
        Adobe240(tmp_path, split="none")
    flat = tmp_path / above / "train"
    assert names(Adobe240(flat, split="none")) == names(source)


@pytest.mark.parametrize("layout", ["train/train_sharp", "train_sharp"])
def test_reds(tmp_path: Path, write_pictures: Writer, layout: str):
    for clip in ("000", "011"):
        write_pictures(tmp_path / layout / clip, numbered(0, 100, digits=8), size=(4, 6))
    source = Reds(tmp_path)
    assert names(source) == scenes(source) == ["000", "011"]
    assert {clip.length for clip in source.clips} == {100}
    assert names(Reds(tmp_path / layout)) == ["000", "011"]
    with pytest.raises(DataError, match=r"reds:.*: expected val_sharp/000/00000000.png"):
        Reds(tmp_path, split="val")
    (tmp_path / layout / "011" / "00000099.png").unlink()
    with pytest.raises(DataError, match=r"011: 00000099.png is missing, of 100 files"):
        Reds(tmp_path)


def test_reds_val(tmp_path: Path, write_pictures: Writer):
    write_pictures(tmp_path / "val/val_sharp/000", numbered(0, 100, digits=8), size=(4, 6))
    assert names(Reds(tmp_path, split="val")) == ["000"]


@pytest.fixture
def davis(tmp_path: Path, write_pictures: Writer) -> Path:
    for sequence in ("bear", "camel", "dog"):
        files = numbered(0, 4, digits=5, suffix="jpg")
        write_pictures(tmp_path / "JPEGImages/480p" / sequence, files)
    for folder, text in (("2017", "bear\ndog\n"), ("480p", _of_2016("dog", "camel"))):
        (tmp_path / "ImageSets" / folder).mkdir(parents=True)
        (tmp_path / "ImageSets" / folder / "train.txt").write_text(text)
    return tmp_path


def _of_2016(*sequences: str) -> str:
    return "\n".join(
        f"/JPEGImages/480p/{name}/{number:05d}.jpg /Annotations/480p/{name}/{number:05d}.png"
        for name in sequences
        for number in range(4)
    )


def test_davis(davis: Path):
    assert names(Davis(davis)) == scenes(Davis(davis)) == ["bear", "dog"]
    assert names(Davis(davis, sets="480p")) == ["dog", "camel"]
    assert names(Davis(davis, list="all")) == ["bear", "camel", "dog"]
    assert Davis(davis).read(0, [0, 3]).shape == (2, 3, 16, 24)


def test_davis_incomplete(davis: Path):
    (davis / "ImageSets/2017/val.txt").write_text("bear\nwhale\n")
    with pytest.raises(DataError, match=r"1 of 2 items is bad: whale: the folder is missing"):
        Davis(davis, list="val")
    with pytest.raises(DataError, match=r"expected ImageSets/2017/test-dev.txt, for list=test-dev"):
        Davis(davis, list="test-dev")
    with pytest.raises(
        DataError, match=r"expected JPEGImages/1080p/SEQUENCE/00000.jpg; the folder"
    ):
        Davis(davis, resolution="1080p")

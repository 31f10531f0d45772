"""Damaged files: an error of one line or a finished output, never a hang, never a leftover."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from vfiblocks.errors import VideoError
from vfiblocks.video import convert_video, open_source
from vfiblocks.video.truncation import missing_bytes

Make = Callable[..., Path]


@pytest.fixture(params=["last.mp4", "first.mp4", "clip.mkv"])
def whole(request: pytest.FixtureRequest, make_video: Make) -> Path:
    """A sound video with its index at the end, at the start, or inside a Matroska segment."""
    options = {"movflags": "faststart"} if request.param == "first.mp4" else {}
    return make_video(request.param, audio=1, frames=12, muxer_options=options)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", [1, 4, 7, 10, 12])
def test_a_cut_off_file_is_refused(whole: Path, average: object, part: int) -> None:
    assert missing_bytes(whole) == 0
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * part // 13])
    with pytest.raises(VideoError) as caught:
        convert_video(whole, whole.with_name("out.mkv"), average)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert [file.name for file in whole.parent.iterdir()] == [whole.name]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes(whole: Path, average: object, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(whole.read_bytes())
    for _ in range(rng.choice([1, 4, 40, 400])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    whole.write_bytes(data)
    finished = False
    with suppress(VideoError):  # anything else fails the test
        convert_video(whole, whole.with_name("out.mkv"), average)  # type: ignore[arg-type]
        finished = True
    names = {whole.name, "out.mkv"} if finished else {whole.name}
    assert {file.name for file in whole.parent.iterdir()} == names


def test_damage_midway_says_after_how_many_frames(
    make_video: Make, average: object, tmp_path: Path
) -> None:
    path = make_video("in.mkv", frames=60, options={"g": "1", "crf": "4"})
    data = bytearray(path.read_bytes())
    middle = len(data) * 2 // 3
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(VideoError, match=r"damaged or cut off: decoding breaks after [1-9]\d* fr"):
        convert_video(path, tmp_path / "out.mkv", average)  # type: ignore[arg-type]
    assert [file.name for file in tmp_path.iterdir()] == ["in.mkv"]


def test_garbage_after_the_end_does_no_harm(make_video: Make) -> None:
    for name in ("clip.mp4", "clip.mkv"):
        path = make_video(name)
        path.write_bytes(path.read_bytes() + b"\xff\xfe garbage " * 40)
        assert missing_bytes(path) == 0
        with open_source(path) as source:
            assert len(list(source)) == 8


def test_an_unfinished_recording_states_no_length(make_video: Make) -> None:
    path = make_video("clip.mkv", muxer_options={"live": "1"})
    path.write_bytes(path.read_bytes()[:-200])
    assert missing_bytes(path) == 0

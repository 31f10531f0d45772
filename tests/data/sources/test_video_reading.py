"""Frames read at random are those read from the beginning; indexes are stored and go stale."""

import json
import os
import pickle
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lift15.data.sources import Videos, video_index
from lift15.data.sources.video_index import IndexStore, make_index
from lift15.data.sources.video_reader import VideoReader
from vfiblocks.errors import DataError, VideoError
from vfiblocks.video import Frame, VideoFile

pytest.importorskip("av")
Writer = Callable[..., Path]
Pictures = Callable[..., list[Any]]

DEV = [
    "hard_vfr_derived.mkv",  # variable rate
    "hard_cuts_street.mp4",  # cuts
    "hard_odd_479x271.mp4",  # odd size, 4:4:4
    "hard_10bit.mp4",  # HEVC
    "hard_palette.gif",  # no key frames but the first
]


@pytest.fixture(scope="module")
def video(
    tmp_path_factory: pytest.TempPathFactory, write_video: Writer, drifting: Pictures
) -> Path:
    """Sixty frames with a key frame in twelve and B-frames between."""
    return write_video(tmp_path_factory.mktemp("video") / "a.mp4", drifting(60))


@pytest.fixture(scope="module")
def sequential(video: Path) -> list[torch.Tensor]:
    return in_order(video)


def in_order(path: Path) -> list[torch.Tensor]:
    with VideoFile(path) as opened:
        return [(frame.rgb * 255).round().byte() for frame in opened]


def test_an_index_tells_what_there_is(video: Path):
    index = make_index(video, cuts=None)
    assert len(index) == 60
    assert index.keys == (0, 12, 24, 36, 48)
    assert (index.width, index.height) == (64, 48)
    assert index.time(50) - index.time(0) == 2
    assert [index.number(index.time(n)) for n in range(60)] == [*range(60)]
    assert index.number(index.time(3) + Fraction(1, 100000)) is None
    assert len(set(index.checksums)) == 60


def test_indexing_can_be_stopped(video: Path):
    answers = iter([False, False, True])
    with pytest.raises(VideoError, match=r"looking through the video was stopped"):
        make_index(video, cuts=None, stopped=lambda: next(answers))


@settings(max_examples=20)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=12))
def test_any_frames_in_any_order(video: Path, sequential: list[torch.Tensor], numbers: list[int]):
    reader = VideoReader(video, make_or_get(video))
    for number in numbers:
        frame = reader.frame(number)
        assert torch.equal((frame.rgb * 255).round().byte(), sequential[number]), number
    assert reader.restarts == 0
    reader.pause()


def make_or_get(path: Path) -> Any:
    return IndexStore(path.parent / "indexes").get(path, cuts=None)


def test_a_file_is_opened_again_only_where_that_pays(video: Path, monkeypatch: pytest.MonkeyPatch):
    opened = 0
    usual = VideoFile._opened

    def counted(self: VideoFile) -> Any:
        nonlocal opened
        opened += 1
        return usual(self)

    monkeypatch.setattr(VideoFile, "_opened", counted)
    reader = VideoReader(video, make_index(video, cuts=None))
    opened = 0
    for number in (2, 3, 4, 14, 15, 25):  # over key frames too, where those are near
        reader.frame(number)
    assert opened == 1
    reader.frame(59)
    assert opened == 2
    reader.frame(58)
    assert opened == 3


def test_a_seek_that_leads_astray_is_found_out(
    video: Path, sequential: list[torch.Tensor], monkeypatch: pytest.MonkeyPatch
):
    """Pictures of other frames under the right times, too late, and none at all."""
    index = make_index(video, cuts=None)
    usual = VideoFile.frames_near

    def wrong_pictures(self: VideoFile, pts: Fraction) -> Iterator[Frame]:
        for frame in usual(self, pts):
            number = index.number(frame.pts)
            assert number is not None
            yield Frame(index.time(min(number + 1, 59)), picture=frame.picture)

    def too_late(self: VideoFile, pts: Fraction) -> Iterator[Frame]:
        return (frame for frame in usual(self, pts) if frame.pts > pts + 1)

    def stumbling(self: VideoFile, pts: Fraction) -> Iterator[Frame]:
        raise VideoError("decoding breaks")
        yield

    for broken in (wrong_pictures, too_late, stumbling):
        monkeypatch.setattr(VideoFile, "frames_near", broken)
        reader = VideoReader(video, index)
        for number in (50, 13, 14, 3):
            frame = reader.frame(number)
            assert torch.equal((frame.rgb * 255).round().byte(), sequential[number]), broken
        assert reader.restarts > 0


def test_a_video_that_was_replaced(tmp_path: Path, write_video: Writer, drifting: Pictures):
    path = write_video(tmp_path / "a.mp4", drifting(20))
    source = Videos(path, cuts=False)
    write_video(path, drifting(20, scene=5))
    with pytest.raises(DataError, match=r"a.mp4, frame 3: .*is not what it was when the video was"):
        source.read(0, [3])
    path.unlink()
    with pytest.raises(DataError, match=r"a.mp4, frame 3: .*there is no such file"):
        Videos.read(pickle.loads(pickle.dumps(source)), 0, [3])
    with pytest.raises(DataError, match=r"a.mp4: .*a.mp4 is gone"):
        source.data_hash()


def test_indexes_are_stored_and_go_stale(
    tmp_path: Path, write_video: Writer, drifting: Pictures, monkeypatch: pytest.MonkeyPatch
):
    made: list[Path] = []
    usual = video_index.make_index

    def counted(path: Path, **options: Any) -> Any:
        made.append(path)
        return usual(path, **options)

    monkeypatch.setattr(video_index, "make_index", counted)
    path = write_video(tmp_path / "a.mp4", drifting(8))
    store = IndexStore(tmp_path / "indexes")
    first = store.get(path, cuts=None)
    assert IndexStore(tmp_path / "indexes").get(path, cuts=None) == first
    assert len(made) == 1
    (stored,) = (tmp_path / "indexes").iterdir()
    os.utime(path, (1, 1))
    assert store.get(path, cuts=None) == first
    assert len(made) == 2
    store.get(path, cuts=2.5)
    assert len(made) == 3
    for damage in ("", "{}", "[1]", stored.read_text()[:100], '{"origin": 1, "index": {}}'):
        stored.write_text(damage)
        assert len(store.get(path, cuts=2.5)) == 8
    assert len(made) == 8
    plain = json.loads(stored.read_text())
    del plain["index"]["keys"]
    stored.write_text(json.dumps(plain))
    store.get(path, cuts=2.5)
    assert len(made) == 9
    assert [file.name for file in (tmp_path / "indexes").iterdir()] == [stored.name]


def test_the_default_place_is_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert IndexStore().folder == tmp_path / "vfiblocks" / "videos"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert IndexStore().folder == tmp_path / "home" / ".cache" / "vfiblocks" / "videos"


def test_an_index_that_cannot_be_stored_is_a_note(video: Path, tmp_path: Path):
    (tmp_path / "file").touch()
    source = Videos(video, cuts=False, index_dir=str(tmp_path / "file" / "below"))
    assert source.clips[0].length == 60
    assert "could not be stored" in source.notes[0]
    assert "choose another index_dir" in source.notes[0]


def test_raw_streams_are_read_from_the_beginning(
    tmp_path: Path, write_video: Writer, drifting: Pictures
):
    path = write_video(tmp_path / "a.h264", drifting(30))
    expected = in_order(path)
    source = Videos(path, cuts=False)
    frames = source.read(0, [28, 14, 2])
    assert torch.equal(frames, torch.stack([expected[n] for n in (28, 14, 2)]))


@pytest.mark.parametrize("name", DEV)
def test_real_videos(dev_clips: Path, name: str):
    """Windows in random places, against one reading from the beginning."""
    path = dev_clips / name
    if not path.exists():
        pytest.skip(f"{name} is not among the clips")
    whole = Videos(path, repeats="keep", timing="keep")
    sources = [whole, Videos(path)]
    generator = torch.Generator().manual_seed(0)
    windows = [window(source, generator) for source in sources for _ in range(3)]
    wanted = {number for _, _, _, numbers in windows for number in numbers}
    with VideoFile(path) as opened:
        expected = {
            number: (frame.rgb * 255).round().byte() if number in wanted else None
            for number, frame in enumerate(opened)
        }
    assert sum(clip.length for clip in whole.clips) == len(expected)
    for source, clip, frames, numbers in windows:
        for frame, number in zip(source.read(clip, frames), numbers, strict=True):
            assert torch.equal(frame, expected[number])


def window(source: Videos, generator: torch.Generator) -> tuple[Videos, int, list[int], list[int]]:
    """Up to 15 frames in a row of any clip, and their numbers in the video."""
    clip = int(torch.randint(len(source.clips), (), generator=generator))
    length = source.clips[clip].length
    start = int(torch.randint(max(1, length - 14), (), generator=generator))
    frames = [*range(start, min(start + 15, length))]
    return source, clip, frames, source._runs[clip].numbers[frames].tolist()

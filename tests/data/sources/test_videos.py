"""Videos as clips: what is divided where, what is left out, what is said about it."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lift15.data.sources import Videos
from lift15.data.sources.video_index import VideoIndex
from lift15.data.sources.video_runs import RunRules
from vfiblocks.errors import DataError, InputError, MissingDependency
from vfiblocks.video import VideoFile

pytest.importorskip("av")
Writer = Callable[..., Path]
Pictures = Callable[..., list[Any]]


def names(source: Any) -> list[str]:
    return [clip.name for clip in source.clips]


def index(ticks: list[int], *, shots: tuple[int, ...] = (), repeats: tuple[int, ...] = ()) -> Any:
    count = len(ticks)
    return VideoIndex(8, 8, "1/25", tuple(ticks), (0,) * count, (0,), shots, repeats)


def parts(rules: RunRules, of: VideoIndex) -> list[list[int]]:
    return [run.tolist() for run in rules.runs(of)]


def test_runs_end_at_cuts_and_short_ones_go():
    video = index([*range(12)], shots=(4, 6))
    assert parts(RunRules(), video) == [[0, 1, 2, 3], [6, 7, 8, 9, 10, 11]]
    assert parts(RunRules(shortest=5), video) == [[6, 7, 8, 9, 10, 11]]
    assert parts(RunRules(shortest=7), video) == []


def test_runs_treat_repeats_as_told():
    video = index([*range(9)], repeats=(3, 7))
    assert parts(RunRules(), video) == [[0, 1, 2, 4, 5, 6, 8]]
    assert parts(RunRules(repeats="split"), video) == [[0, 1, 2], [4, 5, 6]]
    assert parts(RunRules(repeats="keep"), video) == [[*range(9)]]


def test_runs_a_cut_before_a_repeat_is_not_lost():
    video = index([*range(8)], shots=(4,), repeats=(4,))
    assert parts(RunRules(), video) == [[0, 1, 2, 3], [5, 6, 7]]


def test_runs_end_where_steps_in_time_differ():
    video = index([0, 10, 20, 32, 44, 64, 74, 84])  # a fifth off passes, one whole does not
    assert parts(RunRules(), video) == [[0, 1, 2, 3, 4], [5, 6, 7]]
    assert parts(RunRules(timing="keep"), video) == [[*range(8)]]


def test_rules_refuse_what_makes_no_sense():
    with pytest.raises(DataError, match=r"repeats of 'videos' is one of 'drop', 'split', 'keep'"):
        RunRules(repeats="maybe")
    with pytest.raises(DataError, match=r"timing of 'videos' is one of 'split', 'keep', got 'x'"):
        RunRules(timing="x")
    with pytest.raises(DataError, match=r"shortest of 'videos' is at least 3, got 2"):
        RunRules(shortest=2)


def test_a_folder_of_videos(tmp_path: Path, write_video: Writer, drifting: Pictures):
    for name in ("b/clip10.mp4", "b/clip9.mkv", "a.mp4"):
        write_video(tmp_path / name, drifting(8))
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._a.mp4").write_text("left by a Mac")
    source = Videos(tmp_path)
    assert names(source) == ["a.mp4", "b/clip9.mkv", "b/clip10.mp4"]
    assert [clip.scene for clip in source.clips] == names(source)
    assert {clip.length for clip in source.clips} == {8}
    assert source.notes == ()
    frames = source.read(0, [7, 0])
    assert frames.shape == (2, 3, 48, 64)
    assert frames.dtype is torch.uint8
    for frame, number in zip(frames, (7, 0), strict=True):
        error = frame.permute(1, 2, 0).numpy().astype(int) - drifting(8)[number]
        assert np.abs(error).mean() < 6
    scened = Videos(tmp_path, scene=r"^(\w)/")
    assert [clip.scene for clip in scened.clips] == ["a.mp4", "b", "b"]
    assert names(Videos(tmp_path, match="b/*")) == ["b/clip9.mkv", "b/clip10.mp4"]
    assert names(Videos(tmp_path / "b" / "clip9.mkv")) == ["clip9.mkv"]


def test_colours_are_those_that_models_are_shown(
    tmp_path: Path, write_video: Writer, drifting: Pictures
):
    path = write_video(tmp_path / "a.mp4", drifting(4))
    with VideoFile(path) as video:
        shown = torch.stack([frame.rgb for frame in video])
    read = Videos(path).read(0, [0, 1, 2, 3])
    assert (read.float() / 255 - shown).abs().max() <= 0.5 / 255 + 1e-6


def test_ten_bits_become_eight(tmp_path: Path, write_video: Writer, drifting: Pictures):
    path = write_video(tmp_path / "a.mkv", drifting(4), codec="ffv1", pix_fmt="gbrp10le")
    frame = Videos(path).read(0, [1])[0].permute(1, 2, 0).numpy().astype(int)
    assert np.abs(frame - drifting(4)[1]).max() <= 1


def test_cuts_divide(tmp_path: Path, write_video: Writer, drifting: Pictures):
    pytest.importorskip("scenedetect")
    pictures = drifting(14, scene=1) + drifting(12, scene=2) + drifting(13, scene=3)
    path = write_video(tmp_path / "a.mp4", pictures)
    source = Videos(path)
    assert names(source) == ["a.mp4#0-13", "a.mp4#14-25", "a.mp4#26-38"]
    assert {clip.scene for clip in source.clips} == {"a.mp4"}
    assert source.notes == ("divided at cuts: a.mp4",)
    whole = Videos(path, cuts=False)
    assert names(whole) == ["a.mp4"]
    assert torch.equal(source.read(1, [0, 11]), whole.read(0, [14, 25]))
    with pytest.raises(InputError, match=r"the cut threshold must be above 1"):
        Videos(path, cut_threshold=0.5)


def test_repeats_are_left_out(tmp_path: Path, write_video: Writer, drifting: Pictures):
    pictures = drifting(24)
    for number in (6, 12, 18):
        pictures[number] = pictures[number - 1]
    path = write_video(tmp_path / "a.mp4", pictures)
    source = Videos(path, cuts=False)
    assert [(clip.name, clip.length) for clip in source.clips] == [("a.mp4", 21)]
    assert source.notes == ("frames repeat the one before, left out: a.mp4",)
    whole = Videos(path, cuts=False, repeats="keep")
    assert whole.notes == ("frames repeat the one before, taken as they are: a.mp4",)
    assert whole.clips[0].length == 24
    assert torch.equal(source.read(0, [5, 6, 20]), whole.read(0, [5, 7, 23]))
    assert whole.data_hash() != source.data_hash()


def test_uneven_steps_divide(tmp_path: Path, write_video: Writer, drifting: Pictures):
    ticks = [0, 1, 2, 3, 4, 8, 9, 10, 12, 13, 14, 15]
    path = write_video(tmp_path / "a.mkv", drifting(12), ticks=ticks)
    source = Videos(path, cuts=False)
    assert names(source) == ["a.mkv#0-4", "a.mkv#5-7", "a.mkv#8-11"]
    assert source.notes == ("steps in time are uneven, divided there: a.mkv",)
    assert names(Videos(path, cuts=False, timing="keep")) == ["a.mkv"]


def test_bad_videos_are_named(tmp_path: Path, write_video: Writer, drifting: Pictures):
    write_video(tmp_path / "good.mp4", drifting(5))
    write_video(tmp_path / "short.mp4", drifting(2))
    write_video(tmp_path / "jumpy.mkv", drifting(6), ticks=[0, 1, 4, 5, 8, 9])
    cut_off = write_video(tmp_path / "cut-off.mp4", drifting(20))
    cut_off.write_bytes(cut_off.read_bytes()[:-300])
    (tmp_path / "text.mp4").write_text("this is no video")
    (tmp_path / "nothing.mkv").touch()
    (tmp_path / "list.txt").write_text("good.mp4\nabsent.mp4\n")
    source = Videos(tmp_path, skip_bad=True)
    assert names(source) == ["good.mp4"]
    found = {problem.item: problem.reason for problem in source.problems}
    assert found["short.mp4"] == "2 frames, shorter than the 3 that a window needs"
    assert found["jumpy.mkv"].startswith("nowhere are 3 frames in a row without a cut")
    assert "bytes are missing at its end" in found["cut-off.mp4"]
    assert found["nothing.mkv"] == "the file is empty (0 bytes)"
    assert found["text.mp4"].startswith("cannot be read as a video: ")
    with pytest.raises(DataError, match=r"5 of 6 items are bad: .*--skip-bad"):
        Videos(tmp_path)
    with pytest.raises(DataError, match=r"absent.mp4: is listed, but there is no such video"):
        Videos(tmp_path, list=str(tmp_path / "list.txt"))


def test_a_folder_without_videos(tmp_path: Path):
    (tmp_path / "a.png").touch()
    with pytest.raises(DataError, match=r"expected video files \(.3gp.*the folder holds a.png"):
        Videos(tmp_path)
    with pytest.raises(DataError, match=r"there is no such folder"):
        Videos(tmp_path / "nowhere")


def test_sizes_shrink(tmp_path: Path, write_video: Writer, drifting: Pictures):
    path = write_video(tmp_path / "a.mp4", drifting(4))
    assert Videos(path, max_side=32).read(0, [0]).shape == (1, 3, 24, 32)
    assert Videos(path, scale=0.25).read(0, [0]).shape == (1, 3, 12, 16)
    assert Videos(path, scale=0.25).data_hash() != Videos(path).data_hash()


def test_pickled_while_a_file_is_open(tmp_path: Path, write_video: Writer, drifting: Pictures):
    source = Videos(write_video(tmp_path / "a.mp4", drifting(20)))
    before = source.read(0, [3, 4])
    twin = pickle.loads(pickle.dumps(source))
    assert torch.equal(twin.read(0, [3, 4]), before)
    assert twin.data_hash() == source.data_hash()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_process_leaves_the_open_file_alone(
    tmp_path: Path, write_video: Writer, drifting: Pictures
):
    source = Videos(write_video(tmp_path / "a.mp4", drifting(40)))
    expected = Videos(tmp_path / "a.mp4").read(0, [*range(40)])
    assert torch.equal(source.read(0, [3]), expected[3:4])
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        right = torch.equal(source.read(0, [20, 21]), expected[20:22])
        os.write(theirs, b"same" if right else b"else")
        os._exit(0)
    assert os.read(ours, 4) == b"same"
    os.waitpid(child, 0)
    assert torch.equal(source.read(0, [4, 5, 30]), expected[[4, 5, 30]])


def test_without_pyav(
    tmp_path: Path, write_video: Writer, drifting: Pictures, monkeypatch: pytest.MonkeyPatch
):
    path = write_video(tmp_path / "a.mp4", drifting(4))
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[video\]'"):
        Videos(path)

"""Any folder of frame folders: order, gaps, sizes, scenes, choice."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.sources import Frames
from lift15.data.sources.numbering import natural_key, runs
from vfiblocks.errors import DataError

Writer = Callable[..., Path]


def names(source: Any) -> list[str]:
    return [clip.name for clip in source.clips]


def test_numbers_sort_by_value(tmp_path: Path, write_pictures: Writer, shade: Callable[..., Any]):
    for take in ("take2", "take10", "take1"):
        write_pictures(tmp_path / take, [f"f{number}.png" for number in range(8, 13)])
    source = Frames(tmp_path)
    assert names(source) == ["take1", "take2", "take10"]
    for number in range(5):
        frame = source.read(0, [number])[0].permute(1, 2, 0).numpy()
        assert np.array_equal(frame, shade(number))
    assert source.notes == ()


def test_folders_at_any_depth_and_scenes_are_first_parts(tmp_path: Path, write_pictures: Writer):
    for folder in ("beach/a", "beach/b/deep", "street"):
        write_pictures(tmp_path / folder, ["1.png", "2.png", "3.png"])
    write_pictures(tmp_path / ".hidden", ["1.png"])
    (tmp_path / "beach" / "notes.txt").write_text("nothing to see")
    source = Frames(tmp_path)
    assert names(source) == ["beach/a", "beach/b/deep", "street"]
    assert [clip.scene for clip in source.clips] == ["beach", "beach", "street"]
    by_last = Frames(tmp_path, scene=r"[^/]+$")
    assert [clip.scene for clip in by_last.clips] == ["a", "deep", "street"]


def test_the_root_may_be_a_clip_itself(tmp_path: Path, write_pictures: Writer):
    write_pictures(tmp_path / "walk", ["1.jpg", "2.jpg", "3.jpg"])
    source = Frames(tmp_path / "walk")
    assert [(clip.name, clip.scene, clip.length) for clip in source.clips] == [("walk", "walk", 3)]


def test_what_is_wrong_with_folders(tmp_path: Path, write_pictures: Writer):
    write_pictures(tmp_path / "good", ["1.png", "2.png", "3.png"])
    write_pictures(tmp_path / "short", ["1.png", "2.png"])
    write_pictures(tmp_path / "mixed", ["1.png", "2.png", "3.png"])
    write_pictures(tmp_path / "mixed", ["2.png"], size=(8, 24))
    write_pictures(tmp_path / "twice", ["1.png", "1.jpg", "2.png"])
    (tmp_path / "empty").mkdir()
    listed = tmp_path / "list.txt"
    listed.write_text("good\nmissing\n")
    source = Frames(tmp_path, skip_bad=True)
    assert names(source) == ["good"]
    assert [str(problem) for problem in source.problems] == [
        "empty: the folder is empty",
        "mixed: its pictures have several sizes, 24x8 and 24x16",
        "short: 2 frames, shorter than the 3 that a window needs",
        "twice: 1.jpg and 1.png have the same number",
    ]
    with pytest.raises(DataError, match=r"4 of 5 items are bad: empty: the folder is empty; mixed"):
        Frames(tmp_path)
    with pytest.raises(DataError, match=r"missing: is listed, but there is no such folder"):
        Frames(tmp_path, list=str(listed))


def test_several_sizes_that_no_header_shows_are_found_on_reading(
    tmp_path: Path, write_pictures: Writer
):
    write_pictures(tmp_path / "a", ["1.bmp", "2.bmp", "3.bmp"])
    write_pictures(tmp_path / "a", ["3.bmp"], size=(8, 24))
    source = Frames(tmp_path)
    assert source.read(0, [0, 1]).shape == (2, 3, 16, 24)
    with pytest.raises(DataError, match=r"a: frame 0 is 24x16, but frame 2 is 24x8; all frames of"):
        source.read(0, [0, 2])


def test_links_are_followed_but_not_in_circles(tmp_path: Path, write_pictures: Writer):
    write_pictures(tmp_path / "elsewhere", ["1.png", "2.png", "3.png"])
    root = tmp_path / "root"
    root.mkdir()
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "circle").symlink_to(root)
    assert names(Frames(root)) == ["linked"]


def test_choice(tmp_path: Path, write_pictures: Writer):
    for folder in ("day/a", "day/b", "night/a"):
        write_pictures(tmp_path / folder, ["1.png", "2.png", "3.png"])
    (tmp_path / "some.txt").write_text("# chosen\nnight/a\nday/b  # the better one\n")
    assert names(Frames(tmp_path, match="day/*")) == ["day/a", "day/b"]
    assert names(Frames(tmp_path, list=str(tmp_path / "some.txt"))) == ["day/b", "night/a"]
    with pytest.raises(DataError, match=r"there are no clips"):
        Frames(tmp_path, match="dusk/*")
    with pytest.raises(DataError, match=r"scene='\(' is no regular expression"):
        Frames(tmp_path, scene="(")


def test_no_pictures_at_all(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"expected folders of pictures .*the folder holds notes"):
        Frames(tmp_path)


def test_a_file_that_went_away(tmp_path: Path, write_pictures: Writer):
    write_pictures(tmp_path / "a", ["1.png", "2.png", "3.png"])
    source = Frames(tmp_path)
    (tmp_path / "a" / "2.png").unlink()
    with pytest.raises(DataError, match=r"a, frame 1: .*2.png: cannot be read: No such file"):
        source.read(0, [1])
    with pytest.raises(DataError, match=r"a: .*2.png is gone"):
        source.data_hash()


def test_the_hash_knows_contents_and_not_times(tmp_path: Path, write_pictures: Writer):
    for root in ("one", "two"):
        write_pictures(tmp_path / root / "a", ["1.png", "2.png", "3.png"])
    first, second = Frames(tmp_path / "one"), Frames(tmp_path / "two")
    os.utime(tmp_path / "two" / "a" / "1.png", (1, 1))
    assert first.data_hash() == second.data_hash() == Frames(tmp_path / "two").data_hash()
    assert Frames(tmp_path / "one", max_side=8).data_hash() != first.data_hash()
    with (tmp_path / "two" / "a" / "1.png").open("ab") as file:
        file.write(b"0")
    assert Frames(tmp_path / "two").data_hash() != first.data_hash()


@given(st.sets(st.integers(0, 60), min_size=1, max_size=40), st.integers(1, 4))
def test_runs_lose_nothing_and_step_evenly(numbers: set[int], step: int):
    files = sorted((f"f{number * step}.png" for number in numbers), key=natural_key)
    found = runs(files)
    assert [name for run in found for name in run] == files
    steps = {int(b[1:-4]) - int(a[1:-4]) for run in found for a, b in pairwise(run)}
    assert len(steps) <= 1


def test_runs_without_numbers_stay_together_and_prefixes_part():
    assert runs(["a.png", "b.png", "c.png"]) == [["a.png", "b.png", "c.png"]]
    mixed = ["a1.png", "a2.png", "b1.png", "b2.png", "cover.png"]
    assert runs(mixed) == [["a1.png", "a2.png"], ["b1.png", "b2.png"], ["cover.png"]]
    assert runs([]) == [[]]

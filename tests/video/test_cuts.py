"""Cuts: found where scenes change and nowhere else, or read from a list."""

import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vfiblocks.errors import InputError, MissingDependency
from vfiblocks.video import DetectedCuts, Frame, ListedCuts, open_source


def scene(seed: int, count: int, *, speed: int = 1, noise: float = 0.01) -> list[Tensor]:
    """A textured picture that pans by ``speed`` pixels per frame."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 6, 40, generator=generator) * 0.7 + 0.15 * (seed % 3)
    wide = torch.nn.functional.interpolate(coarse, size=(48, 400), mode="bicubic").clamp(0, 1)[0]
    grain = [noise * torch.randn(3, 48, 64, generator=generator) for _ in range(count)]
    return [wide[..., i * speed : i * speed + 64] + grain[i] for i in range(count)]


def frames(pictures: Iterable[Tensor], rate: int = 25) -> Iterator[Frame]:
    for index, rgb in enumerate(pictures):
        yield Frame(2 + Fraction(index, rate), rgb=rgb.clamp(0, 1))


def found(pictures: list[Tensor], threshold: float = 2.5) -> list[int]:
    pytest.importorskip("scenedetect")
    marker = DetectedCuts(threshold)
    source = list(frames(pictures))
    passed = list(marker.mark(iter(source)))
    assert all(a is b for a, b in zip(passed, source, strict=True))
    cuts = [index for index, frame in enumerate(passed) if frame.starts_shot]
    assert marker.count == len(cuts)
    return cuts


@pytest.mark.parametrize("at", [3, 8, 13])
def test_a_cut_is_found(at: int) -> None:
    assert found(scene(1, at) + scene(2, 16 - at)) == [at]


def test_cuts_at_the_very_ends_are_found() -> None:
    assert found(scene(1, 1) + scene(2, 9)) == [1]
    assert found(scene(1, 9) + scene(2, 1)) == [9]


def test_several_shots() -> None:
    assert found(scene(1, 6) + scene(2, 5) + scene(4, 6, speed=2)) == [6, 11]


@pytest.mark.parametrize("speed", [0, 1, 5])
def test_one_shot_has_no_cut_however_fast_it_moves(speed: int) -> None:
    assert found(scene(3, 12, speed=speed)) == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_short_for_a_verdict(count: int) -> None:
    assert found(scene(3, count)) == []


def test_two_frames_are_read_ahead() -> None:
    pytest.importorskip("scenedetect")
    read = 0

    def counted() -> Iterator[Frame]:
        nonlocal read
        for frame in frames(scene(1, 12)):
            read += 1
            yield frame

    for index, _ in enumerate(DetectedCuts().mark(counted())):
        assert read <= index + 4


def test_threshold_and_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="must be above 1, got 1"):
        DetectedCuts(1)
    monkeypatch.setitem(sys.modules, "scenedetect", None)
    with pytest.raises(MissingDependency, match=r"pip install vfiblocks\[video\]"):
        DetectedCuts()


def listed(tmp_path: Path, text: str) -> ListedCuts:
    path = tmp_path / "cuts.txt"
    path.write_text(text)
    return ListedCuts(path)


def test_frame_numbers_times_and_comments(tmp_path: Path) -> None:
    text = "# shots\n\n3 # a door\n0.2\n00:00:00.4\n0:00.4\n"
    marker = listed(tmp_path, text)
    passed = list(marker.mark(frames(scene(1, 12))))
    assert [i for i, frame in enumerate(passed) if frame.starts_shot] == [3, 5, 10]
    assert (marker.count, marker.notes) == (3, ())


def test_a_time_between_two_frames_is_the_later_one(tmp_path: Path) -> None:
    passed = list(listed(tmp_path, "0.0999\n0.1601\n").mark(frames(scene(1, 8))))
    # a tenth of a millisecond past frame 4 is that frame's rounding, not the next frame
    assert [i for i, frame in enumerate(passed) if frame.starts_shot] == [3, 4]


def test_cuts_beyond_the_end_are_said(tmp_path: Path) -> None:
    marker = listed(tmp_path, "2\n40\n1:00:00.0\n")
    list(marker.mark(frames(scene(1, 4))))
    assert marker.count == 1
    assert marker.notes == ("2 cut(s) of cuts.txt lie beyond the end of the video",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5\nten\n", "line 2 is 'ten', neither a frame number"),
        ("-3\n", "line 1 is '-3'"),
        ("1:75.0\n", "line 1 is '1:75.0'"),
        ("0\n", "frame 0 is the first of all"),
    ],
)
def test_lines_that_are_no_cut(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        listed(tmp_path, text)


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        ListedCuts(tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        ListedCuts(tmp_path / "binary")


REAL = {
    "hard_cuts_audio.mp4": [52, 122, 158, 221, 309],
    "hard_cuts_street.mp4": [30, 76, 137, 187, 242],
    "car-turn.mp4": [],
    "bmx-trees.mp4": [],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_clips(dev_clips: Path, name: str) -> None:
    if not (dev_clips / name).exists():
        pytest.skip(f"{name} is not among the clips")
    with open_source(dev_clips / name) as source:
        passed = DetectedCuts().mark(source)
        assert [i for i, frame in enumerate(passed) if frame.starts_shot] == REAL[name]

"""Cutting a video into segments: every gap once, and each the same as within the whole."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video import FrameMaker, ListedCuts, UpsampledVideo, open_source
from vfiblocks.video.frame import Frame
from vfiblocks.video.sections import SectionReader
from vfiblocks.video.segments import plan_segments, segment_seconds, share
from vfiblocks.video.survey import Survey, survey_frames
from vfiblocks.video.timeline import EqualParts, SteadyRate

Make = Callable[..., Path]

OPEN_GOP = {"x264-params": "open-gop=1:keyint=8:min-keyint=8:bframes=3:scenecut=0", "crf": "10"}
ONE_GOP = {"crf": "10", "g": "1000", "preset": "ultrafast"}


def opened(path: Path, make: FrameMaker, **options: Any) -> UpsampledVideo:
    return UpsampledVideo(open_source(path), make, **options)


def in_segments(video: UpsampledVideo, seconds: Fraction, *, backwards: bool) -> list[Frame]:
    survey = video.survey()
    reader = video.reader(survey)
    segments = plan_segments(survey, seconds)
    assert len(segments) > 2
    order = reversed(segments) if backwards else iter(segments)
    parts = [list(video.part(segment, reader, survey)) for segment in order]
    return [frame for part in (reversed(parts) if backwards else parts) for frame in part]


def same(one: Frame, two: Frame) -> bool:
    return one.pts == two.pts and torch.equal(one.rgb, two.rgb)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("a.mp4", {"options": OPEN_GOP}),
        ("b.mkv", {"options": ONE_GOP, "rate": Fraction(24000, 1001)}),
        ("c.mkv", {"codec": "ffv1", "options": {}, "pix_fmt": "yuv444p10le"}),
        ("d.mp4", {"codec": "mpeg4", "options": {"bf": "2", "g": "6"}}),
        ("e.ts", {"options": OPEN_GOP, "time_base": Fraction(1, 25)}),
        ("f.h264", {"options": OPEN_GOP}),  # no time stamps at all
        ("g.gif", {"codec": "gif", "pix_fmt": "rgb8", "options": {}}),
    ],
)
@pytest.mark.parametrize("timeline", [EqualParts(2), SteadyRate(Fraction(31))])
def test_segments_are_the_whole(
    make_video: Make, average: FrameMaker, name: str, fields: Any, timeline: Any, backwards: bool
) -> None:
    path = make_video(name, frames=40, **fields)
    with opened(path, average, timeline=timeline, left=2, right=3) as video:
        whole = list(video)
        parts = in_segments(video, Fraction(1, 4), backwards=backwards)
    assert len(whole) == len(parts)
    assert all(map(same, whole, parts))


def test_cuts_and_repeats_are_those_of_the_whole(
    make_images: Make, average: FrameMaker, tmp_path: Path
) -> None:
    folder = make_images([f"{i}.png" for i in range(24)])
    for repeat in (5, 9, 10, 17):  # the frame before, once more
        (folder / f"{repeat}.png").write_bytes((folder / f"{repeat - 1}.png").read_bytes())
    (folder / "10.png").write_bytes((folder / "8.png").read_bytes())
    (tmp_path / "cuts.txt").write_text("7\n15\n")
    make = lambda: opened(  # noqa: E731
        folder,
        average,
        timeline=SteadyRate(Fraction(60)),
        left=2,
        right=2,
        cuts=ListedCuts(tmp_path / "cuts.txt"),
        dedupe=True,
    )
    with make() as video, make() as twin:
        whole, parts = list(video), in_segments(twin, Fraction(1, 5), backwards=True)
        assert twin.cuts == video.cuts == 2
        assert twin.repeats == video.repeats == 4
    assert len(whole) == len(parts)
    assert all(map(same, whole, parts))


def test_segments_begin_with_scenes() -> None:
    times = tuple(Fraction(i) for i in range(41))
    survey = Survey(times, (0,) * 41, tuple(range(41)), frozenset({3, 16, 18, 39}))
    starts = [segment.first for segment in plan_segments(survey, Fraction(10))]
    assert starts == [0, 10, 18, 28, 38]
    assert plan_segments(survey, Fraction(100))[0].is_last
    assert plan_segments(survey, Fraction(1, 9))[-1].first == 39


def test_a_segment_is_about_a_group_of_pictures() -> None:
    with pytest.raises(InputError, match="at least one frame, got 0"):
        segment_seconds(EqualParts(2), None, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("shard", [(3, 3), (-1, 3), (0, 0)])
def test_shards_count_from_zero(shard: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"of n machines the first is 0/n"):
        share(10, shard)


@pytest.mark.parametrize("count", [1, 3, 7, 20])
def test_shards_have_every_segment_once(count: int) -> None:
    assert [k for i in range(count) for k in share(11, (i, count))] == list(range(11))


def looked_through(path: Path) -> Survey:
    with open_source(path) as source:
        return survey_frames(source, lambda frames: frames)


def test_a_seek_that_misses_is_found_out(make_video: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_video(frames=20, options=OPEN_GOP)
    survey = looked_through(path)
    source = open_source(path)

    def off_by_one(pts: Fraction) -> Iterator[Frame]:
        frames = list(open_source(path))
        for frame, other in pairwise(frames):
            yield Frame(frame.pts, picture=other.picture)

    monkeypatch.setattr(source, "frames_near", off_by_one)
    reader = SectionReader(source, survey, keep=4)
    got = list(reader.frames(8, 12))
    assert reader.restarts == 1
    with source, open_source(path) as again:
        assert all(map(same, got, list(again)[8:12]))


def test_another_video_is_found_out(make_video: Make) -> None:
    survey = looked_through(make_video("a.mp4", frames=20))
    with open_source(make_video("b.mp4", frames=20, options={"crf": "30"})) as other:
        reader = SectionReader(other, survey, keep=4)
        with pytest.raises(VideoError, match="frame 8 is not what it was when"):
            list(reader.frames(8, 12))
    with open_source(make_video("c.mp4", frames=10)) as shorter:
        reader = SectionReader(shorter, survey, keep=4)
        with pytest.raises(VideoError, match="ends after 10 frames, but 20 were seen"):
            list(reader.frames(8, 12))


def test_sections_in_order_are_decoded_once(
    make_video: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video(frames=30, options=ONE_GOP)
    survey = looked_through(path)
    with open_source(path) as source:
        opened: list[Fraction] = []
        near = source.frames_near
        monkeypatch.setattr(source, "frames_near", lambda pts: opened.append(pts) or near(pts))
        reader = SectionReader(source, survey, keep=4)
        numbers = [
            [round(frame.pts * 25) for frame in reader.frames(first, first + 8)]
            for first in (5, 9, 15, 20)
        ]
    assert numbers == [list(range(first, first + 8)) for first in (5, 9, 15, 20)]
    assert len(opened) == 1
    assert reader.restarts == 0


def test_frames_are_never_handed_out_twice(make_video: Make) -> None:
    """A model may keep features by frame; they must not depend on what was made before."""
    path = make_video(frames=12)
    survey = looked_through(path)
    with open_source(path) as source:
        reader = SectionReader(source, survey, keep=8)
        first, second = list(reader.frames(0, 8)), list(reader.frames(4, 12))
    assert first[4].pts == second[0].pts
    assert not {id(frame) for frame in first} & {id(frame) for frame in second}


def test_too_few_frames(make_video: Make) -> None:
    with (
        open_source(make_video(frames=1)) as source,
        pytest.raises(VideoError, match="only one frame: interpolation needs two"),
    ):
        survey_frames(source, lambda frames: frames)

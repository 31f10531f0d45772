"""The frames of a video at another rate, from Python."""

from fractions import Fraction

import numpy as np
import pytest
import torch

pytest.importorskip("av")

from lift15 import interpolate_video, upsample_video
from lift15.data import photo_scene
from lift15.upsampling import check_timeline
from vfiblocks import assemble, find_spec
from vfiblocks.errors import InputError, VideoError
from vfiblocks.video import EqualParts, SteadyRate, VideoInfo, open_source, write_video


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "in.mp4", photo_scene(5, height=48, width=64), rate=12)


def test_frames_to_loop_over(clip):
    seen = []
    for frame in interpolate_video(clip, model="classical", fps=60):
        assert frame.rgb.shape == (3, 48, 64)
        assert frame.rgb.dtype == torch.float32
        assert frame.numpy().shape == (48, 64, 3)
        assert frame.numpy().dtype == np.uint8
        seen.append(frame.pts)
    assert seen == [Fraction(i, 60) for i in range(21)]


@pytest.mark.parametrize("fps", [Fraction(60000, 1001), "60000/1001"])
def test_rates_are_exact(clip, fps):
    with interpolate_video(clip, fps=fps) as video:
        assert video.info.rate == Fraction(60000, 1001)
    with interpolate_video(clip, fps=12.5) as video:
        assert video.info.rate == Fraction(25, 2)


def test_a_writer_takes_them(clip, tmp_path):
    video = interpolate_video(clip)
    write_video(tmp_path / "out.mp4", video)
    with open_source(tmp_path / "out.mp4") as written:
        assert (written.info.frames, written.info.rate) == (9, 24)


def test_a_cut_from_a_list(clip, tmp_path):
    (tmp_path / "cuts.txt").write_text("2\n")
    frames = list(interpolate_video(clip, cuts=tmp_path / "cuts.txt"))
    assert torch.equal(frames[3].rgb, frames[2].rgb)
    report = upsample_video(clip, tmp_path / "out.mp4", cuts=tmp_path / "cuts.txt")
    assert report.cuts == 1


def test_wishes_that_make_no_sense(clip):
    with pytest.raises(InputError, match=r"such as 60, 23\.976 or 60000/1001, got 'fast'"):
        interpolate_video(clip, fps="fast")
    with pytest.raises(VideoError, match="no such file"):
        interpolate_video("none.mp4")


def test_midpoints_reach_some_rates_only():
    spec = find_spec("rife").override(flow={"channels": (8, 8, 8)}, encoder=None, refiner=None)
    model = assemble(spec)
    info = VideoInfo(64, 48, Fraction(30), Fraction(1, 30), "yuv420p")
    for timeline in (
        EqualParts(4),
        SteadyRate(Fraction(60)),
        SteadyRate(Fraction(40)),  # quarters: 3/4, 2/4, 1/4, 0
        SteadyRate(Fraction(30), slow_motion=Fraction(4)),
        SteadyRate(Fraction(15)),
    ):
        check_timeline(model, timeline, info)
    with pytest.raises(InputError, match="50 frames/s from 30 need moments elsewhere"):
        check_timeline(model, SteadyRate(Fraction(50)), info)
    with pytest.raises(InputError, match=r"factors 2, 4, 8, \.\.\., not 3"):
        check_timeline(model, EqualParts(3), info)
    check_timeline(assemble(find_spec("classical")), SteadyRate(Fraction(50)), info)

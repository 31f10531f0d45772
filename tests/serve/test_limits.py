"""What is refused, and in which words."""

from dataclasses import replace
from fractions import Fraction

import pytest

from lift15.serve.limits import Limits
from vfiblocks.errors import InputError
from vfiblocks.video import EqualParts, SteadyRate, VideoInfo

INFO = VideoInfo(
    640, 480, Fraction(25), Fraction(1, 25), "yuv420p", frames=500, duration=Fraction(20)
)


def test_what_is_within_passes(limits, tmp_path):
    limits.check_video(INFO, EqualParts(4), "in.mp4")
    (tmp_path / "in.mp4").write_bytes(bytes(100))
    limits.check_file(tmp_path / "in.mp4")


@pytest.mark.parametrize(
    ("limits", "timeline", "says"),
    [
        (Limits(megapixels=0.3), EqualParts(2), "in.mp4 is 640x480, 0.3 megapixels"),
        (Limits(seconds=19.5), EqualParts(2), "lasts 20.0 s, and this server takes up to 19.5 s"),
        (Limits(frames=998), EqualParts(2), "makes 999 frames or more"),
        (Limits(frames=1000), SteadyRate(Fraction(240)), "choose a lower rate"),
    ],
)
def test_a_video_beyond_a_limit_is_refused_by_its_header(limits, timeline, says):
    with pytest.raises(InputError, match=says):
        limits.check_video(INFO, timeline, "in.mp4")


def test_a_header_that_tells_nothing_is_no_reason_to_refuse(limits):
    limits.check_video(replace(INFO, frames=None, duration=None), EqualParts(2), "in.mp4")


def test_big_and_missing_files(tmp_path):
    limits = Limits(megabytes=0.001)
    (tmp_path / "big.mp4").write_bytes(bytes(1500))
    with pytest.raises(InputError, match=r"big\.mp4 has 0\.0 MB, .* up to 0\.001 MB"):
        limits.check_file(tmp_path / "big.mp4")
    with pytest.raises(InputError, match=r"^gone\.mp4 is not here any more; drop it again$"):
        limits.check_file(tmp_path / "gone.mp4")


def test_pictures_and_moments_are_counted(pictures):
    limits = Limits(pictures=3)
    with pytest.raises(InputError, match="two pictures are needed, and 1 came"):
        limits.check_pictures(pictures[:1], [0.5])
    with pytest.raises(InputError, match="4 pictures are too many"):
        limits.check_pictures(pictures, [0.5])
    with pytest.raises(InputError, match="4 moments are too many"):
        limits.check_pictures(pictures[:2], [0.2, 0.4, 0.6, 0.8])
    limits.check_pictures(pictures[:3], [0.2, 0.4, 0.6])


@pytest.mark.parametrize("name", ["megabytes", "seconds", "frames", "megapixels", "minutes"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_below_anything_is_refused(name, value):
    with pytest.raises(InputError, match=f"the limit of {name} must be above 0"):
        Limits(**{name: value})

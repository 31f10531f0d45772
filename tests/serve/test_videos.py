"""A video for the page: its frames, its sound, pairs to compare, and all ways to stop."""

from fractions import Fraction

import pytest
import torch

from lift15.making import load_model
from lift15.serve.jobs import Jobs, Stopped
from lift15.serve.limits import Limits
from lift15.serve.videos import FPS, Rate, make_video
from vfiblocks.errors import InputError
from vfiblocks.video import open_source, write_video

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def model():
    return load_model("classical", device="cpu")


@pytest.fixture
def convert(tmp_path, model, limits, job):
    """Make a video in a folder of its own."""
    folder = tmp_path / "made"
    folder.mkdir()
    seen = []

    def run(source, rate="2x", fps=None, *, limits=limits, job=job, each=None):
        def count(done, total):
            seen.append((done, total))
            if each is not None:
                each()

        return make_video(
            source,
            folder,
            model=model,
            rate=Rate.read(rate, fps),
            limits=limits,
            job=job,
            on_progress=count,
        )

    run.seen, run.folder = seen, folder
    return run


def stored(path):
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        sound = [stream.codec_context.name for stream in container.streams.audio]
        frames = sum(1 for _ in container.decode(video))
        return video.codec_context.name, video.codec_context.pix_fmt, frames, sound


def test_twice_the_frames_as_browsers_show_them(convert, clip):
    made = convert(clip)
    assert made.path.name == "clip-2x.mp4"
    assert made.plays
    assert stored(made.path) == ("h264", "yuv420p", 11, [])
    assert convert.seen == [(done, 11) for done in range(1, 12)]


def test_a_rate_in_frames_per_second(convert, clip):
    made = convert(clip, FPS, " 30 ")
    assert made.report.rate == Fraction(30)
    assert made.path.name == "clip-30fps.mp4"


@pytest.mark.parametrize(
    ("size", "bits", "pix_fmt"), [((48, 64), 10, "yuv420p"), ((47, 63), 8, "yuv444p")]
)
def test_ten_bits_and_odd_sizes_become_what_browsers_show(convert, tmp_path, size, bits, pix_fmt):
    noise = (
        (torch.rand(3, *size, 3) * 65535).int().numpy().astype("uint16" if bits > 8 else "uint8")
    )
    source = write_video(tmp_path / "in.mp4", list(noise), rate=12)
    with open_source(source) as opened:
        assert ("10" in opened.info.pix_fmt) == (bits == 10)
    assert stored(convert(source).path)[:2] == ("h264", pix_fmt)


@pytest.mark.parametrize(
    ("codec", "suffix", "plays"), [("aac", ".mp4", True), ("pcm_s16le", ".mkv", False)]
)
def test_sound_is_kept_in_a_file_that_holds_it(convert, with_sound, codec, suffix, plays):
    made = convert(with_sound(codec))
    assert (made.path.suffix, made.plays) == (suffix, plays)
    assert stored(made.path)[3] == [codec]


def test_pairs_are_a_made_frame_and_the_original_before_it(convert, clip):
    pairs = convert(clip).pairs
    assert [pair.time for pair in pairs] == pytest.approx([(2 * i + 1) / 24 for i in range(5)])
    with open_source(clip) as source:
        first = next(iter(source)).rgb
    with open_source(pairs[0].original.parent) as folder:
        assert folder.info.width == 64
    assert difference(pairs[0].original, first) < 0.5 / 255
    assert difference(pairs[0].made, first) > 0.5 / 255


def difference(path, image):
    import cv2

    shown = torch.from_numpy(cv2.imread(str(path))).flip(-1).permute(2, 0, 1) / 255
    return float((shown - image).abs().mean())


def test_a_slower_rate_makes_pairs_only_where_frames_are_made(convert, clip):
    assert convert(clip, FPS, "6").pairs == []


def test_cancelled_in_the_middle_leaves_nothing(convert, clip):
    jobs = Jobs(minutes=1)
    with jobs.running("tab") as job, pytest.raises(Stopped):
        convert(clip, job=job, each=lambda: jobs.cancel("tab"))
    assert len(convert.seen) < 11
    assert list(convert.folder.iterdir()) == []


def test_more_frames_than_the_header_told_are_stopped(convert, clip, monkeypatch):
    monkeypatch.setattr(Limits, "check_video", lambda self, info, timeline, name: None)
    with pytest.raises(InputError, match="makes 8 frames or more, and this server makes up to 7"):
        convert(clip, limits=Limits(frames=7))
    assert list(convert.folder.iterdir()) == []


def test_limits_are_looked_at_before_anything_is_decoded(convert, clip, monkeypatch):
    monkeypatch.setattr("lift15.serve.videos.open_source", None)
    with pytest.raises(InputError, match="64x48"):
        convert(clip, limits=Limits(megapixels=0.001))


@pytest.mark.parametrize(
    ("choice", "fps", "says"),
    [
        ("3x", None, "the rate is 2x, 4x or frames/s, got '3x'"),
        (FPS, "fast", "the frame rate must be a number"),
        (FPS, None, "the frame rate must be a number"),
        (FPS, "0", "between 0 and 1000"),
        (FPS, "1e9", "between 0 and 1000"),
        (FPS, "1/0", "the frame rate must be a number"),
    ],
)
def test_rates_that_are_none(choice, fps, says):
    with pytest.raises(InputError, match=says):
        Rate.read(choice, fps)

"""A video at other moments as a source, and writers of frames from anywhere."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.video import (
    Frame,
    FrameMaker,
    FrameStream,
    ListedCuts,
    SteadyRate,
    TensorClip,
    UpsampledVideo,
    convert_video,
    open_source,
    save_video,
    write_video,
)

Make = Callable[..., Path]
Read = Callable[[Path], list[Any]]


@pytest.fixture
def clip() -> TensorClip:
    return TensorClip(torch.linspace(0.2, 0.8, 9).view(9, 1, 1, 1).expand(9, 3, 48, 64), rate=24)


def test_it_describes_what_comes_out(clip: TensorClip, average: FrameMaker) -> None:
    video = UpsampledVideo(clip, average, timeline=SteadyRate(Fraction(60)))
    frames = list(video)
    assert (video.info.rate, video.info.frames) == (60, len(frames))
    assert video.info.time_base == Fraction(1, 120)
    assert (video.frames_in, video.duration_in) == (9, Fraction(8, 24))
    assert [frame.pts for frame in frames] == [Fraction(i, 60) for i in range(21)]


def test_it_can_be_read_again(clip: TensorClip, average: FrameMaker) -> None:
    video = UpsampledVideo(clip, average, limit=4)
    assert [len(list(video)) for _ in range(2)] == [7, 7]
    assert video.frames_in == 4


@pytest.mark.parametrize(("seconds", "count"), [("0.001", 2), ("0.25", 6), ("0.251", 7), ("9", 9)])
def test_a_preview(clip: TensorClip, average: FrameMaker, seconds: str, count: int) -> None:
    video = UpsampledVideo(clip, average, seconds=Fraction(seconds))
    assert len(list(video)) == 2 * count - 1 == (video.info.frames or 0)
    assert not video.is_whole


def test_cuts_are_counted_and_said(clip: TensorClip, average: FrameMaker, tmp_path: Path) -> None:
    (tmp_path / "cuts.txt").write_text("3\n99\n")
    video = UpsampledVideo(clip, average, cuts=ListedCuts(tmp_path / "cuts.txt"))
    frames = list(video)
    assert video.cuts == 1
    assert torch.equal(frames[5].rgb, frames[4].rgb)
    assert not torch.equal(frames[3].rgb, frames[4].rgb)
    assert video.notes == (
        "1 cut(s) of cuts.txt lie beyond the end of the video",
        "1 cut(s) found: nothing is made across them",
    )


def test_options_are_checked_at_once(clip: TensorClip, average: FrameMaker) -> None:
    with pytest.raises(InputError, match="limit below two"):
        UpsampledVideo(clip, average, limit=1)
    with pytest.raises(InputError, match="longer than 0 seconds"):
        UpsampledVideo(clip, average, seconds=Fraction(0))
    with pytest.raises(InputError, match="left=0"):
        UpsampledVideo(clip, average, left=0)


def test_sixty_from_film_to_a_file(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker
) -> None:
    path, target = make_video(rate=Fraction(24000, 1001), frames=25), tmp_path / "out.mp4"
    report = convert_video(path, target, average, fps=60)
    frames = read_video(target)
    assert [frame.pts for frame in frames] == [Fraction(i, 60) for i in range(61)]
    assert (report.frames_in, report.frames_out, report.rate) == (25, 61, 60)
    assert report.duration_in - report.duration_out < Fraction(1, 60)
    with open_source(target) as source:
        assert source.info.rate == 60


def test_uneven_frames_become_even(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker
) -> None:
    ticks = (0, 40, 50, 100, 220, 230)
    path = make_video("in.mkv", frames=6, ticks=ticks, time_base=Fraction(1, 1000))
    convert_video(path, tmp_path / "out.mp4", average, fps=50)
    frames = read_video(tmp_path / "out.mp4")
    assert [frame.pts for frame in frames] == [Fraction(i, 50) for i in range(12)]


def test_shown_source_frames_are_untouched(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker
) -> None:
    path = make_video("in.mkv", codec="ffv1", options={}, rate=Fraction(24), frames=9)
    target = tmp_path / "out.mkv"
    convert_video(path, target, average, fps=36, codec="ffv1")
    source, out = read_video(path), read_video(target)
    for one, two in zip(source[::2], out[::3], strict=True):
        assert torch.equal(one.rgb, two.rgb)


def test_slow_motion_lasts_longer(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker
) -> None:
    path, target = make_video(audio=1), tmp_path / "out.mp4"
    report = convert_video(path, target, average, slow_motion=4)
    assert report.duration_out == 4 * report.duration_in
    assert (report.rate, report.frames_out, report.audio_packets) == (25, 29, 0)
    assert any("sound is left out" in note for note in report.notes)
    report = convert_video(path, target, average, slow_motion=2, audio="stretch", overwrite=True)
    assert report.audio_packets > 0


def test_writers_take_whatever_is_a_frame(
    read_video: Read, tmp_path: Path, clip: TensorClip, psnr: Callable[..., float]
) -> None:
    def arrays() -> Iterator[Any]:
        return (frame.numpy() for frame in clip)

    sources = {
        "source": write_video(tmp_path / "a.mp4", clip),
        "frames": write_video(tmp_path / "b.mp4", iter(clip), rate=24),
        "tensors": write_video(tmp_path / "c.mp4", (frame.rgb for frame in clip), rate=24),
        "arrays": write_video(tmp_path / "d.mp4", arrays(), rate=24),
        "like": write_video(tmp_path / "e.mp4", arrays(), like=clip),
    }
    for path in sources.values():
        frames = read_video(path)
        assert [frame.pts for frame in frames] == [Fraction(i, 24) for i in range(9)]
        assert all(psnr(a.rgb, b.rgb) > 42 for a, b in zip(frames, clip, strict=True))


def test_edited_frames_keep_the_sound_of_their_source(
    make_video: Make, tmp_path: Path, average: FrameMaker, packets: Callable[[Path], Any]
) -> None:
    path, target = make_video(audio=1), tmp_path / "out.mp4"
    with UpsampledVideo(open_source(path), average) as video:
        write_video(target, (1 - frame.rgb for frame in video), like=video)
    assert packets(path) == packets(target)
    with open_source(target) as written:
        assert (written.info.rate, written.info.frames) == (50, 15)


def test_an_upsampled_video_is_saved_with_a_report(
    make_video: Make, tmp_path: Path, average: FrameMaker
) -> None:
    with UpsampledVideo(open_source(make_video()), average) as video:
        assert save_video(video, tmp_path / "out.mp4").frames_out == 15


def test_what_is_no_frame_is_refused(clip: TensorClip, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="need a rate"):
        write_video(tmp_path / "out.mp4", iter(clip))
    with pytest.raises(InputError, match="its own rate"):
        write_video(tmp_path / "out.mp4", clip, rate=25)
    with pytest.raises(InputError, match="there are no frames"):
        FrameStream([], rate=25)
    with pytest.raises(InputError, match=r"got \(4, 4\) of float64"):
        FrameStream([np.zeros((4, 4))], rate=25)


def test_frames_as_arrays() -> None:
    rgb = torch.rand(3, 4, 6)
    shallow, deep = Frame(Fraction(0), rgb=rgb), Frame(Fraction(0), rgb=rgb, bits=10)
    assert (shallow.numpy().dtype, deep.numpy().dtype) == (np.uint8, np.uint16)
    assert shallow.numpy().shape == (4, 6, 3)
    assert np.array_equal(deep.numpy(), (rgb * 65535).round().permute(1, 2, 0).numpy())
    back = next(iter(FrameStream([deep.numpy()], rate=25)))
    assert torch.allclose(back.rgb, rgb, atol=1 / 65535)

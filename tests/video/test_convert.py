"""Whole videos: counts, exact times, untouched sound, and nothing half done."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video import FrameMaker as Maker
from vfiblocks.video import Gap, convert_video, open_source
from vfiblocks.video.display_matrix import patch_mp4
from vfiblocks.window import Window

Make = Callable[..., Path]
Read = Callable[[Path], list[Any]]
Packets = Callable[[Path], list[list[tuple[Fraction, bytes]]]]
Check = Callable[..., None]

QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("factor", [2, 3])
def test_a_steady_rate(
    make_video: Make,
    read_video: Read,
    tmp_path: Path,
    average: Maker,
    suffix: str,
    factor: int,
) -> None:
    rate = Fraction(24000, 1001) if suffix != ".mkv" else Fraction(25)
    path, target = make_video("in" + suffix, rate=rate), tmp_path / ("out" + suffix)
    report = convert_video(path, target, average, factor=factor)
    assert (report.frames_in, report.frames_out) == (8, factor * 7 + 1)
    assert report.rate == rate * factor
    assert report.duration_in == report.duration_out == 7 / rate
    assert report.notes == ()
    frames = read_video(target)
    with open_source(target) as source:
        assert len(frames) == report.frames_out
        if suffix != ".mkv":
            assert source.info.rate == rate * factor
    tolerance = Fraction(1, 2000) if suffix == ".mkv" else 0
    for index, frame in enumerate(frames):
        assert abs(frame.pts - index / (rate * factor)) <= tolerance


def test_source_frames_are_kept_and_new_ones_lie_between(
    make_video: Make,
    read_video: Read,
    tmp_path: Path,
    average: Maker,
    psnr: Callable[..., float],
) -> None:
    path, target = make_video(), tmp_path / "out.mp4"
    convert_video(path, target, average, crf=4)  # x264 differs from run to run
    before, after = read_video(path), read_video(target)
    for one, two in zip(before, after[::2], strict=True):
        assert psnr(one.rgb, two.rgb) > 45
    for index, made in enumerate(after[1::2]):
        assert psnr(made.rgb, (before[index].rgb + before[index + 1].rgb) / 2) > 42


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le", "gbrp10le"])
def test_without_loss_source_frames_are_identical(
    make_video: Make, read_video: Read, tmp_path: Path, average: Maker, pix_fmt: str
) -> None:
    path = make_video("in.mkv", codec="ffv1", pix_fmt=pix_fmt, options={})
    convert_video(path, tmp_path / "out.mkv", average, codec="ffv1")
    after = read_video(tmp_path / "out.mkv")
    for one, two in zip(read_video(path), after[::2], strict=True):
        assert torch.equal(one.rgb, two.rgb)
    assert {frame.picture.format.name for frame in after} == {pix_fmt}


def test_still_pictures_do_not_flicker(make_video: Make, read_video: Read, tmp_path: Path) -> None:
    """Repeating the frame before must give the very same picture, whatever the chroma."""
    for tags in ((1, 1, 1, 1), (1, 2, 2, 2), (2, 5, 6, 5)):
        path = make_video("in.mkv", codec="ffv1", options={}, tags=tags)
        target = tmp_path / "out.mkv"
        convert_video(path, target, lambda gap, _: [gap.frames[:, 0]], codec="ffv1", overwrite=True)
        frames = read_video(target)
        for source, made in zip(frames[::2], frames[1::2], strict=False):
            assert torch.equal(source.rgb, made.rgb)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_variable_rate_keeps_its_times(
    make_video: Make, read_video: Read, tmp_path: Path, average: Maker, suffix: str
) -> None:
    ticks = (0, 40, 50, 100, 220, 230)
    path = make_video("in.mkv", frames=6, ticks=ticks, time_base=Fraction(1, 1000))
    target = tmp_path / ("out" + suffix)
    convert_video(path, target, average, factor=5)
    times = [frame.pts for frame in read_video(target)]
    exact = [Fraction(a * (5 - k) + b * k, 5000) for a, b in pairwise(ticks) for k in range(5)]
    assert times == [*exact, Fraction(230, 1000)]


@pytest.mark.parametrize("streams", [1, 2])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_sound_is_copied_byte_by_byte(
    make_video: Make,
    tmp_path: Path,
    packets: Packets,
    average: Maker,
    suffix: str,
    streams: int,
) -> None:
    path, target = make_video("in" + suffix, audio=streams), tmp_path / ("out" + suffix)
    report = convert_video(path, target, average)
    before, after = packets(path), packets(target)
    assert len(before) == streams
    assert before == after
    assert report.audio_packets == sum(len(stream) for stream in before) > 0


def test_sound_a_container_cannot_hold(
    make_video: Make, tmp_path: Path, average: Maker, no_leftovers: Check
) -> None:
    path = make_video(audio=1)
    with pytest.raises(VideoError, match=r"\.webm cannot hold the source's aac sound; choose .mkv"):
        convert_video(path, tmp_path / "out.webm", average)
    no_leftovers("clip.mp4")


@pytest.mark.parametrize(("name", "target"), [("a.mp4", "b.mp4"), ("a.mov", "b.mov")])
def test_a_turned_video_stays_turned(
    make_video: Make, tmp_path: Path, average: Maker, name: str, target: str
) -> None:
    path = make_video(name, audio=1)
    assert patch_mp4(path, QUARTER_TURN)
    convert_video(path, tmp_path / target, average)
    with open_source(tmp_path / target) as source:
        assert source.info.display_matrix == QUARTER_TURN
        assert (source.info.width, source.info.height) == (64, 48)


def test_matroska_stays_turned(make_video: Make, tmp_path: Path, average: Maker) -> None:
    path = make_video("in.mkv", matrix=QUARTER_TURN)
    convert_video(path, tmp_path / "out.mkv", average)
    with open_source(tmp_path / "out.mkv") as source:
        assert source.info.display_matrix == QUARTER_TURN


def test_older_pyav_turns_the_finished_file(
    make_video: Make, tmp_path: Path, average: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vfiblocks.video import file_sink

    monkeypatch.setattr(file_sink, "hasattr", lambda *_: False, raising=False)
    path = make_video()
    patch_mp4(path, QUARTER_TURN)
    convert_video(path, tmp_path / "out.mp4", average)
    with open_source(tmp_path / "out.mp4") as source:
        assert source.info.display_matrix == QUARTER_TURN
    report = convert_video(path, tmp_path / "out.mkv", average)
    assert "the turn by -90 degrees could not be written to .mkv" in report.notes[0]


@pytest.mark.parametrize(
    ("pix_fmt", "codec", "suffix"),
    [("yuv444p", "libx264", ".mp4"), ("yuv420p", "libvpx-vp9", ".webm")],
)
def test_odd_sizes_stay_odd(
    make_video: Make,
    read_video: Read,
    tmp_path: Path,
    average: Maker,
    pix_fmt: str,
    codec: str,
    suffix: str,
) -> None:
    path = make_video(
        "in" + suffix, width=63, height=47, pix_fmt=pix_fmt, codec=codec, options={"crf": "8"}
    )
    for target in ("out.mp4", "out.webm"):
        convert_video(path, tmp_path / target, average)
        assert {frame.size for frame in read_video(tmp_path / target)} == {(63, 47)}


def test_ten_bits_stay_ten_bits(
    make_video: Make,
    read_video: Read,
    tmp_path: Path,
    average: Maker,
    psnr: Callable[..., float],
) -> None:
    options = {"crf": "4", "x265-params": "log-level=error"}
    path = make_video(pix_fmt="yuv420p10le", codec="libx265", options=options)
    convert_video(path, tmp_path / "out.mp4", average, crf=8)
    after = read_video(tmp_path / "out.mp4")
    assert {frame.picture.format.name for frame in after} == {"yuv420p10le"}
    for one, two in zip(read_video(path), after[::2], strict=True):
        assert psnr(one.rgb, two.rgb) > 45


def test_gif_to_mp4(make_video: Make, read_video: Read, tmp_path: Path, average: Maker) -> None:
    ticks = (0, 5, 7, 9, 20, 30)
    path = make_video(
        "in.gif",
        codec="gif",
        pix_fmt="rgb8",
        frames=6,
        ticks=ticks,
        time_base=Fraction(1, 100),
        options={},
    )
    report = convert_video(path, tmp_path / "out.mp4", average)
    frames = read_video(tmp_path / "out.mp4")
    assert [frame.pts * 100 for frame in frames[::2]] == list(ticks)
    assert any("over white" in note for note in report.notes)


def test_images_to_video_and_back(
    make_images: Make, tmp_path: Path, average: Maker, no_leftovers: Check
) -> None:
    folder = make_images([f"{i}.png" for i in range(4)])
    report = convert_video(folder, tmp_path / "out.mp4", average, rate=10)
    assert (report.frames_out, report.rate) == (7, 20)
    report = convert_video(folder, tmp_path / "frames", average)
    assert len(list((tmp_path / "frames").iterdir())) == 7
    with open_source(folder) as before, open_source(tmp_path / "frames") as after:
        for one, two in zip(before, list(after)[::2], strict=True):
            assert torch.equal(one.rgb, two.rgb)
    no_leftovers("images", "out.mp4", "frames")


def test_titles_and_languages_come_along(make_video: Make, tmp_path: Path, average: Maker) -> None:
    import av

    path = make_video("in.mkv", audio=1, title="A day at the sea", language="pol")
    convert_video(path, tmp_path / "out.mkv", average)
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.metadata["title"] == "A day at the sea"
        assert container.streams.audio[0].metadata["language"] == "pol"


def test_a_preview_stops_early_sound_included(
    make_video: Make, tmp_path: Path, packets: Packets, average: Maker
) -> None:
    path, target = make_video(audio=1, frames=20, rate=Fraction(50)), tmp_path / "out.mp4"
    report = convert_video(path, target, average, limit=3)
    assert (report.frames_in, report.frames_out) == (3, 5)
    (sound,) = packets(target)
    assert 0 < len(sound) < len(packets(path)[0])
    assert sound[-1][0] <= Fraction(2, 50)
    with pytest.raises(InputError, match="limit below two"):
        convert_video(path, target, average, limit=1, overwrite=True)


def test_progress_counts_to_the_end(make_video: Make, tmp_path: Path, average: Maker) -> None:
    calls: list[tuple[int, int | None]] = []
    convert_video(
        make_video(), tmp_path / "out.mp4", average, on_progress=lambda *call: calls.append(call)
    )
    assert calls == [(done, 15) for done in range(1, 16)]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
def test_stopping_in_the_model_leaves_nothing_behind(
    make_video: Make,
    tmp_path: Path,
    no_leftovers: Check,
    kind: type[BaseException],
) -> None:
    path = make_video(audio=1)
    calls = 0

    def stop(gap: Gap, windows: Sequence[Window]) -> list[Tensor]:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise kind
        return [gap.frames[:, 0]]

    for target in ("out.mp4", "frames"):
        calls = 0
        with pytest.raises(kind):
            convert_video(path, tmp_path / target, stop)
    no_leftovers("clip.mp4")


@pytest.mark.parametrize(("frames", "message"), [(1, "only one frame: interpolation needs two")])
def test_too_short(
    make_video: Make,
    tmp_path: Path,
    average: Maker,
    frames: int,
    message: str,
    no_leftovers: Check,
) -> None:
    path = make_video(frames=frames)
    with pytest.raises(VideoError, match=message):
        convert_video(path, tmp_path / "out.mp4", average)
    no_leftovers("clip.mp4")

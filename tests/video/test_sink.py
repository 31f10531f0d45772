"""Writing: formats, tags, and outputs that are whole or not there at all."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from vfiblocks.errors import VideoError
from vfiblocks.video import (
    Frame,
    Source,
    TensorClip,
    VideoFileSink,
    VideoInfo,
    choose_encoding,
    open_sink,
    open_source,
)

Make = Callable[..., Path]
Read = Callable[[Path], list[Any]]
Check = Callable[..., None]


def info(pix_fmt: str = "yuv420p", width: int = 64, height: int = 48) -> VideoInfo:
    return VideoInfo(width, height, Fraction(25), Fraction(1, 25), pix_fmt)


@pytest.mark.parametrize(
    ("pix_fmt", "name", "codec", "stored"),
    [
        ("yuv420p", "o.mp4", "libx264", "yuv420p"),
        ("yuv422p", "o.MOV", "libx264", "yuv422p"),
        ("yuvj420p", "o.mkv", "libx264", "yuvj420p"),
        ("yuv444p", "o.m4v", "libx264", "yuv444p"),
        ("nv12", "o.mp4", "libx264", "yuv420p"),
        ("yuv420p10le", "o.mp4", "libx265", "yuv420p10le"),
        ("yuv444p12le", "o.mkv", "libx265", "yuv444p12le"),
        ("p010le", "o.mp4", "libx265", "yuv420p10le"),
        ("yuv422p", "o.webm", "libvpx-vp9", "yuv422p"),
        ("yuvj444p", "o.webm", "libvpx-vp9", "yuv444p"),
        ("bgra", "o.mp4", "libx264", "yuv420p"),
        ("gray", "o.mp4", "libx264", "yuv420p"),
        ("rgb48be", "o.mkv", "libx265", "yuv420p12le"),
    ],
)
def test_the_nearest_format_is_chosen(pix_fmt: str, name: str, codec: str, stored: str) -> None:
    encoding = choose_encoding(info(pix_fmt), Path(name))
    assert (encoding.codec, encoding.pix_fmt) == (codec, stored)


@pytest.mark.parametrize(
    ("pix_fmt", "stored"),
    [("yuv420p10le", "yuv420p10le"), ("yuv444p", "yuv444p"), ("rgb24", "bgr0"), ("gray", "gray")],
)
def test_lossless_codecs_keep_the_format(pix_fmt: str, stored: str) -> None:
    encoding = choose_encoding(info(pix_fmt), Path("o.mkv"), codec="ffv1")
    assert encoding.pix_fmt == stored
    assert encoding.notes == ()


def test_what_is_lost_is_said() -> None:
    odd = choose_encoding(info(width=479, height=271), Path("o.mp4"))
    assert "cannot halve the chroma of an odd size (479x271)" in odd.notes[0]
    assert choose_encoding(info("yuv444p", width=479, height=271), Path("o.mp4")).notes == ()
    assert choose_encoding(info(width=479, height=271), Path("o.webm")).pix_fmt == "yuv420p"
    shallow = choose_encoding(info("yuv420p10le"), Path("o.webm"))
    assert "stored with 8 bits" in shallow.notes[0]
    alpha, subsampled = choose_encoding(info("bgra"), Path("o.mp4")).notes
    assert "over white" in alpha
    assert choose_encoding(info("bgra"), Path("o.webm")).pix_fmt == "yuva420p"
    assert "pix_fmt='yuv444p' keeps full colour resolution" in subsampled


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("o.gif", {}, r"cannot write \.gif; choose one of \.m4v, \.mkv, \.mov, \.mp4, \.webm"),
        ("o.txt", {}, r"cannot write \.txt"),
        ("o.mp4", {"codec": "magic"}, "no encoder called 'magic'"),
        ("o.mp4", {"codec": "aac"}, "'aac' encodes audio, not video"),
        ("o.mp4", {"pix_fmt": "rgb24"}, "libx264 cannot store rgb24; it takes yuv420p"),
    ],
)
def test_impossible_wishes(name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(VideoError, match=message):
        choose_encoding(info(), Path(name), **options)


@contextmanager
def opened(source_path: Path, target: Path, **options: Any) -> Iterator[tuple[Source, Any]]:
    with open_source(source_path) as source, open_sink(target, source, **options) as sink:
        yield source, sink


def copy(source_path: Path, target: Path, **options: Any) -> None:
    with opened(source_path, target, **options) as (source, sink):
        for frame in source:
            sink.write(frame)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le", "yuv422p", "gray"])
def test_a_lossless_copy_is_exact(
    make_video: Make, read_video: Read, tmp_path: Path, pix_fmt: str
) -> None:
    path = make_video("in.mkv", codec="ffv1", pix_fmt=pix_fmt, options={})
    copy(path, tmp_path / "out.mkv", codec="ffv1")
    for before, after in zip(read_video(path), read_video(tmp_path / "out.mkv"), strict=True):
        assert before.pts == after.pts
        assert after.picture.format.name == pix_fmt
        assert torch.equal(before.rgb, after.rgb)


def test_made_frames_of_flat_colour_are_rounded(
    make_video: Make, read_video: Read, tmp_path: Path
) -> None:
    path = make_video("in.mkv", codec="ffv1", pix_fmt="gbrp10le", options={})
    with opened(path, tmp_path / "out.mkv", codec="libx264rgb", crf=0) as (_, sink):
        sink.write(Frame(Fraction(0), rgb=torch.full((3, 48, 64), 127.6 / 255)))
        sink.write(Frame(Fraction(1), rgb=torch.full((3, 48, 64), 127.4 / 255)))
    assert [(frame.rgb * 255).unique().tolist() for frame in read_video(tmp_path / "out.mkv")] == [
        [128],
        [127],
    ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_tags_are_carried_over(make_video: Make, tmp_path: Path, suffix: str) -> None:
    path = make_video("in" + suffix, tags=(2, 9, 16, 9), aspect=Fraction(16, 11))
    copy(path, tmp_path / ("out" + suffix))
    with open_source(path) as before, open_source(tmp_path / ("out" + suffix)) as after:
        for name in (
            "sample_aspect_ratio",
            "color_range",
            "color_primaries",
            "color_trc",
            "colorspace",
            "display_matrix",
            "pix_fmt",
            "rate",
        ):
            assert getattr(before.info, name) == getattr(after.info, name), name


def test_an_existing_file_is_kept_unless_told_otherwise(
    make_video: Make, tmp_path: Path, no_leftovers: Check
) -> None:
    path, target = make_video("in.mp4"), tmp_path / "out.mp4"
    target.write_bytes(b"older")
    with pytest.raises(VideoError, match="already exists; allow overwriting"):
        copy(path, target)
    assert target.read_bytes() == b"older"
    copy(path, target, overwrite=True)
    assert target.stat().st_size > 100
    no_leftovers("in.mp4", "out.mp4")


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "frames"])
def test_whatever_stops_the_work_leaves_nothing_behind(
    make_video: Make, tmp_path: Path, no_leftovers: Check, kind: type[BaseException], name: str
) -> None:
    path, target = make_video("in.mp4", audio=1), tmp_path / name
    if target.suffix:
        target.write_bytes(b"older")

    def stop_midway() -> None:
        with opened(path, target, overwrite=True) as (source, sink):
            for count, frame in enumerate(source):
                sink.write(frame)
                if count == 5:
                    raise kind

    with pytest.raises(kind):
        stop_midway()
    if target.suffix:
        assert target.read_bytes() == b"older"
    no_leftovers("in.mp4", *([name] if target.suffix else []))


class FullDisk:
    """A container that runs out of room after some packets."""

    def __init__(self, container: Any, packets: int) -> None:
        self._container = container
        self._left = packets

    def mux(self, packet: Any) -> None:
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._container.mux(packet)

    def close(self) -> None:
        self._container.close()
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("packets", [0, 3, 1000])
def test_a_full_disk_is_one_clear_line(
    make_video: Make, tmp_path: Path, no_leftovers: Check, packets: int
) -> None:
    path = make_video("in.mp4", frames=60)

    def fill() -> None:
        with opened(path, tmp_path / "out.mp4") as (source, sink):
            sink._container = FullDisk(sink._container, packets)
            for frame in source:
                sink.write(frame)

    with pytest.raises(VideoError, match=r"out\.mp4: the disk is full after \d+ frames") as caught:
        fill()
    assert "\n" not in str(caught.value)
    no_leftovers("in.mp4")


def test_a_full_disk_under_a_folder_of_images(
    make_video: Make, tmp_path: Path, no_leftovers: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video("in.mp4")

    def refuse(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(VideoError, match="the disk is full after 0 images"):
        copy(path, tmp_path / "frames")
    no_leftovers("in.mp4")


def test_a_failing_encoder_is_one_clear_line(
    make_video: Make, tmp_path: Path, no_leftovers: Check
) -> None:
    path = make_video("in.mp4")
    with pytest.raises(VideoError, match=r"cannot be opened for writing .*libx264, yuv420p"):
        copy(path, tmp_path / "out.mp4", preset="no-such-preset")
    no_leftovers("in.mp4")


def test_bad_places(make_video: Make, tmp_path: Path, no_leftovers: Check) -> None:
    path = make_video("in.mp4")
    with pytest.raises(VideoError, match=r"the folder .*nowhere does not exist; create it first"):
        copy(path, tmp_path / "nowhere" / "out.mp4")
    with pytest.raises(VideoError, match="is the input itself"):
        copy(path, tmp_path / ".." / tmp_path.name / "in.mp4", overwrite=True)
    (tmp_path / "link.mp4").symlink_to(path)
    with pytest.raises(VideoError, match="is the input itself"):
        copy(path, tmp_path / "link.mp4", overwrite=True)
    with pytest.raises(VideoError, match="holds the input"):
        copy(path, tmp_path, overwrite=True)
    no_leftovers("in.mp4", "link.mp4")


def test_wishes_a_folder_of_images_cannot_fulfil(make_video: Make, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no codec, crf or pix_fmt to choose"):
        copy(make_video("in.mp4"), tmp_path / "frames", crf=10)


def test_a_source_that_is_no_file_may_replace_one(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"older")
    clip = TensorClip(torch.rand(2, 3, 16, 16), rate=25)
    with open_sink(target, clip, overwrite=True) as sink:
        for frame in clip:
            sink.write(frame)
    assert target.stat().st_size > 100


def test_full_range_samples_are_handed_on_untouched(
    make_video: Make, read_video: Read, tmp_path: Path
) -> None:
    path = make_video("in.mkv", pix_fmt="yuvj420p", tags=(2, 1, 1, 1))
    copy(path, tmp_path / "out.mkv", codec="ffv1")
    for before, after in zip(read_video(path), read_video(tmp_path / "out.mkv"), strict=True):
        assert before.picture.format.name == "yuvj420p"
        assert after.picture.format.name == "yuv420p"
        assert torch.equal(before.rgb, after.rgb)


def test_an_unwritable_folder(
    make_video: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video("in.mp4")

    def refuse(self: Path, **_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(VideoError, match=r"cannot write to the folder .*: Permission denied"):
        copy(path, tmp_path / "out.mp4")


def test_frames_must_fit_and_follow_each_other(
    make_video: Make, tmp_path: Path, no_leftovers: Check
) -> None:
    path = make_video("in.mp4")
    black = torch.zeros(3, 48, 64)

    def write(*frames: Frame) -> None:
        with opened(path, tmp_path / "out.mp4") as (_, sink):
            for frame in frames:
                sink.write(frame)

    with pytest.raises(VideoError, match="frame of 64x24 does not fit a video of 64x48"):
        write(Frame(Fraction(0), rgb=black[:, ::2]))
    with pytest.raises(VideoError, match=r"frame 1 at 0\.000000 s does not come after"):
        write(Frame(Fraction(0), rgb=black), Frame(Fraction(0), rgb=black))
    with pytest.raises(VideoError, match="no frames to write"):
        write()
    no_leftovers("in.mp4")


def test_folders_of_images(make_video: Make, tmp_path: Path, no_leftovers: Check) -> None:
    path, target = make_video("in.mp4", audio=1), tmp_path / "frames"
    with opened(path, target) as (source, sink):
        for frame in source:
            sink.write(frame)
        assert "no sound" in sink.notes[0]
    assert sorted(file.name for file in target.iterdir()) == [f"{i:06d}.png" for i in range(8)]
    with open_source(path) as before, open_source(target) as after:
        for one, two in zip(before, after, strict=True):
            assert (one.rgb - two.rgb).abs().max() <= 0.5 / 255 + 1e-6
    with pytest.raises(VideoError, match="not empty; allow overwriting"):
        copy(path, target)
    copy(path, target, overwrite=True)
    (target / "diary.txt").write_text("not to be lost")
    with pytest.raises(VideoError, match=r"holds diary\.txt, which is no numbered frame"):
        copy(path, target, overwrite=True)
    assert (target / "diary.txt").exists()
    no_leftovers("frames", "in.mp4")


def test_an_empty_folder_may_be_filled(make_video: Make, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    copy(make_video("in.mp4"), tmp_path / "frames")
    assert len(list((tmp_path / "frames").iterdir())) == 8


def test_deep_sources_become_deep_images(
    make_video: Make, read_video: Read, tmp_path: Path
) -> None:
    path = make_video("in.mkv", codec="ffv1", pix_fmt="yuv444p10le", options={})
    copy(path, tmp_path / "frames")
    for one, two in zip(read_video(path), read_video(tmp_path / "frames"), strict=True):
        assert (one.rgb - two.rgb).abs().max() < 1e-5


def test_the_temporary_lies_beside_the_output_and_keeps_its_suffix(
    make_video: Make, tmp_path: Path
) -> None:
    path = make_video("in.mp4")
    with opened(path, tmp_path / "out.mkv") as (source, sink):
        for frame in source:
            sink.write(frame)
        assert isinstance(sink, VideoFileSink)
        (hidden,) = (file for file in tmp_path.iterdir() if file.name.startswith("."))
        assert hidden.name.startswith(".out.partial-")
        assert hidden.suffix == ".mkv"
        assert not (tmp_path / "out.mkv").exists()

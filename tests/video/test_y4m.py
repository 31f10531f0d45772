"""YUV4MPEG2: the same pictures as through PyAV, streaming, and clear ends."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
import torch

from vfiblocks.errors import VideoError
from vfiblocks.video import Frame, open_sink, open_source, rgb_to_picture
from vfiblocks.video.y4m import Y4M_FORMATS, Y4mHeader
from vfiblocks.video.y4m_sink import Y4mSink
from vfiblocks.video.y4m_source import Y4mStream

Make = Callable[..., Path]
Read = Callable[[Path], list[Any]]

PICTURE = torch.rand(3, 6, 10, generator=torch.Generator().manual_seed(3)) * 0.6 + 0.2


def written_by_av(pix_fmt: str, *, color_range: int = 1, frames: int = 3) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="yuv4mpegpipe", options={"strict": "-1"}) as container:
        stream = container.add_stream("wrapped_avframe", rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = 10, 6, pix_fmt
        stream.codec_context.color_range = color_range
        for index in range(frames):
            picture = rgb_to_picture(PICTURE.roll(index, 2), pix_fmt, color_range=color_range)
            picture.pts = index
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()


def read_by_av(data: bytes) -> list[Any]:
    with av.open(io.BytesIO(data), format="yuv4mpegpipe") as container:
        return list(container.decode(video=0))


def planes(picture: Any) -> list[bytes]:
    deep = picture.format.components[0].bits > 8
    rows = []
    for plane in picture.planes:
        data, line = bytes(plane), plane.line_size
        used = plane.width * (2 if deep else 1)
        rows.append(b"".join(data[y * line : y * line + used] for y in range(plane.height)))
    return rows


@pytest.mark.parametrize("pix_fmt", sorted(Y4M_FORMATS))
def test_reads_what_pyav_writes(pix_fmt: str) -> None:
    try:
        data = written_by_av(pix_fmt)
    except (av.FFmpegError, ValueError):
        pytest.skip(f"this PyAV writes no y4m of {pix_fmt}")
    with Y4mStream(io.BytesIO(data)) as source:
        assert (source.info.width, source.info.height) == (10, 6)
        assert source.info.rate == Fraction(30000, 1001)
        assert source.info.pix_fmt == pix_fmt
        frames = list(source)
    assert [frame.pts for frame in frames] == [Fraction(1001 * i, 30000) for i in range(3)]
    for frame, expected in zip(frames, read_by_av(data), strict=True):
        assert planes(frame.picture) == planes(expected)


@pytest.mark.parametrize("pix_fmt", sorted(Y4M_FORMATS))
def test_pyav_reads_what_is_written(pix_fmt: str) -> None:
    data = written_by_av("yuv420p" if pix_fmt == "yuv411p" else pix_fmt)
    out = io.BytesIO()
    with (
        Y4mStream(io.BytesIO(data)) as source,
        Y4mSink(None, source.info, rate=source.info.rate, stream=out) as sink,
    ):
        for frame in source:
            sink.write(frame)
    assert b"XCOLORRANGE=LIMITED" in out.getvalue().partition(b"\n")[0]
    for one, two in zip(read_by_av(data), read_by_av(out.getvalue()), strict=True):
        assert one.format.name == two.format.name
        assert planes(one) == planes(two)


@pytest.mark.parametrize("color_range", [1, 2])
def test_range_and_pixel_shape_are_told(
    make_video: Make, read_video: Read, tmp_path: Path, color_range: int
) -> None:
    path = make_video("in.mkv", tags=(color_range, 1, 1, 1), aspect=Fraction(4, 3))
    target = tmp_path / "out.y4m"
    with open_source(path) as source, open_sink(target, source, factor=2) as sink:
        for frame in source:
            sink.write(frame)
            if frame.pts < Fraction(7, 25):
                sink.write(Frame(frame.pts + Fraction(1, 50), rgb=frame.rgb))
        assert "cannot say colour primaries 1, transfer 1, matrix 1" in " ".join(sink.notes)
    line = target.read_bytes().partition(b"\n")[0]
    word = {1: b"XCOLORRANGE=LIMITED", 2: b"XCOLORRANGE=FULL"}[color_range]
    assert line == b"YUV4MPEG2 W64 H48 F50:1 Ip A4:3 C420mpeg2 " + word
    for before, after in zip(read_video(path), read_video(target)[::2], strict=True):
        assert planes(before.picture) == planes(after.picture)


def test_rgb_and_opacity(make_video: Make, tmp_path: Path, psnr: Callable[..., float]) -> None:
    for pix_fmt, stored in (("bgr0", "444"), ("bgra", "444alpha"), ("gbrp10le", "444p10")):
        path = make_video("in.mkv", codec="ffv1", pix_fmt=pix_fmt, options={}, fade=True)
        with (
            open_source(path) as source,
            open_sink(tmp_path / "out.y4m", source, overwrite=True) as sink,
        ):
            for frame in source:
                sink.write(frame)
        data = (tmp_path / "out.y4m").read_bytes()
        assert f" C{stored} ".encode() in data.partition(b"\n")[0]
        (frame, *_), (expected, *_) = Y4mStream(io.BytesIO(data)), open_source(path)
        assert psnr(frame.rgb, expected.rgb) > 45


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"RIFF....AVI ", "cut off after 0|is no YUV4MPEG2"),
        (b"\0" * 9000, "is no YUV4MPEG2 stream, or damaged"),
        (b"YUV4MPEG W4 H4 F25:1\n", "does not begin with YUV4MPEG2"),
        (b"YUV4MPEG2 W0 H4 F25:1\n", "no width between 1 and 32768"),
        (b"YUV4MPEG2 W4 H99999999999999 F25:1\n", "no height between"),
        (b"YUV4MPEG2 W4 H4\n", "no frame rate"),
        (b"YUV4MPEG2 W4 H4 F25:0\n", "no frame rate"),
        (b"YUV4MPEG2 W4 H4 F25:1 C999\n", "pixel format '999' is not known"),
        (b"YUV4MPEG2 W4 H4 F25:1\n", "has no frames"),
        (b"YUV4MPEG2 W4 H4 F25:1\nFRAME\n123", "cut off after 0 whole frames"),
        (b"YUV4MPEG2 W4 H4 F25:1\nFRAME\n" + bytes(24) + b"FRA", "cut off after 1 whole frames"),
        (b"YUV4MPEG2 W4 H4 F25:1\nFRAME\n" + bytes(24) + b"JUNK\n", "one should, after 1 frames"),
    ],
)
def test_bad_input_is_one_clear_line(data: bytes, message: str) -> None:
    with pytest.raises(VideoError, match=message) as caught:
        list(Y4mStream(io.BytesIO(data)))
    assert "\n" not in str(caught.value)


def test_a_stream_is_read_once() -> None:
    source = Y4mStream(io.BytesIO(written_by_av("gray")))
    assert len(list(source)) == 3
    with pytest.raises(VideoError, match="only once"):
        iter(source)


def test_frame_parameters_and_interlacing_are_understood() -> None:
    data = b"YUV4MPEG2 W2 H2 F25:1 It Cmono XOTHER=1\nFRAME Ixyz\n1234FRAME\n5678"
    source = Y4mStream(io.BytesIO(data))
    assert "interlaced" in source.notes[0]
    assert len(list(source)) == 2
    header = Y4mHeader.parse(b"YUV4MPEG2 W2 H2 F25:1 A0:0")
    assert (header.pix_fmt, header.aspect, header.interlaced) == ("yuv420p", None, False)


def test_an_uneven_rate_is_refused(make_video: Make, tmp_path: Path) -> None:
    path = make_video(
        frames=4, ticks=(0, 10, 20, 400), time_base=Fraction(1, 1000), options={"bf": "0"}
    )

    def copy() -> None:
        with open_source(path) as source, open_sink(tmp_path / "out.y4m", source) as sink:
            for frame in source:
                sink.write(frame)

    with pytest.raises(VideoError, match=r"one steady rate.* choose a target rate"):
        copy()
    assert not (tmp_path / "out.y4m").exists()


def test_wishes_without_meaning(make_video: Make, tmp_path: Path) -> None:
    source = open_source(make_video())
    with pytest.raises(VideoError, match="not compressed"):
        open_sink(tmp_path / "out.y4m", source, crf=3)
    with pytest.raises(VideoError, match="has no rgb24; choose from"):
        open_sink(tmp_path / "out.y4m", source, pix_fmt="rgb24")
    with pytest.raises(VideoError, match="for a folder of images only"):
        open_source("-", rate=3)


PROGRAM = """
import sys
from vfiblocks.errors import VideoError
from vfiblocks.video import open_sink, open_source
try:
    with open_source("-") as source, open_sink("-", source) as sink:
        for frame in source:
            sink.write(frame)
except VideoError as error:
    print("error:", error, file=sys.stderr)
    sys.exit(3)
"""


def through_a_pipe(data: bytes, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], input=data, check=False, timeout=120, **options
    )


def test_standard_input_to_standard_output() -> None:
    data = written_by_av("yuv422p10le", frames=5)
    done = through_a_pipe(data, capture_output=True)
    assert done.returncode == 0
    assert done.stderr == b""
    found, expected = read_by_av(done.stdout), read_by_av(data)
    assert [planes(picture) for picture in found] == [planes(picture) for picture in expected]


def test_a_cut_off_pipe_is_one_line() -> None:
    done = through_a_pipe(written_by_av("yuv420p")[:-7], capture_output=True)
    assert done.returncode == 3
    assert done.stderr == b"error: standard input: is cut off after 2 whole frames\n"


def test_a_reader_that_leaves_is_one_line() -> None:
    receiving, sending = os.pipe()
    os.close(receiving)
    try:
        done = through_a_pipe(written_by_av("yuv420p"), stdout=sending, stderr=subprocess.PIPE)
    finally:
        os.close(sending)
    assert done.returncode == 3
    assert done.stderr == (
        b"error: standard output: the program that reads it has ended, after 0 frames\n"
    )

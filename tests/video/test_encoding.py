"""Encoders by name, their scales, what containers hold, and every depth there and back."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
import torch

from vfiblocks.errors import VideoError
from vfiblocks.video import VideoInfo, choose_encoding, open_sink, open_source
from vfiblocks.video.codecs import FAMILIES, hardware_need
from vfiblocks.video.encoding import CONTAINERS
from vfiblocks.video.hdr import HdrMetadata

Make = Callable[..., Path]
Read = Callable[[Path], list[Any]]


def info(pix_fmt: str = "yuv420p", **fields: Any) -> VideoInfo:
    return VideoInfo(64, 48, Fraction(25), Fraction(1, 25), pix_fmt, **fields)


def is_built_in(codec: str) -> bool:
    try:
        av.codec.Codec(codec, "w")
    except ValueError:
        return False
    return True


def copy(source_path: Path, target: Path, **options: Any) -> tuple[str, ...]:
    with open_source(source_path) as source, open_sink(target, source, **options) as sink:
        for frame in source:
            sink.write(frame)
        return sink.notes


@pytest.mark.parametrize(
    ("wish", "codec", "name"),
    [
        ("h264", "libx264", "o.mp4"),
        ("H265", "libx265", "o.mov"),
        ("hevc", "libx265", "o.mp4"),
        ("av1", "libsvtav1", "o.webm"),
        ("vp9", "libvpx-vp9", "o.mp4"),
        ("prores", "prores_ks", "o.mov"),
        ("ffv1", "ffv1", "o.mkv"),
        ("mpeg4", "mpeg4", "o.mp4"),
    ],
)
def test_encoders_by_friendly_name(wish: str, codec: str, name: str) -> None:
    if not is_built_in(codec):
        pytest.skip(f"{codec} is not built in")
    assert choose_encoding(info(), Path(name), codec=wish).codec == codec


def test_scales_and_speeds_are_each_encoders_own() -> None:
    assert choose_encoding(info(), Path("o.mp4")).options == {"crf": "16", "preset": "medium"}
    fast = choose_encoding(info(), Path("o.mp4"), crf=30, preset="veryfast").options
    assert fast == {"crf": "30", "preset": "veryfast"}
    assert choose_encoding(info(), Path("o.mkv"), codec="ffv1").options == {}
    vp9 = choose_encoding(info(), Path("o.webm"), preset="slow").options
    assert vp9 == {"crf": "18", "b": "0", "row-mt": "1", "cpu-used": "1"}
    if is_built_in("libsvtav1"):
        av1 = choose_encoding(info(), Path("o.mp4"), codec="av1", preset="ultrafast")
        assert av1.options == {"crf": "20", "preset": "12"}
        own = choose_encoding(info(), Path("o.mp4"), codec="av1", preset="7")
        assert own.options["preset"] == "7"
    if is_built_in("h264_nvenc"):
        nvenc = choose_encoding(info(), Path("o.mp4"), codec="h264_nvenc", crf=23, preset="slow")
        assert nvenc.options == {"cq": "23", "rc": "vbr", "b": "0", "preset": "p5"}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("o.webm", {"codec": "prores"}, r"\.webm cannot hold prores video; .* \.mkv or \.mov"),
        ("o.mov", {"codec": "ffv1"}, r"\.mov cannot hold ffv1 video; .* \.mkv,"),
        ("o.mov", {"codec": "hevc_nope"}, "no encoder called 'hevc_nope'"),
        ("o.mkv", {"codec": "ffv1", "crf": 3}, "ffv1 is lossless; leave crf out"),
        ("o.mov", {"codec": "prores", "crf": 3}, "has no constant quality"),
        ("o.mp4", {"crf": 52}, "crf 52 is not on the scale of libx264, 0 to 51"),
        ("o.webm", {"preset": "warp"}, "there is no preset 'warp'; choose one of ultrafast"),
        ("o.mp4", {"pix_fmt": "rgb24"}, "libx264 cannot store rgb24; it takes yuv420p"),
        ("o.mp4", {"pix_fmt": "yuv999p"}, "there is no pixel format called 'yuv999p'"),
    ],
)
def test_impossible_pairs(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(VideoError, match=message):
        choose_encoding(info(), Path(name), **options)


def test_every_container_can_hold_its_own_encoders() -> None:
    for container in CONTAINERS.values():
        families = {family for family, codecs in FAMILIES.items() if container.codec in codecs}
        assert families <= set(container.families)


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_qsv", "h264_amf", "h264_v4l2m2m"])
def test_hardware_that_is_not_there_is_said_before_work_begins(
    make_video: Make, tmp_path: Path, no_leftovers: Callable[..., None], codec: str
) -> None:
    if not is_built_in(codec):
        pytest.skip(f"{codec} is not built in")
    path = make_video("in.mp4", width=256, height=256)
    try:
        probe = av.CodecContext.create(codec, "w")
        probe.width, probe.height, probe.time_base = 256, 256, Fraction(1, 25)
        probe.pix_fmt = choose_encoding(info(), Path("o.mp4"), codec=codec).pix_fmt
        probe.open()
        pytest.skip(f"{codec} works on this machine")
    except (av.FFmpegError, OSError):
        pass
    need = hardware_need(codec)
    assert need is not None
    with pytest.raises(VideoError, match="does not work on this machine") as caught:
        copy(path, tmp_path / "out.mp4", codec=codec)
    assert need in str(caught.value)
    assert "\n" not in str(caught.value)
    no_leftovers("in.mp4")


LOSSLESS = [
    f"{stem}{depth}"
    for stem in ("yuv420p", "yuv422p", "yuv444p", "gray", "gbrp")
    for depth in ("", "10le", "12le", "16le")
] + ["yuva420p", "yuva444p10le", "yuva444p16le", "gbrap16le", "bgra", "rgba64le"]


@pytest.mark.parametrize("pix_fmt", LOSSLESS)
def test_every_depth_goes_through_bit_by_bit(
    make_video: Make, read_video: Read, tmp_path: Path, pix_fmt: str
) -> None:
    stored = "bgr0" if pix_fmt == "gbrp" else pix_fmt
    path = make_video("in.mkv", codec="ffv1", pix_fmt=stored, options={}, frames=3)
    assert copy(path, tmp_path / "out.mkv", codec="ffv1") == ()
    for before, after in zip(read_video(path), read_video(tmp_path / "out.mkv"), strict=True):
        assert after.picture.format.name == before.picture.format.name
        assert torch.equal(before.rgb, after.rgb)
        for one, two in zip(before.picture.planes, after.picture.planes, strict=True):
            assert bytes(one) == bytes(two)


@pytest.mark.parametrize(
    ("codec", "name", "pix_fmt", "wish"),
    [
        ("hevc", "o.mp4", "yuv422p10le", None),
        ("hevc", "o.mkv", "yuv422p12le", "yuv422p12"),
        ("hevc", "o.mp4", "gbrp12le", "gbrp12le"),
        ("prores", "o.mov", "yuv422p10le", None),
        ("av1", "o.mp4", "yuv420p10le", None),
        ("ffv1", "o.mkv", "gray16le", "gray16"),
        ("ffv1", "o.mkv", "gbrp16le", "rgb48"),
        ("h264", "o.mp4", "yuv422p10le", "yuv422p10le"),
    ],
)
def test_deep_encoders(
    make_video: Make,
    read_video: Read,
    tmp_path: Path,
    psnr: Callable[..., float],
    codec: str,
    name: str,
    pix_fmt: str,
    wish: str | None,
) -> None:
    if not is_built_in(FAMILIES[codec][0]):
        pytest.skip(f"no encoder for {codec}")
    source = "gray16le" if pix_fmt == "gray16le" else "yuv422p10le"
    path = make_video(
        "in.mkv", codec="ffv1", pix_fmt=source, options={}, frames=3, tags=(1, 9, 16, 9)
    )
    encoding = choose_encoding(open_source(path).info, Path(name), codec=codec, pix_fmt=wish)
    assert encoding.pix_fmt.replace("rgb48le", "gbrp16le") == pix_fmt
    copy(path, tmp_path / name, codec=codec, pix_fmt=wish, preset="ultrafast")
    before, after = read_video(path), read_video(tmp_path / name)
    assert [f.pts for f in before] == [f.pts for f in after]
    assert psnr(before[1].rgb, after[1].rgb) > 38
    found = open_source(tmp_path / name).info
    assert (found.color_primaries, found.color_trc) == (9, 16)


@pytest.mark.parametrize(
    ("codec", "name", "pix_fmt"),
    [("prores", "o.mov", "yuva444p10le"), ("vp9", "o.webm", "yuva420p"), ("ffv1", "o.mkv", "bgra")],
)
def test_opacity_goes_through(
    make_video: Make, read_video: Read, tmp_path: Path, codec: str, name: str, pix_fmt: str
) -> None:
    path = make_video("in.mkv", codec="ffv1", pix_fmt=pix_fmt, options={}, frames=3, fade=True)
    copy(path, tmp_path / name, codec=codec)
    for before, after in zip(read_video(path), read_video(tmp_path / name), strict=True):
        assert (before.alpha - after.alpha).abs().max() < 0.03
    assert before.alpha.min() < 0.01 < 0.99 < before.alpha.max()


METADATA = HdrMetadata(
    primaries=(
        (Fraction(34000, 50000), Fraction(16000, 50000)),
        (Fraction(13250, 50000), Fraction(34500, 50000)),
        (Fraction(7500, 50000), Fraction(3000, 50000)),
    ),
    white=(Fraction(15635, 50000), Fraction(16450, 50000)),
    luminance=(Fraction(50, 10000), Fraction(1000)),
    light_level=(1000, 400),
)


@pytest.mark.parametrize(
    ("codec", "name"), [("hevc", "o.mp4"), ("hevc", "o.mkv"), ("h264", "o.mkv"), ("av1", "o.mp4")]
)
def test_hdr_metadata_goes_through(make_video: Make, tmp_path: Path, codec: str, name: str) -> None:
    if not is_built_in(FAMILIES[codec][0]):
        pytest.skip(f"no encoder for {codec}")
    options = METADATA.encoder_options("libx265")
    assert options is not None
    options["x265-params"] += ":log-level=error"
    path = make_video(
        "in.mp4", codec="libx265", pix_fmt="yuv420p10le", options=options, tags=(1, 9, 16, 9)
    )
    before = open_source(path).info
    assert before.hdr == METADATA
    assert copy(path, tmp_path / name, codec=codec, preset="ultrafast") == ()
    after = open_source(tmp_path / name).info
    assert after.hdr is not None
    assert after.hdr.light_level == (1000, 400)
    assert after.hdr.luminance is not None
    assert [float(x) for x in after.hdr.luminance] == pytest.approx([0.005, 1000], rel=0.03)
    for one, two in zip(after.hdr.primaries or (), METADATA.primaries or (), strict=True):
        assert [float(x) for x in one] == pytest.approx([float(x) for x in two], abs=1e-4)
    for tag in ("color_primaries", "color_trc", "colorspace", "color_range"):
        assert getattr(before, tag) == getattr(after, tag)


def test_hdr_metadata_that_an_encoder_cannot_take_is_said() -> None:
    notes = choose_encoding(info(hdr=METADATA), Path("o.mkv"), codec="ffv1").notes
    assert "mastering display and light level are left out" in notes[0]


@pytest.mark.parametrize("codec", ["av1", "hevc", "vp9"])
def test_encoders_keep_quiet(
    make_video: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str], codec: str
) -> None:
    if not is_built_in(FAMILIES[codec][0]):
        pytest.skip(f"no encoder for {codec}")
    copy(make_video("in.mp4"), tmp_path / "out.mkv", codec=codec, preset="ultrafast")
    printed = capfd.readouterr()
    lines = [line for line in printed.err.splitlines() if "thread priority" not in line]
    assert (printed.out, lines) == ("", [])

"""Folders of images: formats, depths, opacity and light, there and back."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from vfiblocks.errors import VideoError
from vfiblocks.video import Frame, VideoInfo, open_sink, open_source
from vfiblocks.video.folder_sink import ImageFolderSink

Make = Callable[..., Path]

NUMBERS = np.random.default_rng(0)


def write_images(folder: Path, pix_fmt: str, *, codec: str = "png", **options: str) -> Path:
    """Three images whose every sample is drawn at random."""
    folder.mkdir()
    for index in range(3):
        encoder = av.CodecContext.create(codec, "w")
        encoder.width, encoder.height, encoder.pix_fmt = 32, 24, pix_fmt
        encoder.time_base, encoder.options = Fraction(1, 25), options
        picture = av.VideoFrame(32, 24, pix_fmt)
        for plane in picture.planes:
            if "f32" in pix_fmt:
                values = np.exp(NUMBERS.uniform(-6, 6, plane.buffer_size // 4)).astype(np.float16)
                np.frombuffer(plane, np.float32)[:] = values
            else:
                size = plane.buffer_size
                np.frombuffer(plane, np.uint8)[:] = NUMBERS.integers(0, 256, size)
        picture.pts = 0
        packets = [*encoder.encode(picture), *encoder.encode(None)]
        (folder / f"{index}.{codec}").write_bytes(b"".join(map(bytes, packets)))
    return folder


def copy(source_path: Path, target: Path, **options: Any) -> tuple[str, ...]:
    with open_source(source_path) as source, open_sink(target, source, **options) as sink:
        for frame in source:
            sink.write(frame)
        return sink.notes


def samples(picture: Any) -> list[Any]:
    used = {"rgb": 3, "gra": 1}
    width = picture.width * picture.format.components[0].bits // 8
    if picture.format.is_planar or picture.format.name.startswith("gray"):
        return [
            np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, :width]
            for plane in picture.planes
        ]
    count = 4 if "a" in picture.format.name else used[picture.format.name[:3]]
    (plane,) = picture.planes
    return [np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : width * count]]


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "options"),
    [
        ("png", "rgb24", {}),
        ("png", "rgba", {}),
        ("png", "gray", {}),
        ("png", "rgb48be", {}),
        ("png", "rgba64be", {}),
        ("png", "gray16be", {}),
        ("tiff", "rgb24", {}),
        ("tiff", "rgb48le", {}),
        ("tiff", "rgba64le", {}),
        ("exr", "gbrpf32le", {"format": "float"}),
        ("exr", "gbrapf32le", {"format": "float"}),
        ("exr", "grayf32le", {"format": "float"}),
        ("exr", "gbrpf32le", {"format": "half"}),
        ("exr", "gbrapf32le", {"format": "half"}),
    ],
)
def test_source_images_come_out_bit_by_bit(
    tmp_path: Path, codec: str, pix_fmt: str, options: dict[str, str]
) -> None:
    folder = write_images(tmp_path / "in", pix_fmt, codec=codec, **options)
    assert copy(folder, tmp_path / "out") == ()
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        f"{i:06d}.{codec}" for i in range(3)
    ]
    with open_source(folder) as before, open_source(tmp_path / "out") as after:
        for one, two in zip(before, after, strict=True):
            assert one.picture is not None
            assert two.picture is not None
            assert one.picture.format.name == two.picture.format.name
            for a, b in zip(samples(one.picture), samples(two.picture), strict=True):
                assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "pix_fmt"),
    [
        ("png", "rgb24"),
        ("png16", "rgb48be"),
        ("tiff", "rgb24"),
        ("tiff16", "rgb48le"),
        ("jpg", "yuvj444p"),
        ("exr", "gbrpf16le"),
    ],
)
def test_every_format_can_be_asked_for(
    make_video: Make, tmp_path: Path, psnr: Callable[..., float], name: str, pix_fmt: str
) -> None:
    path = make_video("in.mp4", tags=(1, 1, 1, 1))  # BT.709, where JPEG knows BT.601 only
    notes = copy(path, tmp_path / "out", image_format=name)
    assert bool(notes) == (name == "exr")
    with open_source(path) as before, open_source(tmp_path / "out") as after:
        # older FFmpeg reads half precision as single
        assert after.info.pix_fmt.replace("gbrpf32le", "gbrpf16le") == pix_fmt
        for one, two in zip(before, after, strict=True):
            rgb = two.rgb
            if name == "exr":
                from vfiblocks.video.light import light_to_display, signal_to_light

                rgb = light_to_display(signal_to_light(rgb))
            assert psnr(one.rgb, rgb) > (40 if name == "jpg" else 55)


def test_made_frames_of_light_are_light(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", "gbrpf32le", codec="exr", format="float")
    with open_source(folder) as source, open_sink(tmp_path / "out", source) as sink:
        frames = list(source)
        for index, frame in enumerate(frames):
            sink.write(Frame(Fraction(index), rgb=frame.rgb))
    with open_source(tmp_path / "out") as written:
        for one, two in zip(frames, written, strict=True):
            assert one.picture is not None
            assert two.picture is not None
            for a, b in zip(samples(one.picture), samples(two.picture), strict=True):
                light = np.ascontiguousarray(a).view(np.float32)
                assert light.max() > 100
                assert np.allclose(np.ascontiguousarray(b).view(np.float32), light, rtol=1e-4)


def test_made_frames_keep_their_opacity(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", "rgba")
    fade = torch.linspace(0, 1, 32).expand(1, 24, 32)
    with open_source(folder) as source, open_sink(tmp_path / "out", source) as sink:
        sink.write(Frame(Fraction(0), rgb=torch.full((3, 24, 32), 0.4), alpha=fade))
        sink.write(Frame(Fraction(1), rgb=torch.full((3, 24, 32), 0.4)))
    with open_source(tmp_path / "out") as written:
        made, opaque = written
    assert made.alpha is not None
    assert (made.alpha - fade).abs().max() < 0.6 / 255
    assert (made.rgb - 0.4).abs().max() < 0.6 / 255
    assert opaque.alpha is not None
    assert opaque.alpha.min() == 1


def test_opacity_without_room_is_laid_over_white(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", "rgba")
    assert "laid over white" in copy(folder, tmp_path / "out", image_format="jpg")[0]
    frame = next(iter(open_source(folder)))
    assert frame.alpha is not None
    expected = frame.rgb * frame.alpha + 1 - frame.alpha
    found = next(iter(open_source(tmp_path / "out"))).rgb
    assert (found.mean() - expected.mean()).abs() < 0.01


def test_impossible_wishes(make_video: Make, tmp_path: Path) -> None:
    path = make_video("in.mp4")
    with pytest.raises(VideoError, match="no image format called 'gif'; choose one of exr, jpg"):
        copy(path, tmp_path / "out", image_format="gif")
    with pytest.raises(VideoError, match="images go to a folder"):
        copy(path, tmp_path / "out.exr")
    with pytest.raises(VideoError, match="images go to a folder"):
        copy(path, tmp_path / "out.mp4", image_format="png")
    info = VideoInfo(8, 8, Fraction(25), Fraction(1, 25), "yuv420p10le", color_trc=16)
    with pytest.raises(VideoError, match="PQ and HLG video is not converted"):
        ImageFolderSink(tmp_path / "out", info, image_format="exr")


def test_undefined_light_is_named(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", "gbrpf32le", codec="exr", compression="none")
    data = bytearray((folder / "1.exr").read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    (folder / "1.exr").write_bytes(data)
    with pytest.raises(VideoError, match=r"1\.exr: holds numbers that are infinite or undefined"):
        copy(folder, tmp_path / "out")


def test_light_and_colour_do_not_mix(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in", "gbrpf32le", codec="exr")
    stray = write_images(tmp_path / "more", "rgb24")
    (stray / "2.png").rename(folder / "3.png")
    with pytest.raises(VideoError, match=r"3\.png: .* holds linear light and the other does not"):
        list(open_source(folder))

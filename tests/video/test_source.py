"""Opening videos and image folders, and what they say about themselves."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch

from vfiblocks.errors import VideoError
from vfiblocks.video import ImageFolder, VideoFile, open_source

Make = Callable[..., Path]
Read = Callable[[Path], list[Any]]


def test_a_video_describes_itself(make_video: Make) -> None:
    path = make_video(
        "clip.mkv",
        pix_fmt="yuv422p",
        rate=Fraction(30000, 1001),
        tags=(2, 9, 14, 9),
        aspect=Fraction(4, 3),
        audio=2,
    )
    with open_source(path) as source:
        info = source.info
    assert isinstance(source, VideoFile)
    assert (info.width, info.height, info.codec) == (64, 48, "h264")
    assert info.pix_fmt in ("yuv422p", "yuvj422p")
    assert (info.color_range, info.color_primaries, info.color_trc, info.colorspace) == (
        2,
        9,
        14,
        9,
    )
    assert info.rate == Fraction(30000, 1001)
    assert info.sample_aspect_ratio == Fraction(4, 3)
    assert (info.audio_streams, info.subtitle_streams, info.rotation) == (2, 0, 0)


def test_frames_come_in_order_with_exact_times(make_video: Make, read_video: Read) -> None:
    path = make_video(rate=Fraction(30000, 1001), options={"bf": "3", "crf": "4"}, frames=12)
    frames = read_video(path)
    assert [frame.pts for frame in frames] == [Fraction(1001 * i, 30000) for i in range(12)]
    assert open_source(path).info.frames == 12


def test_matroska_milliseconds_become_the_rate_they_came_from(
    make_video: Make, read_video: Read
) -> None:
    frames = read_video(make_video("clip.mkv", rate=Fraction(24)))
    assert [frame.pts for frame in frames] == [Fraction(i, 24) for i in range(8)]


def test_a_variable_rate_keeps_its_times(make_video: Make, read_video: Read) -> None:
    ticks = (0, 7, 50, 51, 90, 200)
    path = make_video(frames=6, ticks=ticks, time_base=Fraction(1, 1000), options={"bf": "0"})
    assert [frame.pts * 1000 for frame in read_video(path)] == list(ticks)


def test_iterating_again_starts_again(make_video: Make) -> None:
    with open_source(make_video()) as source:
        first = iter(source)
        next(first)
        assert len(list(source)) == len(list(source)) == 8
        assert len(list(first)) == 7
        abandoned = iter(source)
        next(abandoned)
    assert list(abandoned) == []  # closing the source has ended it


def test_colours_are_those_that_were_written(
    make_video: Make, read_video: Read, psnr: Callable[..., float]
) -> None:
    written = torch.stack(
        [frame.rgb for frame in read_video(make_video("a.mkv", codec="ffv1", options={}))]
    )
    for tags in ((1, 1, 1, 5), (1, 9, 1, 9), (2, 2, 2, 2)):
        read = read_video(make_video("b.mkv", codec="ffv1", options={}, tags=tags))
        assert psnr(torch.stack([frame.rgb for frame in read]), written) > 45


def test_names_that_look_like_something_else(make_video: Make, read_video: Read) -> None:
    for name in ("12:30 tape.mp4", "frame%03d.mp4", "concat:a.mp4", "ünïcödé ✓.mkv", "-y.mp4"):
        assert len(read_video(make_video(name))) == 8


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.mp4", None, "there is no such file"),
        ("empty.mp4", b"", "the file is empty"),
        ("letter.mp4", b"Dear reader, this is no video.\n" * 50, "cannot be read as a video"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "list.mp4: "),
        ("zeros.mkv", bytes(5000), "cannot be read as a video"),
    ],
)
def test_no_video_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VideoError, match=message) as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.int16), "s16", "stereo")
        sound.sample_rate = 16000
        container.mux(stream.encode(sound))
    with pytest.raises(VideoError, match="has no video stream"):
        open_source(path)


def test_a_rate_is_for_folders_only(make_video: Make) -> None:
    with pytest.raises(VideoError, match="for a folder of images only"):
        open_source(make_video(), rate=30)


def test_a_device_or_pipe_is_refused_rather_than_waited_for() -> None:
    with pytest.raises(VideoError, match="neither a file nor a folder"):
        open_source("/dev/null")


def test_images_are_sorted_as_a_person_would(make_images: Make) -> None:
    names = ["f1.png", "f2.png", "f10.png"]
    folder = make_images([names[i] for i in (2, 0, 1)])
    (folder / "notes.txt").write_text("not an image")
    (folder / ".f3.png").write_bytes(b"left by a file manager")
    with open_source(folder, rate=Fraction(24)) as source:
        frames = list(source)
        assert isinstance(source, ImageFolder)
        assert source.info.frames == 3
        assert source.info.rate == 24
    assert [frame.pts for frame in frames] == [0, Fraction(1, 24), Fraction(2, 24)]
    for name, frame in zip(names, frames, strict=True):
        expected = cv2.cvtColor(cv2.imread(str(folder / name)), cv2.COLOR_BGR2RGB)
        assert torch.equal(
            (frame.rgb * 255).round().byte().permute(1, 2, 0), torch.tensor(expected)
        )


@pytest.mark.parametrize("suffix", ["png", "PNG", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"])
def test_image_formats(make_images: Make, suffix: str, psnr: Callable[..., float]) -> None:
    frames = list(open_source(make_images([f"0.{suffix}", f"1.{suffix}"])))
    reference = list(open_source(make_images(["0.png", "1.png"], folder="reference")))
    for frame, expected in zip(frames, reference, strict=True):
        assert psnr(frame.rgb, expected.rgb) > 35


def test_sixteen_bit_images_keep_their_bits(tmp_path: Path) -> None:
    levels = np.arange(48 * 64 * 3, dtype=np.uint16).reshape(48, 64, 3) * 7
    assert cv2.imwrite(str(tmp_path / "deep.png"), levels[..., ::-1])
    (frame,) = open_source(tmp_path)
    assert torch.equal(
        (frame.rgb * 65535).round().int().permute(1, 2, 0), torch.tensor(levels.astype(np.int32))
    )


def test_folders_that_are_none(tmp_path: Path, make_images: Make) -> None:
    with pytest.raises(VideoError, match="holds no images"):
        open_source(tmp_path)
    (tmp_path / "0.png").write_bytes(b"no image at all")
    with pytest.raises(VideoError, match=r"0\.png: cannot be read as an image"):
        open_source(tmp_path)
    with pytest.raises(VideoError, match="rate must be positive"):
        open_source(make_images(["0.png"]), rate=0)


def test_an_image_of_another_size_is_named(make_images: Make) -> None:
    folder = make_images(["0.png", "1.png", "2.png"], sizes={"2.png": (32, 48)})
    with pytest.raises(VideoError, match=r"2\.png: is 32x48, but 0\.png is 64x48"):
        open_source(folder)  # before any work is done
    folder = make_images(["0.jpg", "1.jpg"], sizes={"1.jpg": (32, 48)}, folder="photos")
    with pytest.raises(VideoError, match=r"1\.jpg: is 32x48, but 0\.jpg is 64x48"):
        list(open_source(folder))


def test_a_broken_image_is_named(make_images: Make) -> None:
    folder = make_images(["0.png", "1.png"])
    whole = (folder / "1.png").read_bytes()
    (folder / "1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VideoError, match=r"1\.png"):
        list(open_source(folder))

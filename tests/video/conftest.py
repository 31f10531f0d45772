"""Tiny videos made on the spot, and eyes to look into what came out."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vfiblocks.video import Frame, FrameMaker, Gap, open_source, rgb_to_picture
from vfiblocks.window import Window

av = pytest.importorskip("av")

QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


def picture(index: int, *, width: int, height: int) -> Tensor:
    """A smooth picture that drifts with ``index``, its colours well inside the gamut."""
    y = torch.linspace(0, 1, height)[:, None]
    x = torch.linspace(0, 1, width)[None, :]
    waves = [torch.sin(6 * x + k * y + 0.3 * index) for k in (1, 2, 3)]
    return 0.5 + 0.2 * torch.stack(waves)


@dataclass(frozen=True)
class Recipe:
    """What a test video is made of; the defaults are eight frames of plain H.264."""

    frames: int = 8
    width: int = 64
    height: int = 48
    pix_fmt: str = "yuv420p"
    codec: str = "libx264"
    rate: Fraction = Fraction(25)
    ticks: tuple[int, ...] | None = None  # time stamps in units of time_base
    time_base: Fraction | None = None
    options: dict[str, str] = field(default_factory=lambda: {"crf": "4", "preset": "ultrafast"})
    tags: tuple[int, int, int, int] = (1, 1, 1, 1)  # range, primaries, transfer, matrix
    aspect: Fraction | None = None
    matrix: tuple[int, ...] | None = None
    audio: int = 0  # how many streams
    audio_codec: str = "aac"
    muxer_options: dict[str, str] = field(default_factory=dict)
    title: str = ""
    language: str = ""  # of the sound
    fade: bool = False  # opacity rises from left to right


def write_video(path: Path, recipe: Recipe) -> Path:
    container = av.open(str(path), "w", options=recipe.muxer_options)
    time_base = recipe.time_base or 1 / recipe.rate
    stream = container.add_stream(recipe.codec, rate=recipe.rate, options=recipe.options)
    stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, recipe.pix_fmt
    context = stream.codec_context
    stream.time_base = context.time_base = time_base
    context.color_range, context.color_primaries = recipe.tags[:2]
    context.color_trc, context.colorspace = recipe.tags[2:]
    if recipe.aspect is not None:
        context.sample_aspect_ratio = recipe.aspect
    if recipe.matrix is not None:
        if not hasattr(stream, "set_display_matrix"):
            pytest.skip("this PyAV cannot write the turned video that the test needs")
        stream.set_display_matrix(recipe.matrix)
    voices = [container.add_stream(recipe.audio_codec, rate=16000) for _ in range(recipe.audio)]
    if recipe.title:
        container.metadata["title"] = recipe.title
    for voice in voices:
        voice.metadata["language"] = recipe.language or "und"
    for index in range(recipe.frames):
        fade = torch.linspace(0, 1, recipe.width).expand(1, recipe.height, recipe.width)
        frame = rgb_to_picture(
            picture(index, width=recipe.width, height=recipe.height),
            recipe.pix_fmt,
            alpha=fade if recipe.fade else None,
            colorspace=recipe.tags[3],
            color_range=recipe.tags[0],
        )
        frame.pts = index if recipe.ticks is None else recipe.ticks[index]
        frame.time_base = time_base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    for pitch, voice in enumerate(voices, start=1):
        for block in range(5):
            at = np.arange(block * 1024, (block + 1) * 1024) / 16000
            wave = 0.3 * np.sin(2 * math.pi * 200 * pitch * at).astype(np.float32)
            sound = av.AudioFrame.from_ndarray(np.stack((wave, wave)), "fltp", "stereo")
            sound.sample_rate, sound.pts = 16000, block * 1024
            container.mux(voice.encode(sound))
        container.mux(voice.encode(None))
    container.close()
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Write a video from a Recipe's fields: ``make_video("a.mp4", frames=3)``."""

    def make(name: str = "clip.mp4", **fields: Any) -> Path:
        return write_video(tmp_path / name, Recipe(**fields))

    return make


@pytest.fixture
def make_images(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of images by their names; bigger ones by name -> (width, height)."""

    def make(
        names: Iterable[str],
        *,
        folder: str = "images",
        sizes: dict[str, tuple[int, int]] | None = None,
    ) -> Path:
        import cv2

        path = tmp_path / folder
        path.mkdir()
        for index, name in enumerate(names):
            width, height = (sizes or {}).get(name, (64, 48))
            rgb = picture(index, width=width, height=height)
            levels = (rgb * 255).round().byte().permute(1, 2, 0).numpy()
            assert cv2.imwrite(str(path / name), cv2.cvtColor(levels, cv2.COLOR_RGB2BGR))
        return path

    return make


@pytest.fixture
def average() -> FrameMaker:
    """The simplest frame maker there is: the references, mixed by time."""

    def make(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        for window in windows:
            left, right = window.references
            assert bool(gap.valid[0, left])
            assert bool(gap.valid[0, right])
            yield (1 - window.time) * gap.frames[:, left] + window.time * gap.frames[:, right]

    return make


@pytest.fixture
def read_video() -> Callable[[Path], list[Frame]]:
    def read(path: Path) -> list[Frame]:
        with open_source(path) as source:
            return list(source)

    return read


@pytest.fixture
def packets() -> Callable[[Path], list[list[tuple[Fraction, bytes]]]]:
    """Every audio stream as a list of (time, bytes)."""

    def read(path: Path) -> list[list[tuple[Fraction, bytes]]]:
        with av.open(str(path)) as container:
            streams: dict[int, list[tuple[Fraction, bytes]]] = {
                stream.index: [] for stream in container.streams.audio
            }
            for packet in container.demux(container.streams.audio) if streams else ():
                if packet.size:
                    time = packet.pts * Fraction(packet.time_base)
                    streams[packet.stream.index].append((time, bytes(packet)))
        return list(streams.values())

    return read


@pytest.fixture
def no_leftovers(tmp_path: Path) -> Callable[..., None]:
    """Assert that the test's folder holds these names and nothing else, hidden files included."""

    def check(*names: str) -> None:
        assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(names)

    return check


def psnr(first: Tensor, second: Tensor) -> float:
    return float(-10 * torch.log10(((first - second) ** 2).mean().clamp_min(1e-12)))


@pytest.fixture(name="psnr")
def psnr_fixture() -> Callable[[Tensor, Tensor], float]:
    return psnr

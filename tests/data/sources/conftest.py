"""Tiny data sets in their official layouts, made on the spot."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

HEIGHT, WIDTH = 16, 24


def shade(number: int, *, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray[Any, Any]:
    """(H, W, 3) RGB that tells its number: red says which frame it is, green and blue say where."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = (number * 7) % 256
    picture[..., 1] = np.linspace(0, 200, width).astype(np.uint8)
    picture[..., 2] = np.linspace(200, 0, height).astype(np.uint8)[:, None]
    return picture


def write_pictures(folder: Path, names: Iterable[str], *, size: tuple[int, int] = (16, 24)) -> Path:
    """A picture file per name, the n-th being ``shade(n)``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        rgb = shade(number, height=size[0], width=size[1])
        assert cv2.imwrite(str(folder / name), rgb[..., ::-1])
    return folder


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray[Any, Any]],
    *,
    ticks: Iterable[int] | None = None,
    rate: int = 25,
    gop: int = 12,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
) -> Path:
    """A video of RGB pictures; with B-frames, so that order of coding is not order of showing."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = list(pictures)
    numbers = list(range(len(pictures)) if ticks is None else ticks)
    with av.open(str(path), "w") as container:
        options = {"crf": "12", "preset": "veryfast", "bf": "2", "x264-params": "scenecut=0"}
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = gop
        stream.time_base = stream.codec_context.time_base = Fraction(1, rate)
        for tick, rgb in zip(numbers, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def drifting(count: int, *, scene: int = 0, start: int = 0) -> list[np.ndarray[Any, Any]]:
    """Pictures of 48x64 in even motion; another scene looks wholly different."""
    rng = np.random.default_rng(scene)
    coarse = rng.integers(20, 235, (7, 40, 3), dtype=np.uint8)
    wide = cv2.resize(coarse, (480, 64), interpolation=cv2.INTER_CUBIC)
    return [
        np.ascontiguousarray(wide[8:56, 3 * n : 3 * n + 64]) for n in range(start, start + count)
    ]


@pytest.fixture(autouse=True)
def _caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is stored in the user's own folder for caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("caches")))


@pytest.fixture(name="write_pictures", scope="session")
def write_pictures_fixture() -> Callable[..., Path]:
    return write_pictures


@pytest.fixture(name="write_video", scope="session")
def write_video_fixture() -> Callable[..., Path]:
    return write_video


@pytest.fixture(name="drifting", scope="session")
def drifting_fixture() -> Callable[..., list[np.ndarray[Any, Any]]]:
    return drifting


@pytest.fixture(name="shade", scope="session")
def shade_fixture() -> Callable[..., np.ndarray[Any, Any]]:
    return shade


@pytest.fixture
def vimeo(tmp_path: Path) -> Callable[..., Path]:
    """Vimeo-90K with a few clips: ``vimeo("sep", train=["00001/0001"], test=["00002/0001"])``."""

    def make(prefix: str, **lists: list[str]) -> Path:
        root = tmp_path / "vimeo"
        frames = {"sep": 7, "tri": 3}[prefix]
        for name, entries in lists.items():
            for entry in entries:
                files = [f"im{number}.png" for number in range(1, frames + 1)]
                write_pictures(root / "sequences" / entry, files)
            (root / f"{prefix}_{name}list.txt").write_text("\n".join([*entries, "", ""]))
        return root

    return make

"""Benchmarks in miniature, laid out as the official ones are, and slow ways to measure on them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

H, W = 24, 32  # of all pictures, unless a protocol wants more


def picture(seed: int, time: float, height: int = H, width: int = W) -> np.ndarray:
    """A moving texture (H, W, 3) uint8, RGB: another one per seed, another place per time."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [
        np.sin(0.5 * (x + 0.7 * time) + k + seed) + np.cos(0.4 * (y - 0.3 * time) + 0.3 * k * seed)
        for k in range(3)
    ]
    return np.round(127.5 + 50 * np.stack(waves, axis=-1)).astype(np.uint8)


def save(path: Path, rgb: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1])
    return path


@pytest.fixture
def triplets(tmp_path) -> Path:
    root = tmp_path / "vimeo_triplet"
    names = ["00001/0266", "00001/0268", "00003/0001"]
    for seed, name in enumerate(names):
        for k in range(1, 4):
            save(root / "sequences" / name / f"im{k}.png", picture(seed, k))
    (root / "tri_testlist.txt").write_text("\n".join(names) + "\n\n")
    (root / "tri_trainlist.txt").write_text("00002/0001\n")
    return root


@pytest.fixture
def septuplets(tmp_path) -> Path:
    root = tmp_path / "vimeo_septuplet"
    names = ["00001/0266", "00005/0010", "00005/0011"]
    for seed, name in enumerate(names):
        for k in range(1, 8):
            save(root / "sequences" / name / f"im{k}.png", picture(seed, k))
    (root / "sep_testlist.txt").write_text("\r\n".join(names))
    return root


@pytest.fixture
def ucf(tmp_path) -> Path:
    root = tmp_path / "ucf101_interp_ours"
    for seed, name in enumerate(["1", "11", "2"]):
        for time, file in enumerate(["frame_00.png", "frame_01_gt.png", "frame_02.png"]):
            save(root / name / file, picture(seed, time))
        save(root / name / "frame_01_ours.png", picture(9, 9))  # somebody's prediction
    return root


@pytest.fixture
def ucf_qvi(tmp_path) -> Path:
    root = tmp_path / "ucf101_qvi"
    times = {"frame0": 0, "frame1": 2, "framet": 3, "frame2": 4, "frame3": 6}
    for seed, name in enumerate(["0", "1", "2"]):
        for file, time in times.items():
            save(root / name / f"{file}.png", picture(seed, time))
    return root


@pytest.fixture
def snu(tmp_path) -> Path:
    """Two folders of frames, numbered with five and six digits, and all four lists."""
    root = tmp_path / "SNU-FILM"
    folders = [("GOPRO_test/GOPR0384_11_00", 6), ("YouTube_test/0001", 5)]
    for seed, (folder, digits) in enumerate(folders):
        for number in range(40):
            rgb = picture(seed, number)
            save(root / "test" / folder / f"{number:0{digits}d}.png", rgb)
    for level, gap in {"easy": 1, "medium": 2, "hard": 4, "extreme": 8}.items():
        lines = []
        for folder, digits in folders:
            for target in (8, 20):
                numbers = (target - gap, target, target + gap)
                paths = (f"data/SNU-FILM/test/{folder}/{n:0{digits}d}.png" for n in numbers)
                lines.append(" ".join(paths))
        (root / f"test-{level}.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def davis(tmp_path) -> Path:
    root = tmp_path / "DAVIS"
    for seed, (name, count) in enumerate([("bear", 9), ("bmx-trees", 13)]):
        for number in range(count):
            rgb = picture(seed, number)
            save(root / "JPEGImages" / "480p" / name / f"{number:05d}.jpg", rgb)
    return root


@pytest.fixture
def middlebury(tmp_path) -> Path:
    from lift15.evaluation.protocols.middlebury import NAMES

    root = tmp_path / "middlebury"
    for seed, name in enumerate(NAMES):
        frames = range(7, 15) if seed % 2 else (10, 11)  # half of them were published whole
        for number in frames:
            rgb = picture(seed, number)
            save(root / "other-data" / name / f"frame{number:02}.png", rgb)
        truth = picture(seed, 10.5)
        save(root / "other-gt-interp" / name / "frame10i11.png", truth)
    return root


@pytest.fixture
def xiph(tmp_path) -> Path:
    """All eight films with all their frames, very small."""
    from lift15.evaluation.protocols.xiph import NAMES

    root = tmp_path / "netflix"
    for seed, name in enumerate(NAMES):
        for number in range(1, 101):
            save(root / f"{name}-{number:03}.png", picture(seed, number, 12, 16))
    return root


@pytest.fixture
def x_test(tmp_path) -> Path:
    root = tmp_path / "X4K1000FPS" / "test"
    for seed, scene in enumerate(["Type1/TEST01_003_f0433", "Type3/TEST11_078_f4977"]):
        for number in range(33):
            save(root / scene / f"{number:04}.png", picture(seed, number / 8))
    return root


def read(path: Path) -> np.ndarray:
    """(H, W, 3) float64 in [0, 1], decoded by another library than the one under test."""
    from skimage.io import imread

    return imread(path).astype(np.float64) / 255.0


def rounded(rgb: np.ndarray) -> np.ndarray:
    return np.round(rgb * 255.0) / 255.0


def psnr(one: np.ndarray, other: np.ndarray, epsilon: float = 0.0) -> float:
    return float(-10.0 * np.log10(np.mean((one - other) ** 2) + epsilon))


def ssim_3d(one: np.ndarray, other: np.ndarray) -> float:
    """The index of the official code: one window of 11x11x11 over colour, row and column."""
    taps = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()

    def window(volume: np.ndarray) -> np.ndarray:
        padded = np.pad(volume, 5, mode="edge")
        for axis in range(3):
            shape = padded.shape[axis] - 10
            parts = [np.take(padded, range(k, k + shape), axis) * taps[k] for k in range(11)]
            padded = sum(parts)
        return padded

    x, y = one.transpose(2, 0, 1), other.transpose(2, 0, 1)
    mx, my = window(x), window(y)
    vx, vy, cov = window(x * x) - mx**2, window(y * y) - my**2, window(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mx * my + c1) * (2 * cov + c2)
    return float(np.mean(top / ((mx**2 + my**2 + c1) * (vx + vy + c2))))


@pytest.fixture
def slow() -> SimpleNamespace:
    """The measures, written down once more in numpy, and a reader of another library."""
    return SimpleNamespace(read=read, rounded=rounded, psnr=psnr, ssim_3d=ssim_3d)


@pytest.fixture
def make_picture() -> Callable[..., np.ndarray]:
    return picture


@pytest.fixture
def save_picture() -> Callable[[Path, np.ndarray], Path]:
    return save

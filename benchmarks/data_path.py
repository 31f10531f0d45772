"""How fast training data come from video files: in order, at random, and kept.

    python benchmarks/data_path.py FOLDER

A row per way of reading the same videos, each in windows of 15 frames; a frame counts once it is
uint8 RGB, as a sample is made of it. The ways take turns, and the median of the rounds counts.
PyTorch has one thread here, as in a loader's worker; FFmpeg decodes with as many as it likes.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from lift15.data.sources import ClipSource, Videos
from vfiblocks.video import VideoFile

WINDOW = 15
ROUNDS = 3
RANDOM = 150  # windows of a round

Windows = list[tuple[int, list[int]]]
Way = tuple[str, Callable[[], ClipSource], Windows, bool]


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--max-side", type=int, default=480)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{torch.get_num_threads()} thread of PyTorch {torch.__version__}, {_machine()}\n")
    with tempfile.TemporaryDirectory() as folder:
        opening(arguments.folder, Path(folder))
        reading(arguments.folder, Path(folder), arguments.max_side)
    seeking(arguments.folder)


def opening(videos: Path, folder: Path) -> None:
    """What the first look at all frames costs, and what is left of that the second time."""
    print("| opening | seconds | frames/s |\n|---|---|---|")
    for name in ("the first time", "again"):
        start = time.perf_counter()
        source = Videos(videos, index_dir=str(folder / "indexes"), skip_bad=True)
        seconds = time.perf_counter() - start
        seen = {run.path: len(run.index) for run in source._runs}
        print(f"| {name} | {seconds:.2f} | {sum(seen.values()) / seconds:.0f} |", flush=True)
    print(f"\n{len(seen)} videos, {sum(seen.values())} frames, {len(source.clips)} clips\n")


def reading(videos: Path, folder: Path, max_side: int) -> None:
    """Frames per second of every way, and how long a window takes."""

    def open_(**options: object) -> ClipSource:
        index = str(folder / "indexes")
        return Videos(videos, index_dir=index, skip_bad=True, **options)  # type: ignore[arg-type]

    plain = open_()
    ordered, scattered = in_order(plain), at_random(plain)
    smaller = {"max_side": max_side}
    stored = {"cache_dir": str(folder / "stored"), **smaller}
    held = open_(cache=4 * 10**9, **smaller)
    one_file = open_(**stored)
    ways: list[Way] = [
        ("in order", lambda: plain, ordered, False),
        ("at random", lambda: plain, scattered, False),
        (
            f"at random, at most {max_side} pixels a side",
            lambda: open_(**smaller),
            scattered,
            False,
        ),
        ("the same, kept in memory", lambda: held, scattered, True),
        ("the same, kept on disk", lambda: one_file, scattered, True),
    ]
    speeds: dict[str, list[float]] = {way[0]: [] for way in ways}
    for name, _, windows, warm in ways:  # what is kept has to be there before it is measured
        if warm:
            source = held if "memory" in name else one_file
            consume(source, windows)
    for _ in range(ROUNDS):
        for name, source_of, windows, _ in ways:
            source = source_of()
            start = time.perf_counter()
            frames = consume(source, windows)
            speeds[name].append(frames / (time.perf_counter() - start))
    print("| windows of 15 frames | frames/s | ms per window |\n|---|---|---|")
    for name, found in speeds.items():
        speed = statistics.median(found)
        print(f"| {name} | {speed:.0f} | {1000 * WINDOW / speed:.1f} |")
    print()


def seeking(videos: Path) -> None:
    """Opening a file anew and seeking in it, in frames that could have been decoded instead."""
    costs = []
    for path in sorted(videos.glob("*.mp4")):
        with closing(VideoFile(path)) as video:
            start = time.perf_counter()
            frames = [frame.pts for frame in islice(video, 100)]
            each = (time.perf_counter() - start) / len(frames)
            tries = []
            for _ in range(5):
                start = time.perf_counter()
                next(video.frames_near(frames[len(frames) // 2]))
                tries.append(time.perf_counter() - start)
                video.close()
            costs.append(statistics.median(tries) / each)
    low, middle, high = np.quantile(costs, (0.25, 0.5, 0.75))
    print(
        f"Opening a file and seeking takes as long as decoding {middle:.0f} frames "
        f"(quartiles {low:.0f} and {high:.0f} of {len(costs)} files)."
    )


def in_order(source: ClipSource) -> Windows:
    """Every clip from beginning to end."""
    return [
        (clip, [*range(start, min(start + WINDOW, one.length))])
        for clip, one in enumerate(source.clips)
        for start in range(0, one.length, WINDOW)
    ]


def at_random(source: ClipSource) -> Windows:
    """Windows anywhere, the same ones every time; every clip as often as it is long."""
    rng = np.random.default_rng(0)

    def drawn() -> Iterator[tuple[int, list[int]]]:
        long = [clip for clip, one in enumerate(source.clips) if one.length >= WINDOW]
        lengths = np.array([source.clips[clip].length for clip in long])
        for clip in rng.choice(long, RANDOM, p=lengths / lengths.sum()):
            start = int(rng.integers(source.clips[clip].length - WINDOW + 1))
            yield int(clip), [*range(start, start + WINDOW)]

    return [*drawn()]


def consume(source: ClipSource, windows: Windows) -> int:
    """Read windows; how many frames they had."""
    return sum(len(source.read(clip, frames)) for clip, frames in windows)


def _machine() -> str:
    names = Path("/proc/cpuinfo")
    model = platform.processor()
    if names.exists():
        lines = [line for line in names.read_text().splitlines() if line.startswith("model name")]
        model = f"{len(lines)} x {lines[0].partition(':')[2].strip()}" if lines else model
    return model


if __name__ == "__main__":
    main()

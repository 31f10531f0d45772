"""How fast training data come from video files: in order, at random, and kept.

    python -m benchmarks.data_path FOLDER

A row per way of reading the same videos, each in windows of 15 frames; a frame counts once it is
uint8 RGB, as a sample is made of it. The ways take turns, and the medians of the rounds count.
PyTorch has one thread here, as in a loader's worker; FFmpeg decodes with as many as it likes, so
that a second on the wall may hold more than one of computing. What one core does in a second of
computing is given as well: other work on the machine does not change it.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from benchmarks.quiet import OtherWork, wait_until_quiet
from lift15.data.sources import ClipSource, Videos
from vfiblocks.video import VideoFile

WINDOW = 15
ROUNDS = 3
RANDOM = 100  # windows of a round
PATIENCE = 60.0  # seconds to wait for a quiet machine

Windows = list[tuple[int, list[int]]]


class Watch:
    """Frames per second on the wall and per second of computing, and who else was at work."""

    def __init__(self) -> None:
        self._other = OtherWork()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, frames: int) -> tuple[float, float, float]:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return frames / wall, frames / cpu, self._other.cores() or 0.0


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--max-side", type=int, default=480)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"PyTorch {torch.__version__} with {torch.get_num_threads()} thread, {_machine()}\n")
    with tempfile.TemporaryDirectory() as folder:
        wait_until_quiet(PATIENCE)
        opening(arguments.folder, Path(folder))
        wait_until_quiet(PATIENCE)
        reading(arguments.folder, Path(folder), arguments.max_side)
    seeking(arguments.folder)


def opening(videos: Path, folder: Path) -> None:
    """What the first look at all frames costs, and what is left of that the second time."""
    print("| opening | seconds | frames/s | per core | cores busy otherwise |")
    print("|---|---|---|---|---|")
    for name in ("the first time", "again"):
        start, watch = time.perf_counter(), Watch()
        source = Videos(videos, index_dir=str(folder / "indexes"), skip_bad=True)
        seconds = time.perf_counter() - start
        seen = {run.path: len(run.index) for run in source._runs}
        speed, per_core, other = watch.stop(sum(seen.values()))
        print(f"| {name} | {seconds:.2f} | {speed:.0f} | {per_core:.0f} | {other} |", flush=True)
    print(f"\n{len(seen)} videos, {sum(seen.values())} frames, {len(source.clips)} clips\n")


def reading(videos: Path, folder: Path, max_side: int) -> None:
    """Frames per second of every way, and how long a window takes."""

    def source(**options: object) -> ClipSource:
        index = str(folder / "indexes")
        return Videos(videos, index_dir=index, skip_bad=True, **options)  # type: ignore[arg-type]

    plain, smaller = source(), source(max_side=max_side)
    in_memory = source(max_side=max_side, cache=4 * 10**9)
    on_disk = source(max_side=max_side, cache_dir=str(folder / "stored"))
    ordered, scattered = in_order(plain), at_random(plain)
    ways: dict[str, Callable[[], int]] = {
        "in order": lambda: consume(plain, ordered),
        "at random": lambda: consume(plain, scattered),
        f"at random, at most {max_side} pixels a side": lambda: consume(smaller, scattered),
        "the same, kept in memory": lambda: consume(in_memory, scattered),
        "the same, kept on disk": lambda: consume(on_disk, scattered),
    }
    for kept in (in_memory, on_disk):  # what is kept has to be there before it is measured
        consume(kept, scattered)
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            watch = Watch()
            found[name].append(watch.stop(way()))
    print("| windows of 15 frames | frames/s | ms a window | per core | cores busy otherwise |")
    print("|---|---|---|---|---|")
    for name, laps in found.items():
        speed, per_core, other = (statistics.median(lap) for lap in zip(*laps, strict=True))
        window = 1000 * WINDOW / speed
        print(f"| {name} | {speed:.0f} | {window:.1f} | {per_core:.0f} | {other} |", flush=True)
    print()


def seeking(videos: Path) -> None:
    """Opening a file anew and seeking in it, in frames that could have been decoded instead."""
    costs = []
    for path in sorted(videos.glob("*.mp4")):
        with VideoFile(path) as video:
            start = time.process_time()
            frames = [frame.pts for frame in islice(video, 100)]
            each = (time.process_time() - start) / len(frames)
            tries = []
            for _ in range(5):
                start = time.process_time()
                next(video.frames_near(frames[len(frames) // 2]))
                tries.append(time.process_time() - start)
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
    long = [clip for clip, one in enumerate(source.clips) if one.length >= WINDOW]
    lengths = np.array([source.clips[clip].length for clip in long])
    windows = []
    for clip in rng.choice(long, RANDOM, p=lengths / lengths.sum()):
        start = int(rng.integers(source.clips[clip].length - WINDOW + 1))
        windows.append((int(clip), [*range(start, start + WINDOW)]))
    return windows


def consume(source: ClipSource, windows: Windows) -> int:
    """Read windows; how many frames they had."""
    return sum(len(source.read(clip, frames)) for clip, frames in windows)


def _machine() -> str:
    facts = Path("/proc/cpuinfo")
    if not facts.exists():
        return platform.processor()
    lines = [line for line in facts.read_text().splitlines() if line.startswith("model name")]
    return f"{len(lines)} x {lines[0].partition(':')[2].strip()}" if lines else platform.processor()


if __name__ == "__main__":
    main()

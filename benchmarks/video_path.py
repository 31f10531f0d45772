"""What the video path takes beside the model, and what memory does as a video gets longer.

    python benchmarks/video_path.py share     # share of the wall time outside the model, at 720p
    python benchmarks/video_path.py memory    # peak memory for 100 and for 1000 frames

Both make their own videos. A network has random weights here: it takes as long as a trained one.
Every run is a process of its own, so that none profits from what another has warmed up.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from lift15 import upsampling
from lift15.data.photo_scene import photo_scene
from vfiblocks import build_model, save
from vfiblocks.video import FrameMaker, write_video

ROUNDS = 3
FRAMES = 24


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["share", "memory", "one"])
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    if arguments.what == "one":
        one(*arguments.rest)
        return
    with tempfile.TemporaryDirectory() as folder:
        (share if arguments.what == "share" else memory)(Path(folder))


def share(folder: Path) -> None:
    """Wall time of a conversion, and how much of it the model was not at work."""
    clip = write_video(
        folder / "in.mp4", photo_scene(FRAMES, height=720, width=1280), rate=24, crf=18
    )
    print("| model | seconds per made frame | in the model | outside it |\n|---|---|---|---|")
    for name in ("classical", "rife-4.25", "rife"):
        model = name
        if name != "classical":
            model = str(save(build_model(name), folder / f"{name}.safetensors"))
        runs = [_run("share", clip, folder / f"{name}-{k}.mp4", model) for k in range(ROUNDS)]
        wall, busy = (statistics.median(run[key] for run in runs) for key in ("wall", "model"))
        made = FRAMES - 1
        outside = f"{100 * (1 - busy / wall):.0f} %"
        print(f"| `{name}` | {wall / made:.3f} | {busy / made:.3f} | {outside} |", flush=True)


def memory(folder: Path) -> None:
    """Peak memory of a conversion, of the first 100 frames and of all 1000."""
    scene = photo_scene(50, height=180, width=320)
    there_and_back = torch.cat((scene, scene.flip(0)))
    clip = write_video(folder / "in.mp4", there_and_back.repeat(10, 1, 1, 1), rate=24, crf=18)
    tiny = save(build_model("lift15-tiny"), folder / "tiny.safetensors")
    print("| model | 100 frames | 1000 frames | more |\n|---|---|---|---|")
    for name, model in (("classical", "classical"), ("lift15-tiny", str(tiny))):
        peaks = [
            _run("memory", clip, folder / f"{name}-{limit}.mp4", model, str(limit))["peak"]
            for limit in (100, 1000)
        ]
        cells = " | ".join(f"{peak / 1e6:.0f} MB" for peak in peaks)
        print(f"| `{name}` | {cells} | {100 * (peaks[1] / peaks[0] - 1):+.1f} % |", flush=True)


def one(what: str, clip: str, target: str, model: str, limit: str = "") -> None:
    """A single conversion; its measurements as JSON."""
    spent = 0.0
    usual = upsampling.frame_maker

    def timed(network: object, **options: object) -> FrameMaker:
        make = usual(network, **options)  # type: ignore[arg-type]

        def maker(gap: object, windows: object) -> Iterator[Tensor]:
            nonlocal spent
            start = time.perf_counter()
            for frame in make(gap, windows):  # type: ignore[arg-type]
                spent += time.perf_counter() - start
                yield frame
                start = time.perf_counter()
            spent += time.perf_counter() - start

        return maker

    upsampling.frame_maker = timed  # type: ignore[assignment]
    network = upsampling.load_model(model)
    start = time.perf_counter()
    upsampling.upsample_video(clip, target, model=network, limit=int(limit) if limit else None)
    wall = time.perf_counter() - start
    print(json.dumps({"wall": wall, "model": spent, "peak": _peak()}))


def _peak() -> int:
    """Bytes of this process alone; what getrusage tells starts from the size of the parent."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if "VmHWM" in line))


def _run(*arguments: object) -> dict[str, float]:
    command = [sys.executable, __file__, "one", *map(str, arguments)]
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": root}
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()

"""Every video of a folder through ``vfi interpolate``; a Markdown table of what came out.

    python benchmarks/real_videos.py FOLDER > table.md

Each output is opened again: its frames are counted by decoding them, its sound by its packets, and
its length is compared with that of the source, each until its last frame ends. A file that fails is
a row with its message, and the exit code is then 1. Nothing in the table depends on the model, so
``--mix`` mixes the references instead of running one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import torch
from torch import Tensor

from lift15.upsampling import upsample_video
from vfiblocks.errors import VfiError
from vfiblocks.video import DetectedCuts, Gap, Report, convert_video, open_source
from vfiblocks.window import Window

KINDS = {".mp4", ".mkv", ".mov", ".webm", ".gif"}
COLUMNS = (
    "file", "picture", "frames in", "out", "rate out", "longer by", "audio packets", "cuts",
    "repeats", "kept", "notes",
)  # fmt: skip


def main() -> int:
    """Interpolate, check, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="classical")
    parser.add_argument("--mix", action="store_true", help="mix frames instead of using a model")
    parser.add_argument("--match", default="*", help="shell pattern of file names")
    arguments = parser.parse_args()
    files = [p for p in sorted(arguments.folder.glob(arguments.match)) if p.suffix in KINDS]
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + "---|" * len(COLUMNS))
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in files:
            try:
                cells = one(source, Path(folder), None if arguments.mix else arguments.model)
            except VfiError as error:
                failures += 1
                cells = [source.name, *[""] * (len(COLUMNS) - 2), f"refused: {error}"]
            print("| " + " | ".join(cells) + " |", flush=True)
    print(f"\n{len(files)} files, {failures} refused", flush=True)
    return 1 if failures else 0


def one(source: Path, folder: Path, model: str | None) -> list[str]:
    """The row of one file."""
    suffix = ".mkv" if source.suffix == ".gif" else source.suffix
    output = folder / f"{source.stem}{suffix}"
    if model is None:
        report = convert_video(source, output, mix, cuts=DetectedCuts(), preset="veryfast")
    else:
        report = upsample_video(source, output, model=model)
    decoded, length = measure(output)
    kept = tags_kept(source, output)
    sound = [packets(path) for path in (source, output)]
    output.unlink()
    with open_source(source) as opened:
        info = opened.info
    expected = 2 * report.frames_in - 1
    out = str(decoded) if decoded == report.frames_out == expected else f"{decoded}, not {expected}"
    return [
        source.name,
        f"{info.width}x{info.height} {info.pix_fmt}",
        str(report.frames_in),
        out,
        f"{float(report.rate):.3f}",
        f"{1000 * float(length - measure(source)[1]):+.1f} ms",
        f"{sound[0]} / {sound[1]}" if any(sound) else "",
        str(report.cuts or ""),
        str(report.repeats or ""),
        kept,
        "; ".join(notes_of(report)),
    ]


def mix(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
    """The references mixed by time: the least work that gives every frame."""
    before, after = gap.before.rgb[None], gap.after.rgb[None]
    for window in windows:
        yield torch.lerp(before, after, window.time)


def measure(path: Path) -> tuple[int, Fraction]:
    """Frames, and seconds from the first to the end of the last, as long as the one before it."""
    with open_source(path) as opened:
        times = [frame.pts for frame in opened]
    return len(times), times[-1] - times[0] + times[-1] - times[-2]


def packets(path: Path) -> int:
    """Audio packets in a file."""
    with av.open(str(path)) as container:
        streams = container.streams.audio
        return sum(packet.size > 0 for packet in container.demux(streams)) if streams else 0


def tags_kept(source: Path, output: Path) -> str:
    """Which properties of the picture differ between two files; "all" if none does."""
    with open_source(source) as a, open_source(output) as b:
        first, second = a.info, b.info
    names = (
        "width", "height", "pix_fmt", "sample_aspect_ratio", "rotation", "color_range",
        "color_primaries", "color_trc", "colorspace", "audio_streams", "subtitle_streams",
    )  # fmt: skip
    changed = [
        f"{name} {getattr(first, name)} -> {getattr(second, name)}"
        for name in names
        if getattr(first, name) != getattr(second, name)
    ]
    return ", ".join(changed) or "all"


def notes_of(report: Report) -> list[str]:
    """Notes without bars, which would end a table cell."""
    return [note.replace("|", "/") for note in report.notes]


if __name__ == "__main__":
    sys.exit(main())

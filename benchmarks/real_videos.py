"""Every video of a folder through ``vfi interpolate``; a Markdown table of what came out.

    python benchmarks/real_videos.py FOLDER > table.md

Each output is opened again and its frames are counted by decoding them. A file that fails is a row
with its message, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import av

from lift15.upsampling import upsample_video
from vfiblocks.errors import VfiError
from vfiblocks.video import Report, open_source

KINDS = {".mp4", ".mkv", ".mov", ".webm", ".gif"}
COLUMNS = (
    "file", "picture", "frames in", "out", "rate out", "audio packets", "kept", "notes",
)  # fmt: skip


def main() -> int:
    """Interpolate, check, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="classical")
    parser.add_argument("--match", default="*", help="shell pattern of file names")
    arguments = parser.parse_args()
    files = [p for p in sorted(arguments.folder.glob(arguments.match)) if p.suffix in KINDS]
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + "---|" * len(COLUMNS))
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in files:
            try:
                cells = one(source, Path(folder), arguments.model)
            except VfiError as error:
                failures += 1
                cells = [source.name, *[""] * (len(COLUMNS) - 2), f"refused: {error}"]
            print("| " + " | ".join(cells) + " |", flush=True)
    print(f"\n{len(files)} files, {failures} refused", flush=True)
    return 1 if failures else 0


def one(source: Path, folder: Path, model: str) -> list[str]:
    """The row of one file."""
    suffix = ".mkv" if source.suffix == ".gif" else source.suffix
    output = folder / f"{source.stem}{suffix}"
    report = upsample_video(source, output, model=model)
    with av.open(str(output)) as container:
        decoded = sum(1 for _ in container.decode(video=0))
    kept = tags_kept(source, output)
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
        str(report.audio_packets or ""),
        kept,
        "; ".join(notes_of(report)),
    ]


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

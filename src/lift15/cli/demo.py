"""``vfi demo``: a clip with known motion, interpolated, measured and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import progress, show_table, tell
from lift15.making import WEIGHTLESS


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if missing.")] = Path("demo"),
    frames: Annotated[int, typer.Option(help="Frames of the made clip.")] = 33,
    model: Annotated[
        str, typer.Option(help="A model's name, or a checkpoint (.safetensors).")
    ] = WEIGHTLESS,
    allow_untrained: Annotated[
        bool, typer.Option(help="Accept a network with random weights.")
    ] = False,
) -> None:
    """Show the whole path on a clip made from photographs, without any download.

    Every second frame of the clip is hidden, made again from its neighbours, and compared with the
    truth. Writes source.mp4, interpolated.mp4 and strip.png.
    """
    from lift15.demo import run_demo

    with progress("demo") as count:
        result = run_demo(
            folder, frames=frames, model=model, untrained=allow_untrained, on_progress=count
        )
    show_table(
        ("method", "PSNR dB"),
        [(method, f"{value:.2f}") for method, value in result.scores.items()],
        numbers=("PSNR dB",),
    )
    for path in (result.source, result.interpolated, result.strip):
        tell(f"wrote {path}")

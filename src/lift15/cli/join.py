"""``vfi join``: segments that many machines have made become one video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import tell
from vfiblocks.video.join import join_segments


def join(
    output: Annotated[Path, typer.Argument(help="The output named when the shards were made.")],
    source: Annotated[
        Path | None, typer.Option(help="The source, if it is no longer where it was.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing output.")] = False,
) -> None:
    """Join what `vfi interpolate --shard` has made.

    Every segment is checked first; missing and damaged ones are named. Sound, subtitles, chapters
    and tags are copied from the source. No model is needed.
    """
    report = join_segments(output, source=source, overwrite=overwrite)
    for note in report.notes:
        tell(note)
    tell(f"{output}: {report.frames_in} frames in, {report.frames_out} out")

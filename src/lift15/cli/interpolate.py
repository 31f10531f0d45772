"""``vfi interpolate``: a video in, a video with more frames out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import complain, progress, tell
from lift15.upsampling import WEIGHTLESS, check_factor, load_model, upsample_video

INTERRUPTED = 130  # what a shell reports for Ctrl-C


def interpolate(
    source: Annotated[Path, typer.Argument(help="A video file or a folder of pictures.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The video, or a folder for pictures.")
    ],
    model: Annotated[
        str, typer.Option(help="A model's name, or a checkpoint (.safetensors).")
    ] = WEIGHTLESS,
    factor: Annotated[int, typer.Option(help="How many times the frame rate.")] = 2,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU.")] = "auto",
    overwrite: Annotated[bool, typer.Option(help="Replace an existing output.")] = False,
    crf: Annotated[
        int | None, typer.Option(help="Encoder quality, lower is better; default near lossless.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Read only so many source frames, for a preview.")
    ] = None,
    allow_untrained: Annotated[
        bool, typer.Option(help="Accept a network with random weights.")
    ] = False,
) -> None:
    """Give a video more frames.

    Source frames, audio, size, aspect, rotation and colour tags are kept. The default model
    computes motion without learned weights. The output appears when it is whole; a run that fails
    or is interrupted leaves nothing behind.
    """
    network = load_model(model, device=device, untrained=allow_untrained)
    check_factor(network, factor)
    try:
        with progress(f"{source.name} x{factor}, {model}") as count:
            report = upsample_video(
                source,
                output,
                model=network,
                factor=factor,
                overwrite=overwrite,
                limit=limit,
                crf=crf,
                on_progress=count,
            )
    except KeyboardInterrupt:
        complain(f"interrupted; {output} was not written")
        raise typer.Exit(INTERRUPTED) from None
    for note in report.notes:
        tell(note)
    tell(f"{output}: {report.frames_in} frames in, {report.frames_out} out")

"""``vfi export``: a model as a file for engines that know nothing of torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import tell
from vfiblocks.errors import InputError


def export(
    model: Annotated[str, typer.Argument(help="A model's name, or a checkpoint (.safetensors).")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The file, .onnx.")],
    size: Annotated[str, typer.Option(help="Height x width of the frames.")] = "256x448",
    dynamic: Annotated[
        bool,
        typer.Option(
            "--dynamic", help="Leave the size free, in multiples of what the model pads to."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = (
        False
    ),
    allow_untrained: Annotated[
        bool, typer.Option("--allow-untrained", help="Accept a network with random weights.")
    ] = False,
) -> None:
    """Write a model as an ONNX file, compared with torch in ONNX Runtime.

    Input: frames, 1 x T x 3 x height x width, values 0 to 1. Output: the picture at the moment the
    model was made for.
    """
    from lift15.making import load_model
    from vfiblocks.exporting import export_onnx

    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", size)
    if not match:
        raise InputError(f"--size wants height x width, such as 256x448, got {size!r}")
    network = load_model(model, device="cpu", untrained=allow_untrained)
    wanted = (int(match[1]), int(match[2]))
    found = export_onnx(network, out, size=wanted, dynamic=dynamic, overwrite=overwrite)
    free = f"sizes in multiples of {found.multiple}" if found.multiple else f"size {size}"
    tell(
        f"wrote {out}: {len(network.window)} frames to 1, {free}; "
        f"at most {found.difference:.0e} from torch"
    )

"""``vfi weights``: official weights in, checkpoints out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import show_table, tell
from vfiblocks.errors import CheckpointError

weights = typer.Typer(help="Bring in weights made elsewhere.", no_args_is_help=True)


@weights.callback()
def _group() -> None:
    """Keep ``import`` a word of its own although it is the only command so far."""


@weights.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            help="An official RIFE file (.pkl, .pth, .pt, .bin, .safetensors), the authors' zip, "
            "or their folder train_log."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The checkpoint, .safetensors.")],
    model: Annotated[
        str | None,
        typer.Option(help="Which model it is, where the file cannot tell, such as rife-2r."),
    ] = None,
    member: Annotated[
        str | None, typer.Option(help="Which file of a zip or folder, if several hold tensors.")
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(help="Write the training-only block here as well, .safetensors."),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace existing files.")] = False,
) -> None:
    """Turn official RIFE weights into a checkpoint; nothing in the file is run.

    The version is found by names and shapes of the tensors. What is written works everywhere a
    model is named, as in `vfi interpolate --model`.
    """
    from lift15.rife import import_weights
    from lift15.rife.importing import check_output
    from lift15.rife.structures import title

    for path in (output, teacher):
        if path is not None:
            check_output(path, overwrite=overwrite)
    if teacher is not None and teacher.absolute() == output.absolute():
        raise CheckpointError(f"model and teacher cannot both be written to {output}")
    found = import_weights(source, model=model, member=member)
    if teacher is not None:
        found.save_teacher(teacher, overwrite=overwrite)
    found.save(output, overwrite=overwrite)

    same = ": one structure" if len(found.versions) > 1 else ""
    show_table(
        ("what", "found"),
        [
            ("file", found.facts["source"]),
            ("sha256", found.facts["sha256"]),
            ("official version", title(found.versions) + same),
            ("model", found.model_name),
            ("tensors", f"{len(found.weights):,}"),
            ("parameters", f"{found.parameters:,}"),
            ("set aside", f"{len(found.set_aside):,} tensors"),
        ],
    )
    for note in found.notes:
        tell(note)
    for path in (output, teacher):
        if path is not None:
            tell(f"wrote {path}")

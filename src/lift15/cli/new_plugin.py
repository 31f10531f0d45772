"""``vfi new-plugin``: a package of one's own to begin with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import tell
from vfiblocks.errors import UnknownComponent


def new_plugin(
    name: Annotated[str, typer.Argument(help="Of the part, such as soft-edges.")],
    kind: Annotated[
        str,
        typer.Option(help="encoder, aggregator, flow, blender, refiner, loss or metric."),
    ] = "refiner",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; vfiblocks-NAME unless given.")
    ] = None,
) -> None:
    """Write a package with a working part, a model that uses it, contract tests and CI."""
    from lift15.new_plugin import KINDS, write_plugin

    if kind not in KINDS:
        raise UnknownComponent(f"no kind of part is called {kind!r}; there are {', '.join(KINDS)}")
    folder, names = write_plugin(name, KINDS[kind], out)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        print(path)
    model = f" and model '{names.model}'" if names.model else ""
    tell(f"wrote {kind} '{name}'{model}; next:")
    shown = folder if folder.is_absolute() else os.path.join(".", folder)
    tell(f'  pip install -e "{shown}[test]" && pytest {folder}')

"""``vfi models``, ``vfi components``, ``vfi describe``: what there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Annotated

import typer

import vfiblocks
from lift15.cli.output import complain, results, show_table, tell
from vfiblocks.errors import InputError, UnknownComponent, VfiError
from vfiblocks.ledger import amount
from vfiblocks.registry import MODELS, PART_REGISTRIES


def models(
    pattern: Annotated[str, typer.Argument(help="Shell pattern, such as 'lift15*'.")] = "*",
) -> None:
    """List the named models."""
    rows = []
    for name in vfiblocks.list_models(pattern):
        try:
            spec = vfiblocks.find_spec(name)
        except VfiError as error:  # a broken plugin must not hide the rest
            complain(str(error))
            continue
        rows.append((name, str(len(spec.window)), spec.description, MODELS.origin(name)))
    if not rows:
        raise UnknownComponent(f"no model matches {pattern!r}; `vfi models` lists all")
    show_table(("model", "frames", "what it is", "from"), rows, numbers=("frames",))


def components(
    stage: Annotated[
        str | None, typer.Argument(help="encoder, aggregator, flow, blender, refiner or loss.")
    ] = None,
) -> None:
    """List the registered parts of every stage, and the losses, with their options."""
    if stage is not None and stage not in PART_REGISTRIES:
        raise UnknownComponent(
            f"no kind of part is called {stage!r}; there are {', '.join(PART_REGISTRIES)}"
        )
    rows = []
    for word, registry in PART_REGISTRIES.items():
        if stage not in (None, word):
            continue
        for name in registry.names():
            try:
                part = registry.get(name)
            except VfiError as error:
                complain(str(error))
                continue
            summary = (inspect.getdoc(part) or "").partition("\n")[0]
            options = ", ".join(f"{key}={value!r}" for key, value in registry.options(name).items())
            rows.append((word, name, summary, options, registry.origin(name)))
    show_table(("stage", "name", "what it is", "options", "from"), rows)


def describe(
    model: Annotated[str, typer.Argument(help="A model's name, or a spec or checkpoint file.")],
    size: Annotated[str, typer.Option(help="Height x width of the frames.")] = "256x448",
    graph: Annotated[
        Path | None,
        typer.Option(help="Draw the assembly as well, with shapes, into this .svg file."),
    ] = None,
    stage: Annotated[
        str | None, typer.Option(help="Draw this stage alone, with what is inside.")
    ] = None,
) -> None:
    """Show what a model consists of, its parameters, and its cost per frame made."""
    if graph is not None and graph.suffix.lower() != ".svg":
        raise InputError(f"--graph draws an .svg file, got {str(graph)!r}")
    if stage is not None and graph is None:
        raise InputError(f"--stage {stage} says what to draw; --graph FILE.svg says where to")
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", size)
    if not match or "0" in match.groups():
        raise InputError(f"--size wants height x width, such as 256x448, got {size!r}")
    height, width = int(match[1]), int(match[2])
    if model.endswith(vfiblocks.build.CHECKPOINT_SUFFIXES):
        spec = vfiblocks.checkpoints.read(model).spec
    else:
        spec = vfiblocks.find_spec(model)
    drawn = _draw(spec, (height, width), Path(model).name, stage) if graph is not None else ""
    ledger = vfiblocks.describe(spec, size=(height, width))
    rows = [(e.stage, e.part, f"{e.parameters:,}", amount(e.macs), e.gives) for e in ledger.entries]
    rows.append(("all", "", f"{ledger.parameters:,}", amount(ledger.macs), ""))
    if results.is_terminal:
        results.print(
            f"[bold]{model}[/]  {ledger.frames} frames of {height}x{width}, padded inside to a "
            f"multiple of {ledger.multiple}, spec {ledger.fingerprint}"
        )
    show_table(
        ("stage", "part", "parameters", "cost", "gives"), rows, numbers=("parameters", "cost")
    )
    if graph is not None:
        from lift15.training.atomic import write_text  # with it come the parts of training

        write_text(graph, drawn)
        tell(f"wrote {graph}")


def _draw(spec: vfiblocks.ModelSpec, size: tuple[int, int], name: str, stage: str | None) -> str:
    from vfiblocks.graph import draw_assembly
    from vfiblocks.graph_stage import draw_stage

    if stage is None:
        return draw_assembly(spec, size=size, title=name)
    return draw_stage(spec, stage, size=size, title=f"{stage} of {name}")

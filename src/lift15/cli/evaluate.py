"""``vfi evaluate`` and ``vfi protocols``: a model's scores on benchmarks, and how they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import complain, progress, show_table, tell
from lift15.long_videos import parse_shard
from vfiblocks.errors import UnknownComponent, VfiError

INTERRUPTED = 130  # what a shell reports for Ctrl-C
FIRST_NUMBER = 3  # columns of text before the numbers


def evaluate(
    model: Annotated[str, typer.Argument(help="A model's name, or a checkpoint (.safetensors).")],
    protocol: Annotated[
        list[str],
        typer.Option(help="See `vfi protocols`; several where they share one root."),
    ],
    root: Annotated[Path, typer.Option(help="The folder of the benchmark, or of videos.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for results; goes on with what is there.")
    ] = Path("evaluation"),
    name: Annotated[
        str, typer.Option(help="What to file the model under; its own name unless given.")
    ] = "",
    no_baselines: Annotated[
        bool, typer.Option("--no-baselines", help="Leave out repeat, average and classical.")
    ] = False,
    measure: Annotated[
        list[str] | None, typer.Option(help="Measure this as well, such as lpips-alex.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change an option of the protocols: windows=3, crop=720x1280."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="So many items only, spread evenly over the benchmark.")
    ] = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Measure what is there of a partial download.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Threads that read pictures ahead.")] = 2,
    shard: Annotated[
        str | None,
        typer.Option(help="Do part i of n only (i/n, from 0/n); all share one output folder."),
    ] = None,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write scores.parquet as well (needs pyarrow).")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU.")] = "auto",
    precision: Annotated[
        str, typer.Option(help="float32, or bfloat16 or float16 for speed on a GPU.")
    ] = "float32",
    flow_scale: Annotated[
        float | None,
        typer.Option(help="Look for motion at this fraction of the size; 0.5 for 4K (RIFE)."),
    ] = None,
    allow_untrained: Annotated[
        bool, typer.Option(help="Accept a network with random weights.")
    ] = False,
) -> None:
    """Measure a model under published protocols, beside the baselines.

    Scores of every item are on the disk before the next is begun; the same command again goes on
    where it was stopped. A model that reads more frames than a benchmark has gets the others marked
    missing, and the notes say so.
    """
    # Late, so that the other commands start without OpenCV and the protocols
    from lift15.evaluation.baselines import baselines
    from lift15.evaluation.prediction import Predictor, load_predictor
    from lift15.evaluation.protocols import find_protocol
    from lift15.evaluation.protocols.changes import changed, parse_changes
    from lift15.evaluation.runner import Run
    from lift15.evaluation.runner import evaluate as run_evaluation
    from lift15.evaluation.summary import notes_of, table

    changes = parse_changes(set_ or [])
    protocols = [changed(find_protocol(each), changes, measures=measure or []) for each in protocol]
    predictors: list[Predictor] = [
        load_predictor(
            model,
            name=name,
            device=device,
            precision=precision,
            untrained=allow_untrained,
            flow_scale=flow_scale,
        )
    ]
    if not no_baselines:
        own = predictors[0].identity
        floor = [each for each in baselines(predictors[0].device) if each.identity != own]
        predictors = [*floor, *predictors]
    part = None if shard is None else parse_shard(shard)
    try:
        with progress(f"{predictors[-1].name}, {', '.join(protocol)}") as count:
            summaries = run_evaluation(
                predictors,
                protocols,
                root,
                Run(
                    output=output,
                    workers=workers,
                    shard=part,
                    limit=limit,
                    incomplete=incomplete,
                    parquet=parquet,
                    on_progress=count,
                ),
            )
    except KeyboardInterrupt:
        complain(f"interrupted; what is measured is kept in {output}; run it again to go on")
        raise typer.Exit(INTERRUPTED) from None
    head, rows = table(summaries)
    show_table(head, rows, numbers=head[FIRST_NUMBER:])
    for line in notes_of(summaries):
        tell(line)
    tell(f"wrote {output}/summary.md")


def protocols(
    pattern: Annotated[str, typer.Argument(help="Shell pattern, such as 'snu-film-hard*'.")] = "*",
) -> None:
    """List the protocols for `vfi evaluate`."""
    from lift15.evaluation.protocols import PROTOCOLS, find_protocol

    rows = []
    for name in PROTOCOLS.names(pattern):
        try:
            protocol = find_protocol(name)
        except VfiError as error:  # a broken plugin must not hide the rest
            complain(str(error))
            continue
        frames = "all" if protocol.context is None else str(2 * protocol.context)
        measures = ", ".join(measure.name for measure in protocol.measures)
        rows.append((name, frames, measures, protocol.description, PROTOCOLS.origin(name)))
    if not rows:
        raise UnknownComponent(f"no protocol matches {pattern!r}; `vfi protocols` lists all")
    show_table(("protocol", "frames", "measures", "how", "from"), rows, numbers=("frames",))

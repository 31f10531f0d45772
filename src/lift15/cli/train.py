"""``vfi train``: from clips to a model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from lift15.cli.output import complain, notes, results, show_table, tell
from vfiblocks.errors import MissingDependency, TrainingError

if TYPE_CHECKING:
    from lift15.training.fit import Outcome
    from lift15.training.plan import TrainPlan
    from lift15.training.progress import Bar

INTERRUPTED = 130  # what a shell reports for Ctrl-C
OUT_OF_TIME = 75  # "try again later" (sysexits.h): the same command goes on

RUNS = Path("runs")


def train(
    model: Annotated[
        str | None,
        typer.Argument(help="A model's name, a spec file, or a checkpoint to train on from."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="What to learn from, as KIND:PATH; several times for several."),
    ] = None,
    val: Annotated[
        list[str] | None,
        typer.Option(help="What to validate on; a part of the scenes is held out without it."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="text, short, cpu or smoke; see docs/training.md.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="A plan in TOML, on top of the preset.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Single values on top of all: optimizer.lr=1e-4."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the run; runs/MODEL-PLAN unless said. One that exists goes on."
        ),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run in this folder, by its own plan.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, measure two steps, stop.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out data that cannot be read, and count.")
    ] = False,
    show_plan: Annotated[
        bool, typer.Option("--show-plan", help="Print the whole plan as a file and stop.")
    ] = False,
) -> None:
    """Train a model.

    Everything that decides the outcome stands in one plan: a preset, a file on top of it, single
    values on top of that. The run folder keeps it with states to go on from, records, pictures and
    the weights for use. Run the same command again, or --resume FOLDER, to go on after a kill or
    Ctrl-C; on a CPU the weights come out as if nothing had happened.
    """
    if resume is not None:
        _refuse_besides(resume, model=model, data=data, val=val, preset=preset, plan=plan, out=out)
        wanted, folder = _plan_of(resume, settings or []), resume
    else:
        wanted = _make_plan(model, data, val, preset, plan, settings, skip_bad=skip_bad)
        folder = out or RUNS / f"{Path(wanted.model.name).stem}-{wanted.fingerprint[:8]}"
    if show_plan:
        results.print(wanted.to_toml(), markup=False, end="", soft_wrap=True)
        return
    _need_lightning()
    if dry_run:
        from lift15.training.dry_run import rehearse

        show_table(("what", "found"), [*rehearse(wanted), ("run folder", str(folder))])
        return
    _run(wanted, folder)


def _run(plan: TrainPlan, folder: Path) -> None:
    from lift15.training.fit import train as carry_out

    first = os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")) == "0"
    with _bar(folder.name, shown=first) as bar:
        outcome = carry_out(plan, folder, command=sys.argv, bar=bar, say=tell if first else _nobody)
    if first:
        _report(outcome)
    if outcome.state != "finished":
        raise typer.Exit(OUT_OF_TIME if outcome.state == "out of time" else INTERRUPTED)


def _report(outcome: Outcome) -> None:
    if outcome.state == "finished":
        tell(f"{outcome.folder}: finished after {outcome.step} steps")
        if outcome.best:
            best = outcome.best
            tell(
                f"best validation: {best['psnr']:.2f} dB after {best['step']:.0f} steps, "
                f"{best['gain']:+.2f} dB from the mean of the references"
            )
        tell(f"weights: {outcome.folder / 'model.safetensors'}")
        return
    kept = f"saved after step {outcome.step}" if outcome.step else "nothing was saved yet"
    complain(
        f"{outcome.state} after step {outcome.step} of {outcome.steps}, {kept}; "
        f"vfi train --resume {outcome.folder} goes on"
    )


def _make_plan(
    model: str | None,
    data: list[str] | None,
    val: list[str] | None,
    preset: str | None,
    file: Path | None,
    settings: list[str] | None,
    *,
    skip_bad: bool,
) -> TrainPlan:
    from lift15.training.plan import make_plan

    given: dict[str, Any] = {}
    if model is not None:
        given["model"] = {"name": model}
    sources: dict[str, Any] = {}
    if data:
        sources["train"] = data
    if val:
        sources["validation"] = val
    if skip_bad:
        sources["skip_bad"] = True
    if sources:
        given["data"] = sources
    plan = make_plan(preset, file=file, tables=[given], settings=settings or [])
    if model is None and preset is None and file is None:
        raise TrainingError("name a model to train, as in vfi train lift15-tiny --data ...")
    if not plan.data.train:
        raise TrainingError(
            "there is nothing to learn from: give --data KIND:PATH, such as videos:clips, or "
            "generated: for clips that are drawn"
        )
    return plan


def _plan_of(folder: Path, settings: list[str]) -> TrainPlan:
    """The plan of a run, with values changed that may differ from session to session."""
    from lift15.training.plan import changed
    from lift15.training.run_folder import RunFolder

    return changed(RunFolder(folder).plan(), settings)


def _refuse_besides(folder: Path, **given: Any) -> None:
    names = {"model": "MODEL"}
    if more := [names.get(key, f"--{key}") for key, value in given.items() if value]:
        raise TrainingError(
            f"--resume {folder} goes on by the plan in that folder; leave out {', '.join(more)}, "
            "or leave out --resume"
        )


def _need_lightning() -> None:
    try:
        import lightning  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            "training needs lightning: pip install 'vfiblocks[train]'"
        ) from error


@contextmanager
def _bar(name: str, *, shown: bool) -> Iterator[Bar | None]:
    """A bar with time left on a terminal; None when standard error is not one."""
    if not (shown and notes.is_terminal):
        yield None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
        console=notes,
    ) as progress:
        task = progress.add_task(name, total=None, text="")

        def show(done: int, total: int, text: str) -> None:
            progress.update(task, completed=done, total=total, text=text)

        yield show


def _nobody(message: str) -> None:
    """What processes besides the first one have to say: nothing."""

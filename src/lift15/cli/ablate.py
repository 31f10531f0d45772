"""``vfi ablate``: variants of a model, trained, measured and compared by one command."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lift15.cli.output import complain, notes, show_table, tell
from lift15.long_videos import parse_shard
from vfiblocks.errors import InputError, MissingDependency, TrainingError

if TYPE_CHECKING:
    from lift15.ablation.plan import AblationPlan
    from lift15.ablation.results import AblationResults
    from lift15.ablation.runner import Bar, Outcome

INTERRUPTED = 130  # what a shell reports for Ctrl-C
OUT_OF_TIME = 75  # "try again later" (sysexits.h): the same command goes on
INCOMPLETE = 2  # some runs have failed or diverged; the others are done

FOLDER = Path("ablations")


def ablate(
    plan: Annotated[
        str | None,
        typer.Argument(
            help="A plan that comes with the package, a TOML file, or the folder of an ablation "
            "that is to go on. Without it, the plans are listed."
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="What to learn from, as KIND:PATH; several times for several."),
    ] = None,
    val: Annotated[
        list[str] | None,
        typer.Option(help="What to validate on, and measure on under the evaluation held-out."),
    ] = None,
    eval_: Annotated[
        list[str] | None,
        typer.Option("--eval", help="A further evaluation, as PROTOCOL:PATH; see vfi protocols."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Of the training plans, in place of the plan's own.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Single values: schedule.steps=2000, seeds=[0,1,2,3,4]."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; ablations/NAME unless said. One that exists goes on."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(help="Runs at a time; 0 is one for each GPU, or one without.")
    ] = 0,
    shard: Annotated[
        str | None,
        typer.Option(help="Do part i of n only (i/n, from 0/n); all share one folder."),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try runs again that have diverged.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and how long it would take.")
    ] = False,
    no_measure: Annotated[
        bool, typer.Option("--no-measure", help="With --dry-run: make no steps to measure time.")
    ] = False,
) -> None:
    """Train variants of a model with several seeds, measure them alike, and write a report.

    Everything is kept in one folder: the plan, a run folder for each variant and seed, scores of
    every item, and report/index.html. Run the same command again to go on after a kill or Ctrl-C.
    A run that fails or diverges is listed with its reason, and the others go on.
    """
    if plan is None:
        _refuse_without_plan(data=data, val=val, eval=eval_, settings=settings, out=out)
        _list_plans()
        return
    part = parse_shard(shard) if shard is not None else (0, 1)
    _need_lightning()
    wanted, folder = _plan_and_folder(plan, data, val, eval_, preset, settings, out)
    if dry_run:
        _forecast(wanted, jobs=jobs, measure=not no_measure)
        tell(f"folder: {folder}")
        return
    outcome = _carry_out(wanted, folder, jobs=jobs, shard=part, retry=retry)
    _report(folder, outcome)


def _carry_out(
    plan: AblationPlan, path: Path, *, jobs: int, shard: tuple[int, int], retry: bool
) -> Outcome:
    from lift15.ablation.folder import AblationFolder
    from lift15.ablation.runner import How, begin, carry_out

    folder = AblationFolder(path)
    begin(folder, plan, command=sys.argv)
    try:
        with _bar(plan.name) as bar:
            return carry_out(
                folder,
                How(
                    jobs=jobs,
                    shard=shard,
                    retry=retry,
                    say=_nobody if bar is not None else tell,
                    bar=bar,
                ),
            )
    except KeyboardInterrupt:
        complain(f"interrupted; what is done is kept in {path}; run the same command to go on")
        raise typer.Exit(INTERRUPTED) from None


def _report(path: Path, outcome: Outcome) -> None:
    from lift15.ablation.collect import collect
    from lift15.ablation.report import write_report

    results = collect(path)
    rows = [
        (run.variant, str(run.seed), run.state, f"{run.step} of {run.steps}", run.reason)
        for run in results.runs
    ]
    show_table(("variant", "seed", "state", "steps", "reason"), rows, numbers=("seed", "steps"))
    for line in answers(results):
        tell(line)
    for problem in outcome.problems:
        complain(problem)
    page = write_report(results, path / "report")
    tell(f"report: {page}")
    bad = [state for state in outcome.states if state.state in ("failed", "diverged")]
    if bad or outcome.problems:
        named = ", ".join(state.name for state in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        if bad:
            complain(
                f"{len(bad)} of {len(outcome.states)} runs have no result: {named}{more}; their "
                f"logs are in {path / 'logs'}"
            )
        raise typer.Exit(INCOMPLETE)
    if outcome.left:
        complain(
            f"{len(outcome.left)} runs have ended before they were done: "
            f"{', '.join(outcome.left[:5])}; run the same command to go on"
        )
        raise typer.Exit(OUT_OF_TIME)


def answers(results: AblationResults) -> Iterator[str]:
    """What the ablation answers to its questions, a line each."""
    from lift15.ablation.results import answer_to

    for question in results.questions:
        for evaluation in results.evaluations:
            if question.evaluation not in ("", evaluation.name):
                continue
            try:
                said = str(answer_to(question, evaluation))
            except InputError as error:
                said = f"no answer yet: {error}"
            yield f"{evaluation.name}, {question.measure}: {question.text} {said}"


def _plan_and_folder(
    source: str,
    data: list[str] | None,
    val: list[str] | None,
    evaluations: list[str] | None,
    preset: str | None,
    settings: list[str] | None,
    out: Path | None,
) -> tuple[AblationPlan, Path]:
    from lift15.ablation.folder import AblationFolder
    from lift15.ablation.plan import make_ablation

    folder = AblationFolder(source)
    if folder.exists:
        if given := [
            name
            for name, value in (
                ("--out", out),
                ("--preset", preset),
                ("--data", data),
                ("--val", val),
            )
            if value
        ]:
            raise TrainingError(
                f"{source} goes on by the plan in that folder; leave out {', '.join(given)}"
            )
        path = folder.path / "plan.toml"
        return (
            make_ablation(path, evaluations=evaluations or (), settings=settings or ()),
            folder.path,
        )
    if Path(source).is_dir():
        folder.plan()  # says that it is none
    sources: dict[str, Any] = {}
    if data:
        sources["train"] = data
        sources["validation"] = []
    if val:
        sources["validation"] = val
    wanted = make_ablation(
        source,
        preset=preset,
        training={"data": sources} if sources else {},
        evaluations=evaluations or (),
        settings=settings or (),
    )
    return wanted, out or FOLDER / wanted.name


def _forecast(plan: AblationPlan, *, jobs: int, measure: bool) -> None:
    from lift15.ablation.evaluating import make_exams
    from lift15.ablation.forecast import forecast, table
    from lift15.ablation.grid import make_arms
    from lift15.ablation.runner import slots_of

    with tempfile.TemporaryDirectory() as scratch:
        arms = make_arms(plan, Path(scratch))
        for exam in make_exams(plan, arms).values():
            exam.open()
        found = [forecast(arm, measure=measure) for arm in arms.values()]
    head, rows, remarks = table(plan, found, jobs=len(slots_of(plan, jobs)))
    show_table(head, rows, numbers=head[2:])
    for line in remarks:
        tell(line)


def _list_plans() -> None:
    from lift15.ablation.plan import shipped

    show_table(("plan", "question"), [(name, title) for name, title in shipped().items()])
    tell("vfi ablate PLAN --data KIND:PATH --dry-run says what it would do; see docs/ablations.md")


def _refuse_without_plan(**given: Any) -> None:
    if more := [
        f"--{'set' if key == 'settings' else key}" for key, value in given.items() if value
    ]:
        raise TrainingError(
            f"name a plan for {', '.join(more)}, as in vfi ablate context --data ...; vfi ablate "
            "alone lists the plans"
        )


def _need_lightning() -> None:
    try:
        import lightning  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            "training needs lightning: pip install 'vfiblocks[train]'"
        ) from error


@contextmanager
def _bar(name: str) -> Iterator[Bar | None]:
    """A bar on a terminal; None when standard error is not one."""
    if not notes.is_terminal:
        yield None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}"),
        console=notes,
    ) as progress:
        task = progress.add_task(name, total=None, text="")

        def show(done: int, total: int, text: str) -> None:
            progress.update(task, completed=done, total=total, text=text)

        yield show


def _nobody(message: str) -> None:
    """What the bar says already."""

"""How the training went: every run, whatever became of it, and its curves."""

from __future__ import annotations

from lift15.ablation.report.blocks import (
    Block,
    Cell,
    Figure,
    Section,
    Table,
    Text,
    file_name,
    unique,
)
from lift15.ablation.report.cells import ONE, WORDS, columns, number, whole, words
from lift15.ablation.report.drawing.curves import Run, curves, panels
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import counted, duration, listed, moment
from lift15.ablation.results import TrainingRun

CUT = ("failed", "diverged", "interrupted")


def training(material: Material) -> Section:
    """The table of runs and their learning curves."""
    blocks: list[Block] = [Text(_states(material)), _table(material), *_curves(material)]
    return Section("training", "How the training went", tuple(blocks))


def status(material: Material) -> str:
    """How far everything is, in a sentence."""
    results = material.results
    done = len(results.runs) - len(results.unfinished)
    whole_of = "all" if done == len(results.runs) else f"{done} of"
    return (
        f"{counted(len(results.variants), 'variant')}, {counted(len(results.seeds), 'seed')}, "
        f"{whole_of} {counted(len(results.runs), 'run')} finished. Begun "
        f"{moment(results.provenance.begun)}, last changed {moment(results.provenance.updated)}."
    )


def _states(material: Material) -> str:
    counts: dict[str, int] = {}
    for run in material.results.runs:
        counts[run.state] = counts.get(run.state, 0) + 1
    if not counts:
        return "There are no runs yet."
    said = listed([f"{count} {state}" for state, count in counts.items()])
    seconds = sum(run.seconds for run in material.results.runs)
    spent = f", {duration(seconds)} of training in all" if seconds else ""
    return f"{counted(len(material.results.runs), 'run')}: {said}{spent}."


def _table(material: Material) -> Table:
    return Table(
        "runs",
        "Training runs",
        columns(
            ("model", WORDS),
            ("seed", ONE),
            ("state", WORDS),
            ("reason", WORDS),
            ("steps", ONE),
            ("of", ONE),
            ("windows", ONE),
            ("seconds", ONE),
            ("best validation (dB)", ONE),
            ("at step", ONE),
        ),
        tuple(_row(material, run) for run in material.results.runs),
        (
            "windows: samples learned from. best validation: on what was held out during training, "
            "which may have been looked at; scores are further up.",
        ),
    )


def _row(material: Material, run: TrainingRun) -> tuple[Cell, ...]:
    best, step = run.best.get("psnr"), run.best.get("step")
    return (
        words(material.title(run.variant)),
        whole(run.seed),
        words(run.state),
        words(run.reason or "-"),
        whole(run.step),
        whole(run.steps) if run.steps else words("not known"),
        whole(run.samples),
        Cell(f"{run.seconds:,.0f}", (run.seconds,)),
        number(best, "dB") if best is not None else words("none"),
        whole(int(step)) if step is not None else words("none"),
    )


def _curves(material: Material) -> list[Block]:
    results = material.results
    order = {variant.name: number for number, variant in enumerate(results.variants)}
    labels = [material.title(variant.name) for variant in results.variants]
    quantities = panels([run.curves for run in results.runs])
    if not quantities:
        return [Text("No learning curves were recorded.")]
    drawn: list[Block] = []
    names = unique([file_name("curve", quantity) for quantity in quantities])
    for name, quantity in zip(names, quantities, strict=True):
        runs = [
            Run(
                order[run.variant],
                run.curves[quantity],
                f"{material.title(run.variant)}, seed {run.seed}",
                run.state in CUT,
            )
            for run in results.runs
            if run.curves.get(quantity) and run.variant in order
        ]
        cut = " A cross marks where a run ended too early." if any(r.cut for r in runs) else ""
        caption = f"{counted(len(runs), 'run')}, one line each.{cut}"
        svg = curves(name, f"Learning curves: {quantity}", caption, labels, runs)
        drawn.append(Figure(name, f"Learning curves: {quantity}", caption, svg))
    silent = [
        f"{material.title(run.variant)} with seed {run.seed}"
        for run in results.runs
        if not run.curves
    ]
    if silent:
        drawn.append(Text(f"Without curves: {listed(silent)}."))
    return drawn

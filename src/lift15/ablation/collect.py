"""From the folder of an ablation to all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lift15.ablation.alphas import NAME as ALPHAS
from lift15.ablation.alphas import mean_alphas, read_alphas
from lift15.ablation.cost import read_costs
from lift15.ablation.evaluating import BASELINES
from lift15.ablation.facts import NAME as FACTS
from lift15.ablation.facts import read_facts
from lift15.ablation.folder import AblationFolder, run_name
from lift15.ablation.measured import Alphas, Answers, Evaluation, ItemFacts, Measure
from lift15.ablation.pictures import read_strips
from lift15.ablation.plan import AblationPlan, QuestionPlan
from lift15.ablation.results import AblationResults, Provenance, Question, TrainingRun, Variant
from lift15.evaluation.comparing import Results, read_results
from lift15.training.plan import TrainPlan, read_plan
from lift15.training.watching.metrics_file import read_metrics
from vfiblocks import METRICS
from vfiblocks.errors import TrainingError


def collect(folder: str | Path) -> AblationResults:
    """All that is known of an ablation so far.

    Args:
        folder: of the ablation, finished or not; nothing is computed.

    Raises:
        TrainingError: it is no such folder, or a file in it is damaged.
        DataError: a file of scores is damaged.
    """
    ablation = AblationFolder(folder)
    plan, facts = ablation.plan(), ablation.facts()
    if not facts.get("variants"):
        raise TrainingError(f"{folder}: the ablation has been prepared but not begun")
    variants = tuple(_variant(name, each) for name, each in facts["variants"].items())
    runs = tuple(_run(ablation, name, seed, facts) for name in plan.variants for seed in plan.seeds)
    notes = [
        f"{name}: {note}" for name, each in facts["variants"].items() for note in each["notes"]
    ]
    notes.append(
        "evaluated were the last weights of every run, chosen without a look at validation"
        if plan.weights == "last"
        else "evaluated were the weights that were best in validation; where the same clips are "
        "evaluated on, scores are a little too good, for all variants alike"
    )
    return AblationResults(
        name=plan.name,
        title=plan.title or plan.name,
        about=" ".join(plan.about.split()),
        baseline=plan.reference,
        variants=variants,
        seeds=plan.seeds,
        questions=questions(plan),
        runs=runs,
        evaluations=tuple(
            _evaluation(ablation, plan, name, each) for name, each in facts["evaluations"].items()
        ),
        costs=read_costs(ablation.costs),
        provenance=_provenance(plan, facts),
        notes=tuple(notes),
    )


def questions(plan: AblationPlan) -> tuple[Question, ...]:
    """Those of a plan; where it asks none, each variant against the baseline."""
    asked: Mapping[str, QuestionPlan] = plan.questions or {
        name: QuestionPlan(
            text=f"Is {variant.title or name} better than "
            f"{plan.variants[plan.reference].title or plan.reference}?",
            candidate=name,
        )
        for name, variant in plan.variants.items()
        if name != plan.reference
    }
    return tuple(
        Question(
            name,
            each.text or name,
            each.baseline or plan.reference,
            each.candidate,
            each.measure,
            each.evaluation,
            each.subset,
            each.margin or None,
        )
        for name, each in asked.items()
    )


def _variant(name: str, facts: Mapping[str, Any]) -> Variant:
    macs = {}
    for text, count in facts["macs"].items():
        height, width = map(int, text.split("x"))
        macs[height, width] = count
    return Variant(
        name=name,
        title=facts["title"],
        changes=tuple(facts["changes"]),
        spec=facts["spec"],
        fingerprint=facts["fingerprint"],
        plan=facts["plan"],
        parameters=facts["parameters"],
        macs=macs,
        frames=facts["frames"],
    )


def _run(folder: AblationFolder, variant: str, seed: int, facts: Mapping[str, Any]) -> TrainingRun:
    state, run = folder.state(variant, seed), folder.run(variant, seed)
    name = run.path.relative_to(folder.path).as_posix()
    if not (run.path / "manifest.json").exists():
        return TrainingRun(variant, seed, state.state, state.reason, folder=name)
    manifest = run.manifest()
    steps, step = int(manifest.get("steps", 0)), int(manifest.get("step", 0))
    curves = read_metrics(run.path) if (run.path / "metrics.csv").exists() else {}
    plan = read_plan(facts["variants"][variant]["plan"])
    return TrainingRun(
        variant=variant,
        seed=seed,
        state=state.state,
        reason=state.reason,
        step=step,
        steps=steps,
        samples=samples(plan, step, steps),
        seconds=float(manifest.get("seconds", 0.0)),
        best=manifest.get("best", {}),
        curves={key: tuple(values.items()) for key, values in curves.items()},
        fingerprint=manifest.get("plan", ""),
        data=manifest.get("data", {}),
        machine=manifest.get("machine", {}),
        versions=manifest.get("versions", {}),
        folder=name,
    )


def samples(plan: TrainPlan, step: int, steps: int) -> int:
    """Windows that are learned from in so many steps.

    >>> from lift15.training.plan import make_plan
    >>> samples(make_plan("smoke"), 4, 6)
    8
    """
    from lift15.training.phases import Schedule

    if not steps:
        return 0
    schedule = Schedule(plan.schedule, per_epoch=steps)
    count = 0
    for stretch in schedule.stretches:
        done = max(0, min(step, stretch.stop) - stretch.start)
        count += done * (stretch.phase.batch or plan.run.batch) * plan.run.accumulate
    return count


def _evaluation(
    folder: AblationFolder, plan: AblationPlan, name: str, facts: Mapping[str, Any]
) -> Evaluation:
    known = {each.name: each for each in read_facts(folder.results(name) / FACTS)}
    answers: list[Answers] = []
    alphas: list[Alphas] = []
    for found in read_results(folder.results(name, BASELINES)):
        answers.append(_answers(found, found.model, None, ""))
    for variant in plan.variants:
        for seed in plan.seeds:
            output = folder.results(name, run_name(variant, seed))
            for found in read_results(output):
                control = found.model.removeprefix(run_name(variant, seed)).removeprefix("+")
                answers.append(_answers(found, variant, seed, control))
            if windows := read_alphas(output / ALPHAS):
                ranks, means, deviations = mean_alphas(windows)
                alphas.append(Alphas(variant, seed, ranks, means, deviations, len(windows)))
    rows = {row.item: row for each in answers for row in each.rows}
    items = [known.get(item, ItemFacts(item, row.scene)) for item, row in rows.items()]
    measures = tuple(
        Measure(part["name"], metric.unit, metric.better)
        for part in facts["protocol"]["measures"]
        for metric in (METRICS.get(part["name"]),)
    )
    return Evaluation(
        name=name,
        title=plan.evaluations[name].title or _title(facts),
        protocol=facts["protocol"],
        protocol_hash=facts["protocol_hash"],
        root=facts["root"],
        layout=facts["layout"],
        averaging=facts["protocol"]["averaging"],
        measures=measures,
        items=tuple(items),
        answers=tuple(answers),
        alphas=tuple(alphas),
        strips=read_strips(folder, name),
        data_hash=facts["data"],
        notes=tuple(facts["notes"]),
    )


def _title(facts: Mapping[str, Any]) -> str:
    layout = {"hole": ", a frame missing", "even": ", at half the rate"}.get(facts["layout"], "")
    return f"{facts['protocol']['name']}{layout}"


def _answers(found: Results, model: str, seed: int | None, control: str) -> Answers:
    return Answers(model, seed, control, found.rows, found.identity["weights"], found.notes)


def _provenance(plan: AblationPlan, facts: Mapping[str, Any]) -> Provenance:
    sessions = facts.get("sessions", [])
    return Provenance(
        commands=tuple(" ".join(session["command"]) for session in sessions),
        begun=sessions[0]["begun"] if sessions else "",
        updated=facts.get("updated", ""),
        versions=facts.get("versions", {}),
        machine=facts.get("machine", {}),
        git=facts.get("git"),
        plan=plan.to_toml(),
        data={
            side: tuple((each["name"], each["hash"]) for each in sources)
            for side, sources in facts.get("data", {}).items()
        },
    )

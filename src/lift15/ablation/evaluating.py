"""Measure a trained variant, or the baselines, under an evaluation of the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lift15.evaluation.protocols  # noqa: F401  # announces them
from lift15.ablation.alphas import NAME as ALPHAS
from lift15.ablation.alphas import Listening
from lift15.ablation.controls import Controlled, find_donors
from lift15.ablation.facts import NAME as FACTS
from lift15.ablation.facts import note_facts
from lift15.ablation.folder import AblationFolder
from lift15.ablation.grid import Arm, widest
from lift15.ablation.held_out import NAME as HELD_OUT
from lift15.ablation.held_out import held_out_protocol
from lift15.ablation.plan import AblationPlan, EvaluationPlan
from lift15.evaluation.baselines import baselines
from lift15.evaluation.items import EVEN, Benchmark
from lift15.evaluation.prediction import ModelPredictor, Predictor, tensors_sha256
from lift15.evaluation.protocols.base import Protocol, find_protocol
from lift15.evaluation.protocols.changes import changed
from lift15.evaluation.protocols.reading import read_benchmark
from lift15.evaluation.runner import Progress, Run, evaluate
from lift15.evaluation.summary import Summary
from lift15.making import find_device, load_model
from vfiblocks.checkpoints import read
from vfiblocks.errors import TrainingError, VfiError

BASELINES = "baselines"


@dataclass(frozen=True)
class Exam:
    """An evaluation of a plan made concrete.

    Attributes:
        name: of the evaluation.
        title: a few words.
        protocol: with the plan's changes.
        root: where the data are.
        limit: of the items; None for all.
        controls: see :class:`~lift15.ablation.plan.EvaluationPlan`.
        motion: whether to find out how items move.
        incomplete: whether a benchmark may lack items.
    """

    name: str
    title: str
    protocol: Protocol
    root: Path
    limit: int | None
    controls: tuple[str, ...]
    motion: bool
    incomplete: bool

    def open(self) -> Benchmark:
        """The items.

        Raises:
            VfiError: the root holds something else, or items are missing.
        """
        return read_benchmark(self.protocol, self.root, incomplete=self.incomplete)

    def run(self, output: Path, *, on_progress: Progress | None = None) -> Run:
        """How an evaluation is carried out."""
        return Run(
            output=output, limit=self.limit, incomplete=self.incomplete, on_progress=on_progress
        )


def make_exams(plan: AblationPlan, arms: Mapping[str, Arm]) -> dict[str, Exam]:
    """Every evaluation of a plan, in its order.

    Raises:
        TrainingError: a protocol does not exist or cannot be changed so; the evaluation is named.
    """
    found = {}
    for name, each in plan.evaluations.items():
        try:
            protocol = _protocol(name, each, plan, arms)
        except VfiError as error:
            raise TrainingError(f"evaluation '{name}': {error}") from error
        found[name] = Exam(
            name,
            each.title or protocol.description or name,
            protocol,
            Path(each.root),
            each.limit or None,
            each.controls,
            each.motion,
            each.incomplete,
        )
    return found


def measure_run(
    exam: Exam,
    weights: Path,
    output: Path,
    *,
    name: str,
    device: str = "auto",
    on_progress: Progress | None = None,
) -> list[Summary]:
    """Measure one trained model, with and without its context if the plan asks for that.

    Args:
        exam: under what.
        weights: a checkpoint.
        output: folder of the results; what it has is not measured again.
        name: what results are filed under.
        device: where to compute.
        on_progress: called with items done and in all.

    Raises:
        VfiError: see :func:`lift15.evaluation.runner.evaluate`.
    """
    model = load_model(weights, device=device)
    plain = ModelPredictor(model, name=name, weights=tensors_sha256(read(weights).tensors))
    predictors: list[Predictor] = [plain]
    if sum(plain.reach) > 2:
        predictors = [Listening(plain, model, output / ALPHAS)]
        if exam.controls:
            donors = find_donors(plain, exam.protocol, exam.open())
            predictors += [Controlled(plain, each, donors=donors) for each in exam.controls]
    return evaluate(
        predictors, [exam.protocol], exam.root, exam.run(output, on_progress=on_progress)
    )


def measure_baselines(
    exam: Exam, folder: AblationFolder, *, device: str = "auto", on_progress: Progress | None = None
) -> None:
    """Measure what every model is seen beside, and find out about the items.

    Raises:
        VfiError: see :func:`lift15.evaluation.runner.evaluate`.
    """
    output = folder.results(exam.name, BASELINES)
    evaluate(
        baselines(find_device(device)),
        [exam.protocol],
        exam.root,
        exam.run(output, on_progress=on_progress),
    )
    benchmark = exam.open()
    limit = exam.limit or len(benchmark.items)
    count = len(benchmark.items)
    # As the runner spreads a limit over the items
    items = [benchmark.items[k * count // limit] for k in range(min(limit, count))]
    path = folder.results(exam.name) / FACTS
    note_facts(path, items, benchmark, exam.protocol, motion=exam.motion)


def describe_exam(exam: Exam) -> dict[str, Any]:
    """What is needed to measure the same again, as plain data.

    Raises:
        VfiError: the data are not there.
    """
    benchmark = exam.open()
    return {
        "protocol": exam.protocol.plain(),
        "protocol_hash": exam.protocol.fingerprint,
        "root": str(exam.root) if exam.root != Path() else "",
        "layout": "pair" if exam.protocol.context == 1 else benchmark.items[0].layout,
        "items": len(benchmark.items) if exam.limit is None else exam.limit,
        "data": benchmark.fingerprint,
        "notes": list(benchmark.notes),
    }


def _protocol(
    name: str, each: EvaluationPlan, plan: AblationPlan, arms: Mapping[str, Arm]
) -> Protocol:
    options = {key: _sized(value) for key, value in each.options.items()}
    if each.protocol != HELD_OUT:
        if not each.root:
            raise TrainingError(f"protocol '{each.protocol}' needs a root, where its data are")
        return changed(find_protocol(each.protocol), options, measures=each.measures)
    layout = str(options.pop("layout", "") or _usual_layout(list(arms.values())))
    protocol = held_out_protocol(
        plan.training().data, name=HELD_OUT, layout=layout, reach=widest(list(arms.values()))
    )
    return changed(protocol, options, measures=each.measures)


def _usual_layout(arms: Sequence[Arm]) -> str:
    """That of the widest window; in a hole and evenly spaced the references are the same frames."""
    window = max((arm.spec.window for arm in arms), key=len)
    left, right = (window.positions[i] for i in window.references)
    beyond = [left - p for p in window.positions if p < left]
    beyond += [p - right for p in window.positions if p > right]
    return "even" if beyond and min(beyond) / (right - left) * 2 == EVEN else "hole"


def _sized(value: Any) -> Any:
    """TOML's lists as the tuples that protocols have."""
    return tuple(value) if isinstance(value, list) else value

"""Pictures for the questions of an ablation: what two variants made of the items that tell most."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from lift15.ablation.evaluating import Exam, make_exams
from lift15.ablation.folder import AblationFolder
from lift15.ablation.measured import Evaluation, Strip
from lift15.ablation.results import Question, answer_to
from lift15.ablation.work import device_of, final_weights
from lift15.evaluation.comparing import gains_of
from lift15.evaluation.comparing_pictures import Case, draw_comparison, make_pictures, telling
from lift15.evaluation.prediction import Predictor, load_predictor
from lift15.training.atomic import write_json
from lift15.training.watching.journal import write_image
from vfiblocks.errors import InputError

INDEX = "strips.json"


def do_pictures(folder: AblationFolder, *, say: Callable[[str], None] = print) -> None:
    """Draw, for every question and evaluation, the best, the median and the worst items.

    Both models are of the first seed that both have. What is drawn already is kept.

    Raises:
        VfiError: a model or a picture cannot be read.
    """
    from lift15.ablation.collect import collect

    results, plan = collect(folder.path), folder.plan()
    exams = make_exams(plan, folder.arms())
    for evaluation in results.evaluations:
        exam = exams[evaluation.name]
        drawn = {(strip.question, strip.item, strip.why): strip for strip in evaluation.strips}
        strips: list[Strip] = []
        for question in results.questions:
            if question.evaluation not in ("", evaluation.name):
                continue
            try:
                answer_to(question, evaluation, draws=100)
                pair = [
                    evaluation.scores(name, question.measure, subset=question.subset)
                    for name in (question.baseline, question.candidate)
                ]
            except InputError as error:
                say(f"no pictures for '{question.name}' under {evaluation.name}: {error}")
                continue
            better = evaluation.measure(question.measure).better
            chosen = telling(gains_of(*pair, better=better), plan.strips)
            seed = next((s for s in pair[0].seeds if s in pair[1].seeds), "")
            wanted = [_strip(question, case, evaluation, seed) for case in chosen]
            missing = [w for w in wanted if (w.question, w.item, w.why) not in drawn]
            missing += [w for w in wanted if w not in missing and not _there(folder, w)]
            if missing and seed:
                say(f"drawing '{question.name}' under {evaluation.name}")
                _draw(folder, exam, question, int(seed), missing, device=device_of(plan))
            strips += wanted if seed else []
        path = folder.pictures / evaluation.name
        path.mkdir(parents=True, exist_ok=True)
        write_json(path / INDEX, [strip.__dict__ for strip in strips])


def read_strips(folder: AblationFolder, evaluation: str) -> tuple[Strip, ...]:
    """Pictures of an evaluation that have been drawn."""
    path = folder.pictures / evaluation / INDEX
    if not path.exists():
        return ()
    plain: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return tuple(strip for strip in (Strip(**each) for each in plain) if _there(folder, strip))


def _strip(question: Question, case: Case, evaluation: Evaluation, seed: str) -> Strip:
    unit = evaluation.measure(question.measure).unit
    why = (
        f"{case.kind} case of {question.candidate} against {question.baseline}: "
        f"{case.gain:+.3g}{' ' + unit if unit else ''} of {question.measure}, mean of the seeds; "
        f"shown is seed {seed}"
    )
    digest = hashlib.sha256(f"{case.item} {why}".encode()).hexdigest()[:8]
    path = f"pictures/{evaluation.name}/{question.name}-{digest}.png"
    return Strip(case.item, why, path, question.name)


def _there(folder: AblationFolder, strip: Strip) -> bool:
    return (folder.path / strip.path).exists()


def _draw(
    folder: AblationFolder,
    exam: Exam,
    question: Question,
    seed: int,
    strips: list[Strip],
    *,
    device: str,
) -> None:
    benchmark = exam.open()
    items = {item.name: item for item in benchmark.items}
    names = question.baseline, question.candidate
    predictors = list(_predictors(folder, names, seed, device))
    for strip in strips:
        made = make_pictures(items[strip.item], predictors, exam.protocol, benchmark)
        write_image(folder.path / strip.path, draw_comparison(made, names))


def _predictors(
    folder: AblationFolder, names: tuple[str, str], seed: int, device: str
) -> Iterator[Predictor]:
    which = folder.plan().weights
    for name in names:
        weights = final_weights(folder.run(name, seed), which)
        yield load_predictor(weights, name=name, device=device)

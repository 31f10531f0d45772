"""What a user may name as one of two to be compared: results, a variant of an ablation, a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lift15.evaluation.baselines import baselines
from lift15.evaluation.comparing import Results, read_results
from lift15.evaluation.items import Benchmark
from lift15.evaluation.prediction import Predictor, load_predictor
from lift15.evaluation.protocols.base import Protocol
from lift15.evaluation.protocols.reading import read_benchmark
from lift15.evaluation.runner import Progress, Run, evaluate
from lift15.making import find_device
from vfiblocks.errors import InputError

BASELINES = ("repeat", "average", "classical")
"""Chosen out of a folder of results only if they are named."""


@dataclass(frozen=True)
class Ground:
    """Where a protocol measures.

    Attributes:
        protocol: with its changes.
        root: of the data.
        limit: of the items; None for all.
        facts: file with what is known of the items; None where there is none yet.
    """

    protocol: Protocol
    root: Path
    limit: int | None = None
    facts: Path | None = None

    def open(self) -> Benchmark:
        """The items, as far as they are there."""
        return read_benchmark(self.protocol, self.root, incomplete=True)


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        name: for words and tables.
        results: by protocol, or by evaluation of an ablation, and then by seed.
        grounds: where it was measured, by the same names, as far as that is known.
        predictor: makes the model that was measured with a seed, under the side's name, for
            pictures; None where only its scores are known.
    """

    name: str
    results: Mapping[str, Mapping[str, Results]]
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    predictor: Callable[[str], Predictor] | None = None


@dataclass(frozen=True)
class Measuring:
    """How a model is measured that has no results yet.

    Attributes:
        grounds: protocols by name, with the root of their data.
        output: folder for the scores.
        device: where to compute.
        untrained: allow random weights.
        on_progress: called with items done and in all.
    """

    grounds: Mapping[str, Ground]
    output: Path
    device: str = "auto"
    untrained: bool = False
    on_progress: Progress | None = None


def find_side(text: str, measuring: Measuring) -> Side:
    """What a text names.

    Args:
        text: a folder of results, ``FOLDER`` or ``FOLDER:MODEL``; an ablation,
            ``FOLDER:VARIANT``; a file of scores; otherwise a model, by name or checkpoint, which is
            measured.
        measuring: for models.

    Raises:
        InputError: it is not clear what is meant, or a model is to be measured and nobody said
            under what.
    """
    path, model = _split(text)
    if path.suffix == ".csv" and path.is_file():
        return _of_results(path.parent.parent, path.stem, text)
    if path.is_dir():
        if (path / "ablation.json").exists():
            return _of_ablation(path, model)
        return _of_results(path, model, text)
    return _of_model(text, measuring)


def _split(text: str) -> tuple[Path, str]:
    """A path, and what stands behind its last colon."""
    path, colon, model = text.rpartition(":")
    if colon and not Path(text).exists() and Path(path).is_dir():
        return Path(path), model
    return Path(text), ""


def _of_results(folder: Path, model: str, text: str) -> Side:
    found = read_results(folder)
    if not found:
        raise InputError(f"{folder} holds no results of vfi evaluate")
    names = list(dict.fromkeys(each.model for each in found))
    if not model:
        own = [name for name in names if name not in BASELINES] or names
        if len(own) > 1:
            raise InputError(
                f"{folder} holds results of {', '.join(own)}; name one, as in {text}:{own[0]}"
            )
        model = own[0]
    if model not in names:
        raise InputError(f"{folder} holds no results of '{model}', but of {', '.join(names)}")
    return Side(model, {each.protocol: {"0": each} for each in found if each.model == model})


def _of_ablation(path: Path, variant: str) -> Side:
    from lift15.ablation.evaluating import BASELINES as FLOOR
    from lift15.ablation.evaluating import make_exams
    from lift15.ablation.facts import NAME as FACTS
    from lift15.ablation.folder import AblationFolder, run_name
    from lift15.ablation.work import final_weights

    folder = AblationFolder(path)
    plan, arms = folder.plan(), folder.arms()
    known = [*plan.variants, *BASELINES]
    if variant not in known:
        what = f"no variant '{variant}', but" if variant else "several variants:"
        raise InputError(
            f"{path} holds {what} {', '.join(known)}; name one, as in {path}:{known[0]}"
        )
    exams = make_exams(plan, arms)
    grounds = {
        name: Ground(exam.protocol, exam.root, exam.limit, folder.results(name) / FACTS)
        for name, exam in exams.items()
    }
    found: dict[str, dict[str, Results]] = {}
    for name in exams:
        if variant in BASELINES:
            runs = {"0": (folder.results(name, FLOOR), variant)}
        else:
            runs = {
                str(seed): (folder.results(name, run_name(variant, seed)), run_name(variant, seed))
                for seed in plan.seeds
            }
        for seed, (output, model) in runs.items():
            for each in read_results(output):
                if each.model == model:
                    found.setdefault(name, {})[seed] = each

    def predictor(seed: str) -> Predictor:
        if variant in BASELINES:
            return _baseline(variant, "auto")
        weights = final_weights(folder.run(variant, int(seed)), plan.weights)
        return load_predictor(weights, name=variant)

    return Side(variant, found, grounds, predictor)


def _of_model(text: str, measuring: Measuring) -> Side:
    if not measuring.grounds:
        raise InputError(
            f"{text} is no folder of results; to measure it as a model, give --protocol and --root"
        )

    def predictor(seed: str = "0") -> Predictor:
        if text in BASELINES:
            return _baseline(text, measuring.device)
        return load_predictor(
            text, name=_title(text), device=measuring.device, untrained=measuring.untrained
        )

    made = predictor()
    results: dict[str, dict[str, Results]] = {}
    for name, ground in measuring.grounds.items():
        evaluate(
            [made],
            [ground.protocol],
            ground.root,
            Run(
                output=measuring.output,
                limit=ground.limit,
                incomplete=True,
                on_progress=measuring.on_progress,
            ),
        )
        for each in read_results(measuring.output):
            if (each.protocol, each.model) == (name, made.name):
                results[name] = {"0": each}
    return Side(made.name, results, measuring.grounds, predictor)


def _title(text: str) -> str:
    """What a model is called; "" for its own name. All run folders have a model.safetensors."""
    path = Path(text)
    generic = path.suffix == ".safetensors" and path.stem in ("model", "final")
    return path.absolute().parent.name if generic else ""


def _baseline(name: str, device: str) -> Predictor:
    return next(each for each in baselines(find_device(device)) if each.name == name)

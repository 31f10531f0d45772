"""From a plan to what is trained: a training plan and a spec for every variant."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lift15.ablation.plan import AblationPlan, VariantPlan
from lift15.training.atomic import write_text
from lift15.training.plan import NOTHING, ModelPlan, Phase, TrainPlan, changed
from lift15.training.start import overrides as spec_changes
from lift15.training.tables import differences, from_table, merge
from vfiblocks import ModelSpec, Window, build_model, find_spec, resolve
from vfiblocks.build import CHECKPOINT_SUFFIXES
from vfiblocks.errors import InputError, TrainingError, VfiError
from vfiblocks.hub import SCHEME


@dataclass(frozen=True)
class Arm:
    """A variant made concrete.

    Attributes:
        name: of the variant.
        title: a few words.
        plan: of its training, but for the seed.
        spec: of its model, resolved.
        changes: in what its model and training differ from the base, as ``key=value`` each.
        notes: what was adapted without being asked for, in sentences.
    """

    name: str
    title: str
    plan: TrainPlan
    spec: ModelSpec
    changes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def seeded(self, seed: int) -> TrainPlan:
        """The plan of one run."""
        return dataclasses.replace(self.plan, run=dataclasses.replace(self.plan.run, seed=seed))


def make_arms(plan: AblationPlan, specs: Path) -> dict[str, Arm]:
    """Every variant of a plan, in its order.

    Args:
        plan: of the ablation.
        specs: folder for spec files. One is written for each variant that is made for other frames
            than its named model, which a training plan has no word for.

    Raises:
        VfiError: a variant cannot be made; it is named.
    """
    base = plan.training()
    plain = spec_of(base.model)
    arms = {}
    for name, variant in plan.variants.items():
        try:
            arms[name] = _make(name, variant, base, plain, specs)
        except VfiError as error:
            raise TrainingError(f"variant '{name}': {error}") from error
    return arms


def widest(arms: Sequence[Arm]) -> tuple[int, int]:
    """The most frames before and after the target that any variant reads.

    Targets are chosen that have so many, so that all variants are asked for the same pictures.
    """
    windows = [arm.spec.window for arm in arms]
    return max(window.left for window in windows), max(window.right for window in windows)


def spec_of(model: ModelPlan) -> ModelSpec:
    """The spec, resolved, of what a training plan trains.

    Raises:
        VfiError: what building says of names and options.
    """
    changes = spec_changes(model.overrides)
    if _is_checkpoint(model.name):
        return build_model(model.name, **changes).spec
    return resolve(find_spec(model.name).override(**changes))


def read_window(table: Mapping[str, Any]) -> Window:
    """A window as a plan writes it.

    Raises:
        TrainingError: it is none.

    Example:
        >>> read_window({"hole": [7, 3]}) == Window.hole(7, 3)
        True
        >>> read_window({"even": [2, 2]}).positions
        (-3.0, -1.0, 1.0, 3.0)
    """
    forms = "{hole = [length, target]}, {even = [left, right]} or {positions = [...], target = ...}"
    try:
        match dict(table):
            case {"hole": [int(length), int(target)], **rest} if not rest:
                return Window.hole(length, target)
            case {"even": [int(left), int(right)], **rest} if not rest:
                return Window.even(left, right)
            case {"positions": positions, "target": target, **rest} if not rest:
                return Window(tuple(positions), target)
    except (InputError, TypeError) as error:
        raise TrainingError(f"window: {error}") from error
    raise TrainingError(f"window is given as {forms}, got {dict(table)!r}")


def merged_overrides(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides of a spec on top of others, stage by stage, option by option.

    >>> merged_overrides({"aggregator": {"gate": True}}, {"aggregator": {"layers": 2}})
    {'aggregator': {'gate': True, 'layers': 2}}
    >>> merged_overrides({"aggregator": "mean"}, {"aggregator": {"stride": 8}})
    {'aggregator': {'name': 'mean', 'options': {'stride': 8}}}
    """
    merged = dict(base)
    for stage, change in more.items():
        before = merged.get(stage)
        options_only = isinstance(change, Mapping) and "name" not in change
        if not options_only or before is None:
            merged[stage] = change
        elif isinstance(before, str):
            if before == NOTHING:
                raise TrainingError(f"overrides give options for {stage}, which is left empty")
            merged[stage] = {"name": before, "options": dict(change)}
        elif "name" in before:
            merged[stage] = {**before, "options": {**before.get("options", {}), **change}}
        else:
            merged[stage] = {**before, **change}
    return merged


def _make(name: str, variant: VariantPlan, base: TrainPlan, plain: ModelSpec, specs: Path) -> Arm:
    table = json.loads(json.dumps(base.to_table()))
    table = merge(TrainPlan, table, variant.plan)
    model = dict(table["model"])
    model["name"] = variant.model or model["name"]
    model["overrides"] = merged_overrides(model["overrides"], variant.overrides)
    plan = changed(from_table(TrainPlan, {**table, "model": model}), variant.settings)
    plan = _with_rates(plan, variant.rates)
    spec = spec_of(plan.model)
    if variant.window:
        if _is_checkpoint(plan.model.name):
            raise TrainingError("a checkpoint has its window already; leave out window")
        spec = spec.override(window=read_window(variant.window))
        path = specs.absolute() / f"{name}.json"
        plan = dataclasses.replace(
            plan, model=dataclasses.replace(plan.model, name=str(path), overrides={})
        )
        _write_spec(path, spec)
    plan, notes = _fitted(plan, len(spec.window))
    return Arm(
        name, variant.title or name, plan, spec, _changes(base, plan, plain, spec), tuple(notes)
    )


def _write_spec(path: Path, spec: ModelSpec) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = spec.to_json(indent=1) + "\n"
    if not path.exists() or path.read_text("utf-8") != text:
        write_text(path, text)


def _is_checkpoint(name: str) -> bool:
    return name.startswith(SCHEME) or Path(name).suffix in CHECKPOINT_SUFFIXES


def _with_rates(plan: TrainPlan, rates: Mapping[str, float]) -> TrainPlan:
    if not rates:
        return plan
    phases = tuple(
        dataclasses.replace(
            phase,
            rates={
                **phase.rates,
                **{key: phase.rates.get(key, 1.0) * factor for key, factor in rates.items()},
            },
        )
        for phase in plan.schedule.phases
    )
    return dataclasses.replace(plan, schedule=dataclasses.replace(plan.schedule, phases=phases))


def _fitted(plan: TrainPlan, frames: int) -> tuple[TrainPlan, list[str]]:
    """Training layouts that ask for no more frames than the window has."""
    notes: list[str] = []
    layout = plan.data.layout
    counts, shares = fit_frames(layout.frames, layout.shares, frames)
    if counts != layout.frames:
        notes.append(_said("layout.frames", layout.frames, counts))
        layout = dataclasses.replace(layout, frames=counts, shares=shares)
        plan = dataclasses.replace(plan, data=dataclasses.replace(plan.data, layout=layout))
    phases: list[Phase] = []
    for phase in plan.schedule.phases:
        asked = phase.data.get("layout", {})
        wanted = tuple(asked.get("frames", ()))
        counts, shares = fit_frames(wanted, tuple(asked.get("shares", ())), frames)
        if counts != wanted:
            notes.append(_said(f"phase '{phase.name}'", wanted, counts))
            fitted = {**asked, "frames": list(counts), "shares": list(shares)}
            phase = dataclasses.replace(phase, data={**phase.data, "layout": fitted})
        phases.append(phase)
    schedule = dataclasses.replace(plan.schedule, phases=tuple(phases))
    return dataclasses.replace(plan, schedule=schedule), notes


def fit_frames(
    counts: tuple[int, ...], shares: tuple[float, ...], most: int
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Numbers of frames with those above the most set to the most, and how often each comes.

    >>> fit_frames((2, 4, 8, 14), (), 6)
    ((2, 4, 6), (0.25, 0.25, 0.5))
    >>> fit_frames((2, 4), (), 6)
    ((2, 4), ())
    """
    if all(count <= most for count in counts):
        return counts, shares
    weights = shares or tuple(1 / len(counts) for _ in counts)
    sums: dict[int, float] = {}
    for count, weight in zip(counts, weights, strict=True):
        sums[min(count, most)] = sums.get(min(count, most), 0.0) + weight
    return tuple(sums), tuple(sums.values())


def _said(where: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    return (
        f"{where} draws {', '.join(map(str, after))} frames in place of "
        f"{', '.join(map(str, before))}: the window has no more"
    )


def _changes(
    base: TrainPlan, plan: TrainPlan, plain: ModelSpec, spec: ModelSpec
) -> tuple[str, ...]:
    """What sets a variant apart; what follows from its window, such as fitted layouts, included."""
    found = []
    for key, _, now in differences(plain.to_dict(), spec.to_dict()):
        if key.startswith("window"):
            words = f"window={describe_window(spec.window)}"
        elif key == "description":
            continue
        else:
            words = f"{key.replace('.options', '')}={_value(now)}"
        if words not in found:
            found.append(words)
    for key, _, now in differences(base.to_table(), plan.to_table()):
        if not key.startswith(("model.name", "model.overrides")):
            found.append(f"{key}={_value(now)}")
    return tuple(found)


def describe_window(window: Window) -> str:
    """A window in the words of its constructor.

    >>> describe_window(Window.hole(15, 8)), describe_window(Window.even(2, 1))
    ('hole(15, 8)', 'even(2, 1)')
    """
    length, target = len(window) + 1, int(window.target)
    for text, made in (
        (f"hole({length}, {target})", _or_none(Window.hole, length, target)),
        (f"even({window.left}, {window.right})", Window.even(window.left, window.right)),
    ):
        if made == window:
            return text
    positions = ", ".join(f"{position:g}" for position in window.positions)
    return f"{positions} -> {window.target:g}"


def _or_none(make: Any, *arguments: int) -> Window | None:
    try:
        return make(*arguments)  # type: ignore[no-any-return]
    except InputError:
        return None


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping) and "name" in value:
        return str(value["name"])
    return json.dumps(value) if isinstance(value, list | tuple | Mapping | bool) else str(value)

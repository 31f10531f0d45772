"""The model a run starts from, and which of its weights come from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lift15.training.chance import reseed
from lift15.training.plan import NOTHING, ModelPlan
from vfiblocks import Interpolator, Part, build_model, load_part
from vfiblocks.build import CHECKPOINT_SUFFIXES
from vfiblocks.errors import TrainingError
from vfiblocks.hub import SCHEME
from vfiblocks.spec import STAGES


@dataclass(frozen=True)
class Start:
    """A model and what is known of its weights.

    Attributes:
        model: in training mode.
        filled: names of the parameters that were filled from a file, as they are there.
        notes: what was filled and what was not, for people.
    """

    model: Interpolator
    filled: frozenset[str] = frozenset()
    notes: tuple[str, ...] = field(default=())


def start_model(plan: ModelPlan, *, seed: int) -> Start:
    """Build the model of a plan and fill what it says is filled.

    Args:
        plan: which, and from which files.
        seed: of the random weights.

    Raises:
        TrainingError: the model has nothing to train.
        VfiError: what building and loading say of names and files.

    Example:
        >>> start = start_model(ModelPlan("lift15-tiny", {"refiner": {"blocks": 2}}), seed=0)
        >>> start.model.spec.refiner.options["blocks"], len(start.filled)
        (2, 0)
    """
    reseed(seed)
    model = build_model(plan.name, **overrides(plan.overrides))
    if not any(p.requires_grad for p in model.parameters()):
        raise TrainingError(f"model '{plan.name}' has no weights to train")
    filled: set[str] = set()
    notes = []
    if plan.name.startswith(SCHEME) or Path(plan.name).suffix in CHECKPOINT_SUFFIXES:
        filled |= {name for name, _ in model.named_parameters()}
    if plan.start_from:
        report = load_part(model, plan.start_from)
        filled |= set(report.filled)
        notes.append(f"{plan.start_from}: {report}")
    if plan.encoder_from_rife:
        from lift15.rife import init_encoder_from_rife

        found = init_encoder_from_rife(model, plan.encoder_from_rife)
        filled |= found.filled
        notes.append(
            f"{plan.encoder_from_rife}: {len(found.filled)} tensors of the encoder filled, "
            f"{len(found.left)} left as they were"
        )
    names = {name for name, _ in model.named_parameters()}
    return Start(model.train(), frozenset(filled & names), tuple(notes))


def overrides(table: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to a spec as a plan writes them, in the form in which a spec takes them.

    Raises:
        TrainingError: a key that is no stage.

    Example:
        >>> overrides({"refiner": "none", "flow": {"name": "ifnet", "options": {"scales": [2, 1]}}})
        {'refiner': None, 'flow': Part('ifnet', scales=(2, 1))}
    """
    changes: dict[str, Any] = {}
    for stage, change in table.items():
        if stage not in STAGES:
            raise TrainingError(
                f"model.overrides speaks of stages, {', '.join(STAGES)}; got {stage!r}"
            )
        if change == NOTHING:
            changes[stage] = None
        elif isinstance(change, Mapping) and "name" in change:
            changes[stage] = Part(change["name"], **change.get("options", {}))
        else:
            changes[stage] = change
    return changes

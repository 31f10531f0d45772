"""Which parameters share a learning rate, which are decayed, and which stand still."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from torch import nn

from lift15.training.phases import Schedule
from lift15.training.plan import OptimizerPlan, Phase
from vfiblocks import Interpolator
from vfiblocks.errors import TrainingError
from vfiblocks.spec import STAGES

S1 = "s1"
"""Stands for the layers of the encoder at stride 1, which LIFT-15 section 2.6 calls new."""

OBJECTIVE = "objective"
"""First word of the parameters that an objective has, such as RIFE's teacher."""


@dataclass(frozen=True)
class Group:
    """Parameters with one learning rate.

    Attributes:
        key: what phases call them; "" for those no phase speaks of.
        names: of the parameters.
        decayed: whether weight decay applies.
    """

    key: str
    names: tuple[str, ...]
    decayed: bool


class Groups:
    """The parameters of a run, sorted by what phases say of them.

    Args:
        named: all parameters, the objective's with :data:`OBJECTIVE` as first word.
        schedule: whose phases are looked at.
        filled: names of the parameters that were filled from a file.

    Raises:
        TrainingError: a phase names something that the model does not have.

    Example:
        >>> from vfiblocks import build_model
        >>> from lift15.training.plan import SchedulePlan
        >>> model = build_model("lift15-tiny")
        >>> plan = SchedulePlan(steps=9, phases=(Phase(rates={"encoder": 0.1}),))
        >>> groups = Groups(dict(model.named_parameters()), Schedule(plan))
        >>> [(group.key, group.decayed) for group in groups.all]
        [('', False), ('', True), ('encoder', False), ('encoder', True)]
        >>> groups.rate("encoder", 0)
        0.1
    """

    def __init__(
        self,
        named: Mapping[str, nn.Parameter],
        schedule: Schedule,
        *,
        filled: Collection[str] = (),
    ) -> None:
        self.schedule = schedule
        self.filled = frozenset(filled)
        keys = {k for s in schedule.stretches for k in (*s.phase.rates, *s.phase.freeze)}
        for key in sorted(keys):
            _check_key(key, named)
        keys = {k for s in schedule.stretches for k in s.phase.rates}
        sorted_out: dict[tuple[str, bool], list[str]] = {}
        for name, parameter in named.items():
            found = max((k for k in keys if covers(k, name)), key=_length, default="")
            sorted_out.setdefault((found, is_decayed(name, parameter)), []).append(name)
        self.all = tuple(
            Group(key, tuple(sorted_out[key, decayed]), decayed)
            for key, decayed in sorted(sorted_out)
        )

    def rate(self, key: str, step: int) -> float:
        """Factor on the plan's learning rate of a group at a step."""
        return self.schedule.factor(step) * _rate(self.schedule.at(step).phase, key)

    def frozen(self, step: int) -> frozenset[str]:
        """Names of the parameters that stand still at a step."""
        freeze = self.schedule.at(step).phase.freeze
        return frozenset(n for n in self.filled if any(covers(key, n) for key in freeze))

    def options(
        self, named: Mapping[str, nn.Parameter], plan: OptimizerPlan
    ) -> list[dict[str, object]]:
        """Parameter groups as an optimizer takes them."""
        return [
            {
                "params": [named[name] for name in group.names],
                "lr": plan.lr * self.rate(group.key, 0),
                "weight_decay": plan.weight_decay if group.decayed else 0.0,
                "key": group.key,
            }
            for group in self.all
        ]


def is_decayed(name: str, parameter: nn.Parameter) -> bool:
    """Whether weight decay helps: matrices and kernels, but no norm, bias, slope or gate.

    All of those have one number per channel; a gate is told by its name, for its shape.

    >>> is_decayed("encoder.levels.1.0.0.weight", nn.Parameter(nn.Conv2d(3, 8, 3).weight))
    True
    >>> is_decayed("aggregator.gate", nn.Parameter(nn.Conv2d(3, 8, 3).weight))
    False
    """
    last = name.rpartition(".")[2]
    return parameter.squeeze().ndim > 1 and "gate" not in last and "bias" not in last


def covers(key: str, name: str) -> bool:
    """Whether a phase's word for parameters means the one of this name.

    >>> covers("encoder.levels", "encoder.levels.1.0.0.weight"), covers("enc", "encoder.x")
    (True, False)
    """
    if key == S1:
        return name.startswith("encoder.levels.1.")
    return name == key or name.startswith(f"{key}.")


def named_parameters(model: Interpolator, objective: nn.Module) -> dict[str, nn.Parameter]:
    """All that is trained, by the names that groups know."""
    extra = {f"{OBJECTIVE}.{name}": p for name, p in objective.named_parameters()}
    everything = {**dict(model.named_parameters()), **extra}
    return {name: p for name, p in everything.items() if p.requires_grad}


def _rate(phase: Phase, key: str) -> float:
    """The factor of the longest word that covers all a group's word does."""
    if key in phase.rates:
        return phase.rates[key]
    wider = [
        k for k in phase.rates if covers(k, key) or (key == S1 and covers(k, "encoder.levels.1"))
    ]
    return phase.rates[max(wider, key=_length)] if wider else 1.0


def _length(key: str) -> int:
    return len("encoder.levels.1") if key == S1 else len(key)


def _check_key(key: str, names: Iterable[str]) -> None:
    names = list(names)
    if any(covers(key, name) for name in names) or key in (S1, OBJECTIVE, *STAGES):
        return  # a stage that this model does not have is no mistake: presets are for all models
    words = {".".join(n.split(".")[:depth]) for n in names for depth in range(1, n.count(".") + 1)}
    near = difflib.get_close_matches(key, sorted(words), n=1, cutoff=0.4)
    meant = f"did you mean {near[0]!r}? " if near else ""
    raise TrainingError(
        f"a phase speaks of {key!r}, but the model has no such parameter; {meant}it may speak of "
        f"{', '.join((S1, *STAGES))}, and anything that a parameter's name begins with"
    )

"""What a model is trained on: named terms, weighed and added up."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lift15.training.rife_objective import RIFEObjective
from lift15.training.term import Term, gap_in
from vfiblocks import LOSSES, Interpolation, Interpolator, Truth, Window
from vfiblocks.errors import (
    AssemblyError,
    CheckpointError,
    MissingDependency,
    TrainingError,
    UnknownComponent,
)

Table = Mapping[str, Any]
"""Name of a term -> its weight, or a mapping of "weight", "from", "until", "ramp" (see
:class:`Term`) and the options of the loss."""

DEFAULT: Table = {"l1": 1.0, "lpips": {"weight": 0.1, "net": "alex"}}
"""LIFT-15's own (section 7.1)."""

WITHOUT_LPIPS: Table = {"l1": 1.0, "laplacian": 1.0}
"""For those who have no weights for LPIPS; it is chosen, never fallen back to."""

RIFE: Table = {"rife": 1.0}
"""RIFE's own: student, teacher and distillation, for models whose flow is ``ifnet``."""

OBJECTIVES: dict[str, Table] = {
    "default": DEFAULT,
    "rife": RIFE,
    "without-lpips": WITHOUT_LPIPS,
}
"""The tables above by name."""

_WHEN = {"weight": "weight", "from": "starts", "until": "ends", "ramp": "ramp"}


class Measured(NamedTuple):
    """What an objective found.

    Attributes:
        total: what is minimised, a scalar with its gradient.
        terms: name -> scalar, before weighing and without gradient. Pieces of a term stand before
            it, as "rife/student". A term without weight at the moment is not among them.
    """

    total: Tensor
    terms: dict[str, Tensor]

    def first_bad(self) -> str | None:
        """The first term that is not finite; None if all are.

        >>> terms = {"l1": torch.tensor(0.1), "lpips": torch.tensor(float("nan"))}
        >>> Measured(torch.tensor(float("nan")), terms).first_bad()
        'lpips'
        """
        values = {**self.terms, "total": self.total.detach()}
        finite = torch.stack([value.float() for value in values.values()]).isfinite().tolist()
        return next((name for name, fine in zip(values, finite, strict=True) if not fine), None)


class Objective(nn.Module):
    """A weighted sum of terms. Its parameters, if any, are trained along with the model's.

    Args:
        terms: name -> term; at any time some term has to count.

    Attributes:
        terms: as given.
        progress: share of training that is done; see :meth:`at`. It is no part of the state: who
            resumes a run knows it.

    Raises:
        TrainingError: no term counts at some time.

    Example:
        >>> from vfiblocks import build_model
        >>> from vfiblocks.losses import L1, Census
        >>> model = build_model("lift15-tiny").train()
        >>> objective = Objective({"l1": Term(L1()), "census": Term(Census(), 0.1, starts=0.5)})
        >>> result = model(torch.rand(1, 14, 3, 32, 32))
        >>> truth = Truth(torch.rand(1, 3, 32, 32))
        >>> list(objective(result, truth, model.window).terms)
        ['l1']
        >>> list(objective.at(0.5)(result, truth, model.window).terms)
        ['l1', 'census']
    """

    def __init__(self, terms: Mapping[str, Term]) -> None:
        super().__init__()
        self.terms = dict(terms)
        self.parts = nn.ModuleDict({name: term.part for name, term in self.terms.items()})
        self.progress = 0.0
        gap = gap_in(self.terms.values())
        if gap is not None:
            raise TrainingError(
                f"after {gap:.0%} of training no term of the objective counts, of "
                f"{', '.join(self.terms) or 'none'}; let one count all the time"
            )

    def at(self, progress: float) -> Objective:
        """Weigh as is due when this share of training is done; returns itself.

        Raises:
            TrainingError: ``progress`` is not from 0 to 1.
        """
        if not 0 <= progress <= 1:
            raise TrainingError(f"progress is a share of training, from 0 to 1, got {progress}")
        self.progress = progress
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Name -> weight at the moment."""
        return {name: term.at(self.progress) for name, term in self.terms.items()}

    def forward(self, result: Interpolation, truth: Truth, window: Window) -> Measured:
        """Measure every term that counts at the moment; others cost nothing.

        What is not finite is handed out as it is; see :meth:`Measured.first_bad`.

        Args:
            result: what the model returned in training mode.
            truth: what is known of the moment that was asked for.
            window: the one that the model was given.
        """
        found: dict[str, Tensor] = {}
        weighed = []
        for name, weight in self.weights.items():
            if not weight:
                continue
            part = self.parts[name]
            if isinstance(part, RIFEObjective):
                pieces = part(result, truth.image, time=window.time)._asdict()
                value = pieces.pop("total")
                found.update({f"{name}/{piece}": pieces[piece].detach() for piece in pieces})
            else:
                value = part(result, truth)
            found[name] = value.detach()
            weighed.append(weight * value)
        return Measured(torch.stack(weighed).sum(), found)


def build_objective(table: Table | str, model: Interpolator) -> Objective:
    """Make an objective of a table, or of the name of one.

    Args:
        table: name -> weight, or name -> mapping; see :data:`Table`. Names are those of losses, and
            "rife" for :class:`RIFEObjective`. Or a key of :data:`OBJECTIVES`.
        model: what will be trained; RIFE's teacher is made to fit it.

    Raises:
        UnknownComponent: a term or an objective that does not exist; what does is listed.
        AssemblyError: an option that a loss does not have, or RIFE's term with another flow.
        TrainingError: a weight or times that are none, or options of a wrong kind.
        CheckpointError: weights that a term needs are not there. For ``lpips`` the message says how
            to train without it; nothing is replaced silently.
        MissingDependency: likewise for packages.

    Example:
        >>> from vfiblocks import build_model
        >>> table = {"l1": 1.0, "smoothness": {"weight": 0.001, "order": 2, "until": 0.2}}
        >>> build_objective(table, build_model("lift15-tiny")).weights
        {'l1': 1.0, 'smoothness': 0.001}
    """
    if isinstance(table, str):
        if table not in OBJECTIVES:
            raise UnknownComponent(
                f"unknown objective {table!r}; available: {', '.join(OBJECTIVES)}"
            )
        table = OBJECTIVES[table]
    return Objective({name: _term(name, entry, model) for name, entry in table.items()})


def _term(name: str, entry: Any, model: Interpolator) -> Term:
    options = dict(entry) if isinstance(entry, Mapping) else {"weight": entry}
    if name != "rife":
        name, options = LOSSES.current(name, options)
    takes = _options(name)
    when = {_WHEN[key]: options.pop(key) for key in _WHEN if key in options}
    for option in options:
        if option not in takes:
            raise AssemblyError(
                f"term '{name}' has no option {option!r}; it takes {', '.join([*takes, *_WHEN])}"
            )
    try:
        part = RIFEObjective(model, **options) if name == "rife" else LOSSES.get(name)(**options)
    except (CheckpointError, MissingDependency) as error:
        if name != "lpips":
            raise
        instead = ", ".join(f"{term} = {weight}" for term, weight in WITHOUT_LPIPS.items())
        raise type(error)(
            f"{error}; or choose to train without it: objective 'without-lpips', which is {instead}"
        ) from error
    except TypeError as error:
        raise TrainingError(f"term '{name}' cannot be made with {options}: {error}") from error
    try:
        return Term(part, **when)
    except TrainingError as error:
        raise TrainingError(f"term '{name}': {error}") from error


def _options(name: str) -> list[str]:
    if name == "rife":
        parameters = inspect.signature(RIFEObjective).parameters.values()
        return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
    try:
        return list(LOSSES.options(name))
    except UnknownComponent as error:
        raise UnknownComponent(f"{error}; or 'rife', RIFE's own objective") from error

"""What an ablation does, as data: variants of one training plan, seeds, evaluations, questions."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from lift15.training.plan import TrainPlan, make_plan
from lift15.training.tables import assign, from_table, to_table, to_toml
from vfiblocks.errors import TrainingError

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*", re.IGNORECASE)
CONTROLS = ("without", "repeated", "shuffled", "foreign")
"""What may be done to the frames beyond the references; see :mod:`lift15.ablation.controls`."""

BASELINES = ("repeat", "average", "classical")
"""Names that variants must not have: these stand beside them."""

SECTIONS = tuple(each.name for each in fields(TrainPlan))


@dataclass(frozen=True)
class VariantPlan:
    """In what one variant differs from the base.

    Attributes:
        title: a few words, for tables.
        model: another model than the base's: a registered name, a spec file or a checkpoint. The
            base's overrides apply to it as well.
        overrides: changes to its spec per stage, on top of the base's: a table of options, another
            part's name, or "none".
        window: frames that it is made for: ``{hole = [15, 8]}``, ``{even = [8, 6]}``, or
            ``{positions = [...], target = ...}``.
        plan: fields of its training plan, nested like a plan file.
        settings: single values on top: ``"schedule.phases.0.lr=0.5"``.
        rates: factors on the learning rate in every phase, by the first words of parameter names.
    """

    title: str = ""
    model: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    window: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationPlan:
    """A protocol under which everybody is measured.

    Attributes:
        protocol: a name that ``vfi protocols`` lists, or "held-out" for what is validated on.
        root: where the data are; empty for "held-out".
        title: a few words.
        options: changes to the protocol, as ``vfi evaluate --set`` takes them.
        measures: metrics besides those of the protocol.
        limit: so many items only, spread evenly; 0 for all.
        controls: what is done to frames beyond the references in further passes, to see what
            context is worth: "without", "repeated", "shuffled", "foreign".
        motion: find out how the items move: the true motion where the source knows it, else DIS.
        incomplete: measure what is there of a partial download.
    """

    protocol: str = "held-out"
    root: str = ""
    title: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    measures: tuple[str, ...] = ("psnr-edges",)
    limit: int = 0
    controls: tuple[str, ...] = ()
    motion: bool = True
    incomplete: bool = False


@dataclass(frozen=True)
class QuestionPlan:
    """What is asked; see :class:`lift15.ablation.results.Question`.

    Attributes:
        text: as a sentence.
        candidate: name of a variant.
        baseline: name of another; "" for the ablation's.
        measure: by which it is answered.
        evaluation: on which evaluation; "" for each.
        subset: on which subset of it.
        margin: of equivalence; 0 for the measure's usual one.
    """

    text: str = ""
    candidate: str = ""
    baseline: str = ""
    measure: str = "psnr"
    evaluation: str = ""
    subset: str = ""
    margin: float = 0.0


@dataclass(frozen=True)
class CostPlan:
    """How the cost of a call is measured.

    Attributes:
        size: height and width of the frames.
        rounds: how often each variant is called, in turn with the others; 0 measures nothing.
    """

    size: tuple[int, int] = (256, 448)
    rounds: int = 9


@dataclass(frozen=True)
class AblationPlan:
    """A whole ablation.

    Attributes:
        name: short; the folder's name unless it is given.
        title: a few words.
        about: a paragraph: what is asked, and why.
        preset: of the training plans; see :mod:`lift15.training.presets`.
        base: fields of a training plan on top of the preset, for all variants.
        baseline: the variant that others are compared with; "" for the first.
        seeds: one training of each variant for each.
        variants: by name.
        evaluations: by name.
        questions: by name; none asks for every variant against the baseline.
        weights: which are evaluated: the "last", or the "best" by validation, which are chosen with
            a look at the validation data.
        strips: pictures per question and evaluation, of the items with the largest gains, as many
            with the largest losses, and the one in the middle; 0 draws none.
        cost: how the cost of a call is measured.
        needs: keys that the user has to give, with what is said if they are empty.
    """

    name: str = ""
    title: str = ""
    about: str = ""
    preset: str = ""
    base: Mapping[str, Any] = field(default_factory=dict)
    baseline: str = ""
    seeds: tuple[int, ...] = (0, 1, 2)
    variants: Mapping[str, VariantPlan] = field(default_factory=dict)
    evaluations: Mapping[str, EvaluationPlan] = field(
        default_factory=lambda: {"held-out": EvaluationPlan()}
    )
    questions: Mapping[str, QuestionPlan] = field(default_factory=dict)
    weights: Literal["last", "best"] = "last"
    strips: int = 2
    cost: CostPlan = CostPlan()
    needs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def reference(self) -> str:
        """Name of the variant that others are compared with."""
        return self.baseline or next(iter(self.variants))

    def training(self) -> TrainPlan:
        """What all variants have in common."""
        return make_plan(self.preset or None, tables=[self.base])

    def to_toml(self) -> str:
        """The plan as people read it."""
        return to_toml(to_table(self))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits naming the whole plan."""
        text = json.dumps(to_table(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def shipped() -> dict[str, str]:
    """Plans that come with the package: name -> title.

    >>> "context" in shipped(), "small" in shipped()
    (True, True)
    """
    folder = resources.files("lift15.ablation") / "plans"
    files = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): tomllib.loads((folder / name).read_text("utf-8"))["title"]
        for name in files
    }


def make_ablation(
    source: str | Path,
    *,
    preset: str | None = None,
    training: Mapping[str, Any] | None = None,
    evaluations: Sequence[str] = (),
    settings: Sequence[str] = (),
) -> AblationPlan:
    """A plan by name or file, with what a command line says on top of it.

    The result holds the whole training plan that variants have in common, so that it means the same
    wherever and whenever it is read again.

    Args:
        source: a key of :func:`shipped`, or a TOML file.
        preset: another one for the training plans.
        training: fields of the training plan, nested like a plan file.
        evaluations: further ones, as ``PROTOCOL:PATH``.
        settings: single values. Keys that begin with a section of a training plan, such as
            ``schedule.steps=200``, change what all variants have in common; others change the
            ablation: ``seeds=[0, 1]``.

    Raises:
        TrainingError: there is no such plan, or it cannot be one.

    Example:
        >>> plan = make_ablation(
        ...     "context", preset="cpu", training={"data": {"train": ["generated:"]}},
        ...     settings=["schedule.steps=50", "seeds=[7]"])
        >>> plan.reference, plan.seeds, plan.training().schedule.steps
        ('three', (7,), 50)
    """
    table = _read(source)
    table.setdefault("name", Path(source).stem)
    table.setdefault("evaluations", {"held-out": {}})
    known = [each.name for each in fields(AblationPlan)]
    own: list[str] = []
    common: list[str] = []
    for setting in settings:
        word = re.split(r"[.=]", setting.strip(), maxsplit=1)[0].strip()
        if word not in SECTIONS and word not in known:
            near = difflib.get_close_matches(word, [*SECTIONS, *known], n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
            raise TrainingError(f"an ablation has no {word}{hint}")
        (common if word in SECTIONS else own).append(setting)
    for setting in own:
        assign(table, setting)
    if evaluations:
        table["evaluations"].update(_evaluations(evaluations))
    plan = from_table(AblationPlan, table)
    base = make_plan(
        preset or plan.preset or None, tables=[plan.base, training or {}], settings=common
    )
    for key, message in plan.needs.items():
        if not _value({**table, "base": base.to_table()}, key):
            raise TrainingError(f"{message}: --set {key.removeprefix('base.')}=...")
    if not base.data.train:
        raise TrainingError(
            "there is nothing to learn from: give --data KIND:PATH, such as videos:clips, or "
            "generated: for clips that are drawn"
        )
    table = {**to_table(plan), "preset": "", "base": base.to_table(), "needs": {}}
    return from_table(AblationPlan, table)


def read_ablation(text: str) -> AblationPlan:
    """A plan from TOML, as :meth:`AblationPlan.to_toml` writes it.

    Raises:
        TrainingError: if it is no TOML or no plan.
    """
    try:
        return from_table(AblationPlan, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"a plan must be TOML; {error}") from error


def _read(source: str | Path) -> dict[str, Any]:
    path = Path(source)
    known = shipped()
    if str(source) in known and not path.is_file():
        text = (resources.files("lift15.ablation") / "plans" / f"{source}.toml").read_text("utf-8")
        return tomllib.loads(text)
    if not path.suffix and not path.exists():
        near = difflib.get_close_matches(str(source), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise TrainingError(f"no ablation is called {str(source)!r}; {hint}")
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TrainingError(f"cannot read the plan {source}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"the plan {source} is not TOML: {error}") from error


def _evaluations(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    found = {}
    for text in texts:
        protocol, colon, root = text.partition(":")
        if not colon or not root:
            raise TrainingError(
                f"an evaluation is given as PROTOCOL:PATH, such as clips:videos, got {text!r}"
            )
        found[protocol] = {"protocol": protocol, "root": root}
    return found


def _value(table: Mapping[str, Any], key: str) -> Any:
    here: Any = table
    for word in key.split("."):
        here = here.get(word, {}) if isinstance(here, Mapping) else {}
    return here


def _check(plan: AblationPlan) -> None:
    """Refuse names that lead nowhere.

    Raises:
        TrainingError: naming the first of them.
    """
    if len(plan.variants) < 2:
        raise TrainingError(
            f"an ablation compares two variants or more, got {len(plan.variants)}; give "
            "[variants.NAME] tables"
        )
    for what, names in (("variant", plan.variants), ("evaluation", plan.evaluations)):
        for name in names:
            if not NAME.fullmatch(name):
                raise TrainingError(
                    f"{what}s are filed under their names, and {name!r} is none for a file; use "
                    "letters, digits, dots and dashes"
                )
    if taken := [name for name in plan.variants if name in BASELINES]:
        raise TrainingError(f"{taken[0]!r} is the name of a baseline; call the variant otherwise")
    if not plan.seeds or len(set(plan.seeds)) < len(plan.seeds) or min(plan.seeds) < 0:
        raise TrainingError(f"seeds are whole numbers from 0, each once, got {list(plan.seeds)}")
    _known("baseline", plan.baseline or plan.reference, plan.variants, "variant")
    if not plan.evaluations:
        raise TrainingError("an ablation needs an evaluation, such as [evaluations.held-out]")
    for name, each in plan.evaluations.items():
        if unknown := [control for control in each.controls if control not in CONTROLS]:
            raise TrainingError(
                f"evaluation '{name}': there is no control {unknown[0]!r}; there are "
                f"{', '.join(CONTROLS)}"
            )
        if each.limit < 0:
            raise TrainingError(f"evaluation '{name}': limit must be 0 or more, got {each.limit}")
    for name, asked in plan.questions.items():
        where = f"question '{name}'"
        _known(where, asked.candidate, plan.variants, "variant")
        _known(where, asked.baseline or plan.reference, plan.variants, "variant")
        if asked.candidate == (asked.baseline or plan.reference):
            raise TrainingError(f"{where} compares {asked.candidate!r} with itself")
        if asked.evaluation:
            _known(where, asked.evaluation, plan.evaluations, "evaluation")
        if asked.margin < 0:
            raise TrainingError(f"{where}: margin must be 0 or more, got {asked.margin}")
    if min(plan.cost.size) < 1 or plan.cost.rounds < 0 or plan.strips < 0:
        raise TrainingError("cost.size is above 0, cost.rounds and strips are 0 or more")


def _known(where: str, name: str, names: Mapping[str, Any], what: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
        raise TrainingError(f"{where}: there is no {what} {name!r}; {hint}")

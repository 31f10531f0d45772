"""Which RIFE a file holds, judged by the names and shapes of its tensors."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lift15.rife.keys import Head, official_names
from lift15.rife.versions import VERSIONS
from vfiblocks import ModelSpec, dry_run, find_spec
from vfiblocks.errors import UnknownComponent

Shape = tuple[int, ...]

# Versions of one structure that their files tell apart all the same.
INDEXED_HEAD = frozenset(["4.7", "4.8", "4.9", "4.10", "4.11", "4.12", "4.12.lite", "4.13.lite"])
"""Versions that number their encoder's convolutions; those after them name them."""
FIVE_CHANNELS = frozenset({"4.5"})
"""Versions whose pixel shuffle makes flow and mask only; from 4.6 on a sixth channel comes out."""

REFINEMENT = ("contextnet.", "unet.")
"""What early 4.x files hold besides: a refinement that is off unless asked for ("fast mode")."""

_ECCV = {"ECCV": "rife", "ECCV m": "rife-m", "ECCV 2R": "rife-2r"}
# Four channels before the pixel shuffle are one after it.
_READ, _SIXTH = 4 * 5, 4
_HEADS: tuple[Head, ...] = ("cnn", "index")


@dataclass(frozen=True)
class Known:
    """A RIFE that we can assemble.

    Attributes:
        name: ours, such as "rife-4.12-lite".
        version: the authors', such as "4.12.lite".
        spec: what to assemble.
        shapes: of every tensor, under our names.
    """

    name: str
    version: str
    spec: ModelSpec
    shapes: Mapping[str, Shape]

    def may_hold(self, official: str) -> bool:
        """Whether files of this model hold a tensor that its pictures are made without."""
        return self.spec.flow.name == "ifnet-v4" and official.startswith(REFINEMENT)

    def official_shapes(self, *, head: Head) -> dict[str, frozenset[Shape]]:
        """Official name -> the shapes that may come under it.

        More than one where official blocks make channels that nothing reads and ours does without:
        the sixth from 4.6 on, the last block's hidden features from 4.21 on. They are the last rows
        of the deconvolution.
        """
        # Outputs of a transposed convolution are the second axis of its weight.
        made = {n: s[-1 if len(s) == 1 else 1] for n, s in self.shapes.items() if ".up." in n}
        full = max((rows for n, rows in made.items() if n.startswith("flow.")), default=0)
        expected = {}
        for ours, official in official_names(self.shapes, head=head).items():
            shape = self.shapes[ours]
            fitting = {shape}
            if ".lastconv.0." in official and made[ours] == _READ:
                more = full if full > _READ else _READ + _SIXTH
                fitting.add((more,) if len(shape) == 1 else (shape[0], more, *shape[2:]))
            expected[official] = frozenset(fitting)
        return expected


@dataclass(frozen=True)
class Fit:
    """How the tensors of a file compare with those of one structure.

    Attributes:
        models: the models of this structure.
        head: the spelling of the encoder's names that fits best.
        fitting: how many tensors have the right name and shape.
        expected: how many the structure has.
        missing: official names that the file lacks.
        unknown: names in the file that the structure lacks.
        reshaped: "name: file shape, expected shape".
    """

    models: tuple[Known, ...]
    head: Head
    fitting: int
    expected: int
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    reshaped: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Nothing is missing, left over or of another shape."""
        return not (self.missing or self.unknown or self.reshaped)

    @property
    def score(self) -> float:
        """Share of all names in question that fit, in [0, 1]."""
        return self.fitting / max(1, self.expected + len(self.unknown))

    def differences(self) -> str:
        """How many tensors fit, and the first names that do not."""
        parts = [f"{self.fitting} of {self.expected} tensors fit"]
        for word, names in (
            ("missing", self.missing),
            ("unknown", self.unknown),
            ("of another shape", self.reshaped),
        ):
            if names:
                dots = ", ..." if len(names) > 3 else ""
                parts.append(f"{len(names)} {word}: {', '.join(names[:3])}{dots}")
        return "; ".join(parts)


@functools.cache
def known_models() -> tuple[Known, ...]:
    """Every RIFE there is a spec for, oldest first; assembled without memory, once."""
    specs = {version: (name, find_spec(name)) for version, name in _ECCV.items()}
    specs |= {version: (model_name(version), spec) for version, spec in VERSIONS.items()}
    shapes: dict[ModelSpec, Mapping[str, Shape]] = {}
    for _, spec in specs.values():
        if spec not in shapes:
            shapes[spec] = {n: tuple(t.shape) for n, t in dry_run(spec).state_dict().items()}
    return tuple(
        Known(name, version, spec, shapes[spec]) for version, (name, spec) in specs.items()
    )


def find_known(name: str) -> Known:
    """The RIFE of that name.

    Raises:
        UnknownComponent: for any other name; the nearest ones are listed.

    >>> find_known("rife-m").version
    'ECCV m'
    """
    models = {known.name: known for known in known_models()}
    if name not in models:
        close = difflib.get_close_matches(name, models, n=3, cutoff=0.5)
        raise UnknownComponent(
            f"no RIFE is called '{name}'; "
            + (f"did you mean {' or '.join(map(repr, close))}? " if close else "")
            + f"There is {', '.join(models)}"
        )
    return models[name]


def model_name(version: str) -> str:
    """Our name for an official version.

    >>> model_name("4.12.lite")
    'rife-4.12-lite'
    """
    return "rife-" + re.sub(r"\.(?=[a-z])", "-", version)


def title(versions: Sequence[str]) -> str:
    """Versions as a phrase.

    >>> title(["4.7", "4.8", "4.9"])
    'RIFE 4.7, 4.8 or 4.9'
    """
    *most, last = versions
    return f"RIFE {', '.join(most)} or {last}" if most else f"RIFE {last}"


def compare(shapes: Mapping[str, Shape], known: Known) -> Fit:
    """Hold a file's tensors against one model, with the spelling that suits them better.

    Args:
        shapes: official name, without wrappers -> shape.
        known: the model.
    """
    return max((_compare(shapes, known, head) for head in _HEADS), key=lambda fit: fit.score)


def nearest(shapes: Mapping[str, Shape]) -> Fit:
    """The structure that a file fits best, with all models that share it.

    Args:
        shapes: official name, without wrappers -> shape.
    """
    structures: dict[frozenset[object], list[Known]] = {}
    for known in known_models():
        structures.setdefault(_signature(known), []).append(known)
    best = max((compare(shapes, m[0]) for m in structures.values()), key=lambda fit: fit.score)
    return replace(best, models=tuple(structures[_signature(best.models[0])]))


def narrow(fit: Fit, shapes: Mapping[str, Shape]) -> tuple[Known, ...]:
    """Of the models of one structure, those whose official files look like this one.

    All of them where nothing tells them apart: official names and shapes do not carry a version.
    """
    has_head = any(name.startswith("encode.") for name in shapes)
    deconvolutions = [shape for name, shape in shapes.items() if name.endswith("lastconv.0.bias")]
    left = [
        known
        for known in fit.models
        if (not has_head or (known.version in INDEXED_HEAD) == (fit.head == "index"))
        and (
            not deconvolutions
            or (known.version in FIVE_CHANNELS) == (set(deconvolutions) == {(_READ,)})
        )
    ]
    return tuple(left) or fit.models


def _compare(shapes: Mapping[str, Shape], known: Known, head: Head) -> Fit:
    expected = known.official_shapes(head=head)
    reshaped = [n for n in expected if n in shapes and shapes[n] not in expected[n]]
    missing = tuple(n for n in expected if n not in shapes)
    return Fit(
        models=(known,),
        head=head,
        fitting=len(expected) - len(missing) - len(reshaped),
        expected=len(expected),
        missing=missing,
        unknown=tuple(n for n in shapes if n not in expected and not known.may_hold(n)),
        reshaped=tuple(
            f"{n} is {shapes[n]} instead of {' or '.join(map(str, sorted(expected[n])))}"
            for n in reshaped
        ),
    )


def _signature(known: Known) -> frozenset[object]:
    return frozenset(known.official_shapes(head="cnn").items())

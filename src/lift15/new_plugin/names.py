"""From the name of a part to all other names of its package, each checked before use."""

from __future__ import annotations

import importlib.util
import keyword
import re
from dataclasses import dataclass

from lift15.new_plugin.kinds import Kind
from vfiblocks import MODELS
from vfiblocks.errors import InputError
from vfiblocks.registry import PART_REGISTRIES

LONGEST = 24
"""Letters of a name: with more, lines of the files would pass 100."""


@dataclass(frozen=True)
class Names:
    """What things are called in one new package.

    Attributes:
        name: of the part, as specs have it: "soft-edges".
        package: that pip knows: "vfiblocks-soft-edges".
        module: that Python imports: "vfiblocks_soft_edges".
        file: of the part, without the suffix: "soft_edges".
        cls: of the part: "SoftEdges".
        model: that uses it; empty if no model does.
    """

    name: str
    package: str
    module: str
    file: str
    cls: str
    model: str

    @property
    def constant(self) -> str:
        """The model's spec in Python: "IFNET_SOFT_EDGES"."""
        return self.model.replace("-", "_").upper()


def choose_names(name: str, kind: Kind, template: str) -> Names:
    """Derive all names from one.

    Args:
        name: of the part: lower-case words with hyphens between, such as "soft-edges".
        kind: of the part.
        template: Python text that the class will stand in; it must not use its name already.

    Raises:
        InputError: for a name of another form, a word of Python's, or one that is taken.

    Example:
        >>> from lift15.new_plugin.kinds import KINDS
        >>> choose_names("soft-edges", KINDS["refiner"], "").model
        'ifnet-soft-edges'
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > LONGEST:
        raise InputError(
            "a part's name is lower-case words with hyphens between, such as 'soft-edges', at "
            f"most {LONGEST} letters, got {name!r}"
        )
    if name.split("-")[0] == "vfiblocks":
        raise InputError(
            f"give the part's name alone, its package is called vfiblocks-NAME; got {name!r}"
        )
    file = name.replace("-", "_")
    cls = "".join(word.capitalize() for word in name.split("-"))
    if keyword.iskeyword(file) or keyword.iskeyword(cls) or file == "models":
        raise InputError(f"{name!r} is a word that Python or the package needs itself")
    if re.search(rf"\b{cls}\b", template):
        raise InputError(f"a class {cls} is used by the {kind.word} itself; choose another name")
    registry = PART_REGISTRIES[kind.word]
    if name in registry.names():
        raise InputError(f"{kind.word} {name!r} is taken by {registry.origin(name)}")
    model = kind.model.replace("$name", name)
    if model in MODELS.names():
        raise InputError(f"model {model!r} is taken by {MODELS.origin(model)}")
    module = f"vfiblocks_{file}"
    if importlib.util.find_spec(module) is not None:
        raise InputError(f"a package {module} is installed here already; choose another name")
    return Names(name, f"vfiblocks-{name}", module, file, cls, model)

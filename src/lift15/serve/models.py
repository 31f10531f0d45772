"""The models that the page offers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from lift15.making import DEFAULT, WEIGHTLESS, load_model
from lift15.shipped import shipped
from vfiblocks import Interpolator
from vfiblocks.errors import InputError

WITHOUT_WEIGHTS = (WEIGHTLESS, "classical-quadratic")


class Models:
    """Models by the names that are shown, each loaded once when it is first wanted.

    Args:
        more: names or checkpoints to offer besides those that need no weights; they come first,
            and are loaded now, so that a bad one is known before anybody visits.
        device: where they run.

    Raises:
        InputError: two have one name, or a network has no trained weights.
        CheckpointError: a file cannot be loaded.

    Example:
        >>> models = Models()
        >>> "classical" in models.names, models.get("classical").window
        (True, Window(positions=(-1, 1), target=0))
    """

    def __init__(self, more: Sequence[str] = (), *, device: str = "auto") -> None:
        self._device = device
        self._asked = bool(more)
        self._sources: dict[str, str] = {}
        self._loaded: dict[str, Interpolator] = {}
        self._lock = threading.Lock()
        for source in dict.fromkeys(more):
            self._add(_name_of(source), source)
            self.get(_name_of(source))
        for source in (*shipped(), *WITHOUT_WEIGHTS):
            if source not in self._sources:
                self._add(source, source)

    @property
    def names(self) -> list[str]:
        """In the order in which they are offered."""
        return list(self._sources)

    @property
    def default(self) -> str:
        """The one chosen at first: the first that was asked for, or what is used elsewhere."""
        return self.names[0] if self._asked or DEFAULT not in self._sources else DEFAULT

    def get(self, name: str) -> Interpolator:
        """The model of that name, and of no other source.

        Raises:
            InputError: it is not offered.
        """
        if name not in self._sources:
            raise InputError(f"there is no model {name!r} here; choose {', '.join(self.names)}")
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = load_model(self._sources[name], device=self._device)
            return self._loaded[name]

    def _add(self, name: str, source: str) -> None:
        if name in self._sources:
            raise InputError(
                f"{self._sources[name]} and {source} would both be offered as {name!r}; rename one"
            )
        self._sources[name] = source


def _name_of(source: str) -> str:
    """A checkpoint is known by its file's name, without the folders it lies in."""
    return Path(source).stem if Path(source).suffix == ".safetensors" else source

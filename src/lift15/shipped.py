"""Weights that come with the package, each with its card beside it."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "weights"
"""``NAME.safetensors`` and ``NAME.md``, where NAME is that of the model."""


def shipped() -> dict[str, Path]:
    """Name of a model -> its weights.

    >>> all(path.with_suffix(".md").is_file() for path in shipped().values())
    True
    """
    return {path.stem: path for path in sorted(FOLDER.glob("*.safetensors"))}


def with_weights(source: str | Path) -> str | Path:
    """The file with the weights of a model that ships; anything else as it is.

    >>> with_weights("rife")
    'rife'
    """
    return shipped().get(str(source), source)

"""What a run learnt from and was validated on, by name: for the folder of the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from lift15.data.items import Chosen
from lift15.data.loading import Data


def data_lists(data: Data) -> dict[str, Any]:
    """Names of all clips and validation windows, with hashes: plain data, ready for JSON.

    Two machines with the same data agree on every hash but where sources name a path.

    Returns:
        ``train`` and ``validation``, with ``sources`` (name, data hash, clips) and ``hash`` of all
        of that but the names of the sources; ``validation`` has ``windows`` besides.
    """
    train = {"sources": _sources(data.items.chosen), "samples_per_epoch": data.samples_per_epoch}
    validation = {
        "sources": _sources(data.kept),
        "layout": data.validation_reading.kind,
        "windows": [
            f"{window.cut.source.clips[window.cut.clip].name}#{window.cut.target}"
            for window in data.validation
        ],
    }
    return {
        "train": {**train, "hash": _hash(train)},
        "validation": {**validation, "hash": _hash(validation)},
        "problems": [str(problem) for problem in data.problems],
        "notes": list(data.notes),
    }


def _sources(chosen: Sequence[Chosen]) -> list[dict[str, Any]]:
    return [
        {
            "name": part.source.name,
            "hash": part.source.data_hash(),
            "clips": [clip.name for _, clip in part.items()],
        }
        for part in chosen
        if len(part)
    ]


def _hash(side: dict[str, Any]) -> str:
    """Of everything but the names of sources, which may be paths."""
    sources = [{k: v for k, v in each.items() if k != "name"} for each in side["sources"]]
    text = json.dumps({**side, "sources": sources}, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]

"""Result files: what was measured, on what, from which commit. Nothing that names a person."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import Comparison

RESULTS = Path(__file__).parent / "results"
FORMAT = 1
MEASURED = ("src", "benchmarks", ":!benchmarks/results")
"""A commit counts as clean if these are as committed; other files cannot change a result."""


def write(suite: str, comparisons: Sequence[Comparison]) -> Path:
    """Write ``results/<suite>.json``.

    What an earlier run recorded from the same commit on the same machine is kept unless it was
    measured again, so that a suite can be recorded in parts, whenever a machine is quiet.

    Args:
        suite: name of the test module without its prefix.
        comparisons: in the order they were made.
    """
    document = {
        "format": FORMAT,
        "suite": suite,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "comparisons": [dataclasses.asdict(comparison) for comparison in comparisons],
    }
    path = RESULTS / f"{suite}.json"
    if path.exists():
        _merge(document, json.loads(path.read_text()))
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(document, indent=1) + "\n")
    fresh.replace(path)
    return path


def machine() -> dict[str, Any]:
    """What ratios may depend on."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def commit() -> dict[str, Any]:
    """Short hash, and whether what was measured differs from it."""
    sha = _git("rev-parse", "--short=8", "HEAD")
    return {"sha": sha, "dirty": bool(_git("status", "--porcelain", "--", *MEASURED))}


def _merge(document: dict[str, Any], earlier: dict[str, Any]) -> None:
    if document["commit"]["dirty"] or any(
        document[key] != earlier[key] for key in ("format", "commit", "machine")
    ):
        return
    fresh = {_key(comparison): comparison for comparison in document["comparisons"]}
    kept = {_key(comparison): comparison for comparison in earlier["comparisons"]}
    document["comparisons"] = list((kept | fresh).values())


def _key(comparison: dict[str, Any]) -> tuple[str, str, str]:
    return comparison["title"], comparison["case"], comparison["size"]


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).parents[1]), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

"""Write docs/models.md from the registry, the recorded results and the weights that ship.

    python -m benchmarks.model_zoo            # rewrite the tables
    python -m benchmarks.model_zoo --check    # fail if they are not what the code says

The page holds the prose; marks say where tables go, as in ``benchmarks/render.py``. Every model of
ours belongs to one family. Weights are found as ``src/lift15/weights/NAME.safetensors``, their
card as ``NAME.md`` beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.render import fill, provenance
from lift15 import SPECS
from vfiblocks import Ledger, describe, dry_run
from vfiblocks.spec import STAGES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "models.md"
RESULTS = ROOT / "benchmarks" / "results"
WEIGHTS = ROOT / "src" / "lift15" / "weights"

FAMILIES = {
    "classical": "classical*",
    "lift15-pro": "lift15-pro*",
    "lift15": "lift15-*",
    "rife": "[ir]*",
    "rife 4": "rife-4.*",
}
"""Mark -> pattern of names; a name belongs to the longest pattern that it matches."""
UNKNOWN = "not measured"


class Model(NamedTuple):
    """A row: one structure and all its names.

    Attributes:
        names: those that differ in training only.
        ledger: its parts and costs.
        frames: how many are read.
        any_time: whether it knows other moments than the middle.
        description: one line.
    """

    names: tuple[str, ...]
    ledger: Ledger
    frames: int
    any_time: bool
    description: str


@cache
def read_model(names: tuple[str, ...]) -> Model:
    """Costs of a named model; without a clip, only the two references are ever read."""
    spec = SPECS[names[0]]
    model = dry_run(spec)
    frames = len(spec.window) if model.clip_stride else 2
    return Model(names, describe(spec), frames, model.flow.any_time, spec.description)


def families() -> dict[str, list[tuple[str, ...]]]:
    """Names of each family, those of one structure together.

    >>> families()["rife"]
    [('ifnet-s1',), ('rife',), ('rife-2r',), ('rife-m',)]
    """
    found: dict[str, dict[str, list[str]]] = {family: defaultdict(list) for family in FAMILIES}
    for name, spec in SPECS.items():
        fitting = [family for family in FAMILIES if fnmatch(name, FAMILIES[family])]
        if not fitting:
            raise SystemExit(f"model '{name}' belongs to no family of {__file__}; add one")
        family = max(fitting, key=lambda f: len(FAMILIES[f]))
        found[family][spec.fingerprint].append(name)
    return {family: [tuple(names) for names in rows.values()] for family, rows in found.items()}


def blocks(results: Path = RESULTS, weights: Path = WEIGHTS) -> dict[str, str]:
    """What goes behind each mark."""
    timing = json.loads((results / "models.json").read_text())
    times = _times(timing)
    documents = {
        f"benchmarks/results/scores/{path.name}": json.loads(path.read_text())
        for path in sorted((results / "scores").glob("*.json"))
    }
    scored = {
        _name(row[1]) for path, document in documents.items() for row in _scores(path, document)
    }
    found = {"speed": provenance(timing)}
    for family, rows in families().items():
        models = [read_model(names) for names in rows]
        found[family] = _parts(models) + "\n" + _costs(models, times, scored, weights)
    found["scores"] = "\n".join(_score_table(*item) for item in documents.items())
    return found


def _parts(models: Iterable[Model]) -> str:
    rows = []
    for model in models:
        parts = {entry.stage: f"`{entry.part}`" for entry in model.ledger.entries}
        cells = [parts.get(stage, "-") for stage in STAGES]
        rows.append([_names(model), model.description, *cells])
    return _table(("model", "what it is", *STAGES), rows)


def _costs(
    models: Iterable[Model],
    times: Mapping[str, tuple[float, str]],
    scored: set[str],
    weights: Path,
) -> str:
    rows = []
    for model in models:
        ledger = model.ledger
        timed = [_milliseconds(*times[n], ledger) for n in model.names if n in times]
        rows.append(
            [
                _names(model),
                f"{ledger.parameters:,}",
                "not counted" if ledger.macs is None else f"{ledger.macs / 1e9:.2f}",
                str(model.frames),
                "any" if model.any_time else "midpoint",
                " / ".join(timed) or UNKNOWN,
                "[below](#scores)" if scored.intersection(model.names) else UNKNOWN,
                _weights(model, weights),
            ]
        )
    return _table(
        ("model", "parameters", "GMAC", "frames read", "times", "ms", "scores", "weights"), rows
    )


def _milliseconds(seconds: float, fingerprint: str, ledger: Ledger) -> str:
    return f"{1e3 * seconds:.0f}{'' if fingerprint == ledger.fingerprint else '*'}"


def _times(document: Mapping[str, Any]) -> dict[str, tuple[float, str]]:
    """Seconds and fingerprint of every model that was timed on one picture."""
    return {
        row["name"]: (row["seconds"], row["spec"])
        for comparison in document["comparisons"]
        if comparison["title"] == "One picture" and comparison["size"] == "256x448"
        for row in comparison["rows"]
        if "spec" in row
    }


def _weights(model: Model, folder: Path) -> str:
    """What ships, with the way to its card."""
    found = []
    for name in model.names:
        file, card = folder / f"{name}.safetensors", folder / f"{name}.md"
        if file.exists():
            size = f"{file.stat().st_size / 1e6:.1f} MB"
            found.append(f"[{size}]({_from_docs(card)})" if card.exists() else f"{size}, no card")
    if not found and not model.ledger.parameters:
        return "needs none"
    return ", ".join(found) or "none"


def _from_docs(card: Path) -> str:
    return f"../{card.relative_to(ROOT).as_posix()}" if card.is_relative_to(ROOT) else card.name


def _scores(path: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str, int, str, float]]:
    """Protocol, model, items, measure and mean of what a file of scores holds."""
    if not {"summaries", "comparisons"} & document.keys():
        raise SystemExit(f"{path} holds neither summaries nor comparisons; teach {__file__} of it")
    for summary in document.get("summaries", ()):
        for measure, value in summary["scores"].items():
            yield summary["protocol"], summary["model"], summary["items"], measure, value
    for comparison in document.get("comparisons", ()):
        overall = comparison["overall"]
        for name, mean in zip(overall["names"], overall["means"], strict=True):
            yield comparison["protocol"], name, overall["clips"], comparison["measure"], mean


def _score_table(path: str, document: Mapping[str, Any]) -> str:
    scores: dict[tuple[str, str, int], dict[str, float]] = defaultdict(dict)
    for protocol, model, items, measure, value in _scores(path, document):
        scores[protocol, model, items][measure] = value
    measures = list(dict.fromkeys(name for row in scores.values() for name in row))
    rows = [
        [f"`{protocol}`", f"`{model}`", str(items)]
        + [_score(name, row[name]) if name in row else "-" for name in measures]
        for (protocol, model, items), row in scores.items()
    ]
    caveat = f" Note: {document['tuned_on']}." if "tuned_on" in document else ""
    about = f"{document['what']}, at commit {document['commit']} (`{path}`).{caveat}\n\n"
    return about + _table(("protocol", "model", "items", *measures), rows)


def _score(measure: str, value: float) -> str:
    return f"{value:.2f}" if measure.startswith("psnr") else f"{value:.4f}"


def _name(model: str) -> str:
    return Path(model).stem if model.endswith(".safetensors") else model


def _names(model: Model) -> str:
    return ", ".join(f"`{name}`" for name in model.names)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [" | ".join(cells) for cells in (heads, *rows)]
    lines.insert(1, " | ".join(["---"] * len(heads)))
    return "".join(f"| {line} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="write the table of models")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    check = parser.parse_args().check
    found = blocks()  # takes seconds, in which somebody may edit the page
    page = PAGE.read_text(encoding="utf-8")
    fresh = fill({PAGE: page}, found)[PAGE]
    if check and fresh != page:
        sys.exit(f"{PAGE.name} is not what the code says; run python -m benchmarks.model_zoo")
    if not check:
        PAGE.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Write the recorded results into docs/*.md, so that the two cannot drift apart.

    python benchmarks/render.py            # rewrite the tables
    python benchmarks/render.py --check    # fail if they are not what the result files say

The pages hold the prose and mark where numbers go: ``<!-- suite -->`` for where they come from,
``<!-- suite: title -->`` for a table, each up to ``<!-- end -->``. Every recorded table must be
marked, so that none can be left out because it shows a loss.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGES = [
    HERE.parent / "docs" / name for name in ("benchmarks.md", "streaming.md", "training-memory.md")
]
STAGES = ("encoder", "aggregator", "flow", "blender", "refiner", "loss")
MARK = re.compile(r"(<!-- (?!end)([^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)

COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "seconds": ("ms", lambda x: f"{1e3 * x:.3g}" if x < 1 else f"{1e3 * x:.0f}"),
    "ratio": ("ratio", lambda x: f"{x:.2f}"),
    "ratio_quartiles": ("quartiles", lambda x: f"{x[0]:.2f} - {x[1]:.2f}"),
    "page_faults": ("page faults", lambda x: f"{x:,}"),
    "saved_bytes": ("kept MB", lambda x: f"{x / 1e6:.0f}"),
    "peak_bytes": ("peak MB", lambda x: f"{x / 1e6:.1f}"),
    "grown_bytes": ("process MB", lambda x: f"{x / 1e6:.0f}"),
    "saved_by_stage": (
        f"kept by {' / '.join(STAGES)}",
        lambda x: " / ".join(f"{x.get(stage, 0) / 1e6:.0f}" for stage in STAGES),
    ),
    "bytes_per_second": ("GB/s", lambda x: f"{x / 1e9:.1f}"),
    "macs": ("GMAC", lambda x: f"{x / 1e9:.1f}"),
    "share_of_peak": ("of torch.mm", lambda x: f"{100 * x:.0f} %"),
    "spec": ("spec", str),
}


def blocks(folder: Path) -> dict[str, str]:
    """What goes behind each mark: the table, or the line of provenance."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        suite, comparisons = document["suite"], document["comparisons"]
        found[suite] = provenance(document)
        for title in dict.fromkeys(comparison["title"] for comparison in comparisons):
            cases = [comparison for comparison in comparisons if comparison["title"] == title]
            found[f"{suite}: {title}"] = table(cases)
    return found


def provenance(document: Mapping[str, Any]) -> str:
    """One line: when, from what, on what."""
    machine, commit = document["machine"], document["commit"]
    dirty = " with changes" if commit["dirty"] else ""
    return (
        f"Recorded {document['date']} from {commit['sha']}{dirty}: {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['threads']} threads, torch {machine['torch']}, "
        f"Python {machine['python']}; {_disturbance(document['comparisons'])}.\n"
    )


def _disturbance(comparisons: list[dict[str, Any]]) -> str:
    known = [c["disturbance"] for c in comparisons if c["disturbance"] is not None]
    if not known:
        return "it is not known what else ran"
    return f"meanwhile other processes used {min(known):.2f} to {max(known):.2f} cores"


def table(cases: list[dict[str, Any]]) -> str:
    """One table for all comparisons of a title.

    >>> row = {"name": "a", "seconds": 0.0015, "ratio": 1.0, "ratio_quartiles": [1.0, 1.0]}
    >>> case = {"title": "t", "case": "", "size": "4x4", "spec": None, "rounds": 3, "rows": [row]}
    >>> print(table([case]), end="")
    | at | alternative | ms | ratio | quartiles |
    |---|---|---|---|---|
    | 4x4 | a | 1.5 | 1.00 | 1.00 - 1.00 |
    <BLANKLINE>
    3 rounds.
    """
    rows = [row for case in cases for row in case["rows"]]
    columns = [key for key in COLUMNS if any(key in row for row in rows)]
    heads = ["at", "alternative", *(COLUMNS[key][0] for key in columns)]
    lines = [_line(heads), "|" + "---|" * len(heads)]
    for case in cases:
        label = ", ".join(filter(None, (case["case"], case["size"])))
        for row in case["rows"]:
            cells = [COLUMNS[key][1](row[key]) if key in row else "-" for key in columns]
            lines.append(_line([label, row["name"], *cells]))
            label = ""
    rounds = "/".join(str(n) for n in sorted({case["rounds"] for case in cases}))
    specs = sorted({case["spec"] for case in cases if case["spec"]})
    count = "1 round" if rounds == "1" else f"{rounds} rounds"
    notes = [count] + [f"spec {spec}" for spec in specs]
    return "\n".join([*lines, "", ", ".join(notes) + ".", ""])


def fill(pages: Mapping[Path, str], found: Mapping[str, str]) -> dict[Path, str]:
    r"""The pages with every mark followed by what was recorded.

    >>> page = Path("page.md")
    >>> fill({page: "<!-- ops -->\nold\n<!-- end -->"}, {"ops": "new\n"})[page]
    '<!-- ops -->\nnew\n<!-- end -->'
    """
    marked = {match[2] for page in pages.values() for match in MARK.finditer(page)}
    if marked != found.keys():
        raise SystemExit(
            f"recorded, but not marked in {' or '.join(path.name for path in pages)}: "
            f"{sorted(found.keys() - marked)}; marked, but not recorded: "
            f"{sorted(marked - found.keys())}"
        )
    return {
        path: MARK.sub(lambda match: match[1] + found[match[2]] + match[3], page)
        for path, page in pages.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="write recorded results into the documentation")
    parser.add_argument("--check", action="store_true", help="only say whether they are there")
    check = parser.parse_args().check
    pages = {path: path.read_text() for path in PAGES}
    fresh = fill(pages, blocks(HERE / "results"))
    for path in PAGES:
        if check and fresh[path] != pages[path]:
            sys.exit(
                f"{path.name} is not what the result files say; run python benchmarks/render.py"
            )
        if not check:
            path.write_text(fresh[path])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()

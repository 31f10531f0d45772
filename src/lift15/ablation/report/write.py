"""Write a report: one page, the same tables in three more formats, and the drawings."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from lift15.ablation.report.as_csv import csv_table
from lift15.ablation.report.as_html import html_page
from lift15.ablation.report.as_latex import latex_table
from lift15.ablation.report.as_markdown import markdown_page, markdown_table
from lift15.ablation.report.blocks import Document, Figure, Section, Table, unique
from lift15.ablation.report.drawing.svg import standalone
from lift15.ablation.report.material import Material, gather
from lift15.ablation.report.sections.answers import answers
from lift15.ablation.report.sections.context import context
from lift15.ablation.report.sections.cost import cost
from lift15.ablation.report.sections.edges import edges
from lift15.ablation.report.sections.pictures import pictures
from lift15.ablation.report.sections.reproduce import as_json, reproduce
from lift15.ablation.report.sections.scenes import scenes
from lift15.ablation.report.sections.scores import scores
from lift15.ablation.report.sections.subsets import subsets
from lift15.ablation.report.sections.training import status, training
from lift15.ablation.results import AblationResults
from lift15.training.atomic import write_text
from vfiblocks.errors import TrainingError

SECTIONS = (
    answers, scores, scenes, subsets, edges, context, cost, training, pictures, reproduce,
)  # fmt: skip
"""In the order of the page."""

LIST = "files.json"
FILE = re.compile(r"(tables|figures)/[a-z0-9-]+\.(md|csv|tex|svg)")


def write_report(
    results: AblationResults,
    folder: str | Path,
    *,
    root: str | Path | None = None,
    draws: int = 10_000,
) -> Path:
    """Write the report of an ablation, finished or not.

    ``index.html`` needs nothing beside it. ``index.md`` says the same, ``tables/`` has each table
    as Markdown, CSV and LaTeX, ``figures/`` each drawing as SVG, ``reproduce.json`` what is needed
    to do it again. Every file is there whole or as it was before; tables and drawings of an earlier
    report that are no longer part of it are removed.

    Args:
        results: all that is known of it.
        folder: is made if it is not there.
        root: what paths of pictures are relative to; None is the folder around ``folder``.
        draws: of every bootstrap; intervals are the same for the same number.

    Returns:
        The page.

    Raises:
        TrainingError: the folder cannot be written to.
    """
    target = Path(folder)
    material = gather(
        results, target, Path(root) if root is not None else target.resolve().parent, draws=draws
    )
    document = compose(material)
    files = {"index.md": markdown_page(document), "reproduce.json": _facts(results)}
    for table in _tables(document):
        files[f"tables/{table.name}.md"] = markdown_table(table)
        files[f"tables/{table.name}.csv"] = csv_table(table)
        files[f"tables/{table.name}.tex"] = latex_table(table)
    for figure in document.blocks(Figure):
        assert isinstance(figure, Figure)
        files[f"figures/{figure.name}.svg"] = standalone(figure.svg)
    before = _listed(target)
    try:
        for each in ("tables", "figures"):
            (target / each).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"cannot make {target}: {error.strerror}") from error
    for name, text in files.items():
        write_text(target / name, text)
    page = write_text(target / "index.html", html_page(document))
    for name in before - files.keys():
        (target / name).unlink(missing_ok=True)
    write_text(target / LIST, json.dumps(sorted(files), indent=1) + "\n")
    return page


def compose(material: Material) -> Document:
    """All that is said, in no format yet; names of tables and drawings are unique."""
    results = material.results
    made = tuple(section(material) for section in SECTIONS)
    title = results.title or results.name
    return Document(title, results.about, status(material), _named_apart(made))


def _named_apart(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Two evaluations may have names that come to the same name of a file."""
    blocks = [block for section in sections for block in section.blocks]
    for kind in (Table, Figure):
        names = iter(unique([block.name for block in blocks if isinstance(block, kind)]))
        blocks = [
            dataclasses.replace(block, name=next(names)) if isinstance(block, kind) else block
            for block in blocks
        ]
    rest = iter(blocks)
    return tuple(
        dataclasses.replace(section, blocks=tuple(next(rest) for _ in section.blocks))
        for section in sections
    )


def _tables(document: Document) -> list[Table]:
    return [block for block in document.blocks(Table) if isinstance(block, Table)]


def _facts(results: AblationResults) -> str:
    plain = {
        "name": results.name,
        "seeds": results.seeds,
        "provenance": dataclasses.asdict(results.provenance),
        "variants": [
            {
                "name": each.name,
                "changes": each.changes,
                "fingerprint": each.fingerprint,
                "spec": each.spec,
                "plan": each.plan,
            }
            for each in results.variants
        ],
        "evaluations": [
            {
                "name": each.name,
                "protocol": each.protocol,
                "protocol_hash": each.protocol_hash,
                "root": each.root,
                "data_hash": each.data_hash,
            }
            for each in results.evaluations
        ],
        "runs": [
            {
                "variant": run.variant,
                "seed": run.seed,
                "state": run.state,
                "fingerprint": run.fingerprint,
                "data": run.data,
                "versions": run.versions,
                "machine": run.machine,
            }
            for run in results.runs
        ],
    }
    return as_json(plain) + "\n"


def _listed(folder: Path) -> set[str]:
    """What an earlier report wrote; nothing else is ever removed."""
    try:
        found = json.loads((folder / LIST).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {name for name in found if isinstance(name, str) and FILE.fullmatch(name)}

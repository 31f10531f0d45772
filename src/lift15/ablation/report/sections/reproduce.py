"""Everything that is needed to do it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lift15.ablation.measured import Evaluation
from lift15.ablation.report.blocks import Block, Bullets, Code, Section, Table, Text
from lift15.ablation.report.cells import ONE, WORDS, columns, whole, words
from lift15.ablation.report.material import Material
from lift15.ablation.results import Provenance


def reproduce(material: Material) -> Section:
    """Commands, versions, data, plans and specs."""
    results = material.results
    made = results.provenance
    commands = "\n".join(made.commands) or "not recorded"
    seeds = ", ".join(map(str, results.seeds)) or "none"
    blocks: list[Block] = [
        Code("Commands, one per session", commands),
        Bullets(
            (
                f"Seeds: {seeds}.",
                _git(made),
                f"Versions: {_pairs(made.versions)}.",
                f"Machine: {_pairs(made.machine)}.",
            )
        ),
        _data(made),
        _evaluations(results.evaluations),
        _variants(material),
        _runs(material),
        Code("Plan of the ablation (TOML)", made.plan),
    ]
    for variant in results.variants:
        title = material.title(variant.name)
        blocks.append(Code(f"Spec of {title} (JSON)", as_json(variant.spec)))
        blocks.append(Code(f"Training plan of {title} (TOML)", variant.plan))
    for each in results.evaluations:
        named = each.title or each.name
        blocks.append(Code(f"Protocol of {named} (JSON)", as_json(each.protocol)))
    if results.notes:
        blocks.append(Bullets(results.notes, "Notes"))
    return Section("reproduce", "How to do it again", tuple(blocks))


def as_json(plain: Any) -> str:
    """Plain data as it is read; what JSON has no word for becomes text."""
    return json.dumps(plain, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _git(made: Provenance) -> str:
    if made.git is None:
        return "Git: it was not run inside of a repository."
    changed = "with changes that are in no commit" if made.git.get("changed") else "without changes"
    return f"Git: commit {made.git.get('commit', 'unknown')}, {changed}."


def _pairs(values: Mapping[str, Any]) -> str:
    said = [f"{key} {value if value not in ([], ()) else 'none'}" for key, value in values.items()]
    return ", ".join(said) or "not recorded"


def _data(made: Provenance) -> Table | Text:
    rows = [
        (words(side), words(name), words(digest or "none"))
        for side, sources in made.data.items()
        for name, digest in sources
    ]
    if not rows:
        return Text("Data: not recorded.")
    return Table(
        "data",
        "Data that the variants learned from",
        columns(("side", WORDS), ("source", WORDS), ("hash", WORDS)),
        tuple(rows),
    )


def _evaluations(evaluations: tuple[Evaluation, ...]) -> Table | Text:
    if not evaluations:
        return Text("Evaluations: none.")
    return Table(
        "evaluations",
        "Evaluations",
        columns(
            ("evaluation", WORDS),
            ("layout", WORDS),
            ("items", ONE),
            ("data in", WORDS),
            ("hash of the data", WORDS),
            ("hash of the protocol", WORDS),
        ),
        tuple(
            (
                words(each.name),
                words(each.layout),
                whole(len(each.items)),
                words(each.root or "held out of training"),
                words(each.data_hash or "none"),
                words(each.protocol_hash or "none"),
            )
            for each in evaluations
        ),
    )


def _runs(material: Material) -> Table:
    return Table(
        "run-folders",
        "Where the training runs are",
        columns(
            ("model", WORDS),
            ("seed", ONE),
            ("folder", WORDS),
            ("hash of the plan", WORDS),
            ("hash of the training data", WORDS),
            ("of the validation data", WORDS),
        ),
        tuple(
            (
                words(material.title(run.variant)),
                whole(run.seed),
                words(run.folder or "none"),
                words(run.fingerprint or "none"),
                words(run.data.get("train", "none")),
                words(run.data.get("validation", "none")),
            )
            for run in material.results.runs
        ),
        ("Versions and machine of every run are in reproduce.json.",),
    )


def _variants(material: Material) -> Table:
    return Table(
        "variants",
        "Variants",
        columns(
            ("variant", WORDS),
            ("title", WORDS),
            ("frames", ONE),
            ("parameters", ONE),
            ("spec", WORDS),
            ("differs by", WORDS),
        ),
        tuple(
            (
                words(variant.name),
                words(variant.title),
                whole(variant.frames),
                whole(variant.parameters),
                words(variant.fingerprint),
                words("; ".join(variant.changes) or "-"),
            )
            for variant in material.results.variants
        ),
        ("spec: its fingerprint; the specs are below, as they were resolved.",),
    )

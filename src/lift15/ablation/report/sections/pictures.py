"""What the variants made of single items: the most telling ones, which are no sample."""

from __future__ import annotations

import os
from pathlib import Path

from lift15.ablation.measured import Strip
from lift15.ablation.report.blocks import Block, Picture, Section, Text
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import capital

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 20_000_000
"""Bytes of one picture; a larger one is named and left out, so that the page can be opened."""


def pictures(material: Material) -> Section:
    """The strips that were drawn for the questions."""
    blocks: list[Block] = []
    asked = {question.name: question.text for question in material.results.questions}
    for evaluation in material.results.evaluations:
        for strip in evaluation.strips:
            place = evaluation.title or evaluation.name
            words = [asked.get(strip.question, ""), f"{capital(place)}, {strip.item}: {strip.why}."]
            blocks.append(_shown(material, strip, " ".join(w for w in words if w)))
    if blocks:
        first = "Items were chosen for what they show, so that they prove nothing about the mean."
        blocks.insert(0, Text(first))
    else:
        blocks.append(Text("No pictures have been drawn yet."))
    return Section("pictures", "Pictures", tuple(blocks))


def _shown(material: Material, strip: Strip, caption: str) -> Block:
    root = material.root.resolve()
    path = (root / strip.path).resolve()
    missing = f"{caption} The picture is missing: {strip.path}"
    if not path.is_relative_to(root):
        return Text(f"{missing} is outside of the folder of the ablation.")
    try:
        png = _read(path)
    except OSError as error:
        return Text(f"{missing} cannot be read ({error.strerror}).")
    if png is None:
        return Text(f"{missing} is no PNG file of at most {LARGEST // 1_000_000} MB.")
    link = Path(os.path.relpath(path, material.folder.resolve())).as_posix()
    return Picture(caption, link, png)


def _read(path: Path) -> bytes | None:
    if path.stat().st_size > LARGEST:
        return None
    content = path.read_bytes()
    return content if content.startswith(SIGNATURE) else None

"""The page that goes with published weights: what is inside, what is known, how to load it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from vfiblocks.interpolator import Interpolator
from vfiblocks.ledger import describe
from vfiblocks.registry import STAGE_REGISTRIES
from vfiblocks.spec import ModelSpec

# The Hub refuses a card whose licence is none of its own identifiers; any other is "other" with a
# name. These are the ones that weights of this kind come under.
HUB_LICENCES = frozenset(
    {
        "afl-3.0",
        "agpl-3.0",
        "apache-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc-by-4.0",
        "cc-by-nc-4.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-4.0",
        "cc-by-sa-4.0",
        "cc0-1.0",
        "gpl-3.0",
        "lgpl-3.0",
        "mit",
        "mpl-2.0",
        "unlicense",
    }
)


def model_card(model: Interpolator, repo_id: str, *, facts: Mapping[str, str] | None = None) -> str:
    """Markdown with the header the Hugging Face Hub reads.

    Args:
        model: what is published.
        repo_id: where, as "owner/name".
        facts: free text about the weights, such as training data and scores. A "license" (or
            "licence") also enters the header.

    Example:
        >>> from vfiblocks import build_model
        >>> card = model_card(build_model("rife"), "me/rife", facts={"license": "MIT"})
        >>> print(card.partition("tags")[0])
        ---
        library_name: vfiblocks
        license: mit
    """
    facts = dict(facts or {})
    spec, name = model.spec, repo_id.rpartition("/")[2]
    about = spec.description or "A model for video frame interpolation."
    return "\n".join(
        (
            *_header(facts),
            "",
            f"# {name}",
            "",
            f"{about[0].upper()}{about[1:]}{'' if about.endswith('.') else '.'} "
            "Assembled with vfiblocks.",
            "",
            "## Use",
            "",
            *_requirements(spec),
            "```python",
            "from vfiblocks import build_model",
            "",
            f'model = build_model("hf://{repo_id}")',
            "```",
            "",
            "## Assembly",
            "",
            *_assembly(spec),
            *_facts(facts),
            "",
        )
    )


def _header(facts: Mapping[str, str]) -> list[str]:
    lines = ["---", "library_name: vfiblocks"]
    licence = facts.get("license") or facts.get("licence")
    if licence and licence.lower() in HUB_LICENCES:
        lines.append(f"license: {licence.lower()}")
    elif licence:
        lines += ["license: other", f"license_name: {json.dumps(licence)}"]
    return [*lines, "tags:", "- video-frame-interpolation", "- vfiblocks", "---"]


def _requirements(spec: ModelSpec) -> list[str]:
    """Where the parts come from that vfiblocks does not bring itself."""
    lines = []
    for stage, part in spec.parts():
        origin = STAGE_REGISTRIES[stage].origin(part.name)
        if not origin.startswith("vfiblocks."):
            lines.append(f"Needs {origin}, which brings the {stage} '{part.name}'.")
    return [*lines, ""] if lines else []


def _assembly(spec: ModelSpec) -> list[str]:
    ledger = describe(spec)
    rows = [
        f"| {entry.stage} | {_cell(entry.part)} | {entry.parameters:,} | {_cell(entry.gives)} |"
        for entry in ledger.entries
    ]
    positions = ", ".join(f"{p:g}" for p in spec.window.positions)
    return [
        "| stage | part and options | parameters | gives |",
        "|---|---|---:|---|",
        *rows,
        f"| all | | {ledger.parameters:,} | |",
        "",
        f"Frames at {positions} give the one at {spec.window.target:g}. "
        f"Spec fingerprint `{ledger.fingerprint}`.",
    ]


def _facts(facts: Mapping[str, str]) -> list[str]:
    if not facts:
        return []
    rows = [f"| {_cell(key)} | {_cell(value)} |" for key, value in facts.items()]
    return ["", "## Facts", "", "| | |", "|---|---|", *rows]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

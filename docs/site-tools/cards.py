"""Put the cards of weights that ship onto the site.

They lie beside the weights, where the release takes them from, and outside of docs/. Links to
``../src/lift15/weights/NAME.md``, which lead there in a checkout, lead to ``cards/NAME.md`` on the
site.
"""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

CARDS = "src/lift15/weights"


def on_files(files: Files, config: Any) -> Files:
    """Add a page for each card."""
    root = Path(config.config_file_path).parent
    for card in sorted((root / CARDS).glob("*.md")):
        files.append(File.generated(config, f"cards/{card.name}", abs_src_path=str(card)))
    return files


def on_page_markdown(markdown: str, **rest: Any) -> str:
    """Turn links to cards into links within the site."""
    return markdown.replace(f"](../{CARDS}/", "](cards/")

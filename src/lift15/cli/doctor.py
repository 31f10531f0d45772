"""``vfi doctor``: what is installed, what is missing, what is broken."""

from __future__ import annotations

import typer

from lift15.cli.output import show_table
from vfiblocks.doctor import diagnose


def doctor() -> None:
    """Print versions, device, optional packages, and plugins found and broken.

    Exits with 1 if something that is installed does not work.
    """
    # Their parts are many, and only listed here.
    from lift15.data.sources.base import SOURCES
    from lift15.evaluation.protocols import PROTOCOLS, READERS

    diagnosis = diagnose((SOURCES, READERS, PROTOCOLS))
    show_table(("what", "found"), diagnosis.lines())
    if not diagnosis.healthy:
        raise typer.Exit(1)

"""``vfi doctor``: what is installed, what is missing, what is broken."""

from __future__ import annotations

from lift15.cli.output import show_table
from vfiblocks.doctor import diagnose


def doctor() -> None:
    """Print versions, device, optional packages, and plugins found and broken."""
    show_table(("what", "found"), diagnose().lines())

"""A figure that a notebook shows when it is the last value of a cell. Imported when needed."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class Shown(Figure):
    """A matplotlib figure outside pyplot's list: drawn once, and freed like any other object."""

    def _repr_png_(self) -> bytes:
        """For notebooks."""
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()

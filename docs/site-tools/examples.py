"""Show the examples of our docstrings as code on the site.

Our heading is ``Example:``; the Google style knows ``Examples:`` only.
"""

import re
from typing import Any

import griffe

HEADING = re.compile(r"^([ \t]*)Example:[ \t]*$", re.MULTILINE)


class Examples(griffe.Extension):
    """Reads the one as the other."""

    def on_instance(self, *, obj: griffe.Object, **rest: Any) -> None:
        """Rename the headings of one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = HEADING.sub(r"\1Examples:", obj.docstring.value)

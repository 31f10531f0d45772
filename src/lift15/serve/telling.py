"""What goes wrong, as one sentence on the page."""

from __future__ import annotations

import html
import re
import sys
import traceback
from pathlib import Path

from lift15.serve.jobs import Stopped
from vfiblocks.errors import VfiError

OURS = "something went wrong on the server, which is not your mistake; its log says what"


def sentence(error: Exception, root: Path) -> str:
    """What an error tells a visitor: one line, no places on the server's disk.

    A mistake of ours is printed with its traceback where the server runs.

    Args:
        error: of any kind.
        root: the folder of uploads, whose paths are shortened to the names of files.

    Example:
        >>> sentence(VfiError("/tmp/a/b/c/in.mp4: is empty"), Path("/tmp/a"))
        'in.mp4: is empty'
    """
    if not isinstance(error, VfiError):
        traceback.print_exception(error, file=sys.stderr)
        return OURS
    text = re.sub(rf"{re.escape(str(root))}/(?:[^/\s]+/)*", "", str(error))
    return " ".join(text.split())


def refusal(error: Exception, root: Path) -> str:
    """The sentence as HTML.

    >>> refusal(VfiError("<b> is no video"), Path("/tmp"))
    '<div class="told refused" role="alert">&lt;b&gt; is no video</div>'
    """
    kind = "stopped" if isinstance(error, Stopped) else "refused"
    return f'<div class="told {kind}" role="alert">{html.escape(sentence(error, root))}</div>'


def result(*lines: str) -> str:
    """Lines about what was made, as HTML.

    >>> result("5 frames in, 9 out")
    '<div class="told made" role="status"><div>5 frames in, 9 out</div></div>'
    """
    inner = "".join(f"<div>{html.escape(line)}</div>" for line in lines)
    return f'<div class="told made" role="status">{inner}</div>'

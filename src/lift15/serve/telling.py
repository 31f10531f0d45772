"""What goes wrong, as one sentence on the page."""

from __future__ import annotations

import html
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

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


def gallery(pictures: Sequence[tuple[str, str]]) -> str:
    """Pictures with their captions, as HTML; each opens on its own.

    Args:
        pictures: path and caption of each.

    Example:
        >>> "gradio_api/file=/tmp/a%20b.png" in gallery([("/tmp/a b.png", "flow")])
        True
    """
    figures = []
    for path, caption in pictures:
        address = f"gradio_api/file={quote(path)}"  # relative, so that a proxy may add a prefix
        text = html.escape(caption)
        figures.append(
            f'<figure><a href="{address}" target="_blank"><img src="{address}" alt="{text}"></a>'
            f"<figcaption>{text}</figcaption></figure>"
        )
    return f'<div class="seen">{"".join(figures)}</div>'

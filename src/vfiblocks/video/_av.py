"""The only place that imports PyAV, and the few spots where its versions differ."""

from __future__ import annotations

import errno
from fractions import Fraction
from numbers import Rational
from typing import Any

from vfiblocks.errors import MissingDependency

_ATTACHED_PICTURE = 0x400  # FFmpeg's disposition bit


def import_av() -> Any:
    """The ``av`` module, imported when first asked for.

    Raises:
        MissingDependency: PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingDependency(
            "reading and writing video files needs PyAV, which is not installed; "
            "run: pip install vfiblocks[video]"
        ) from error
    return av


def file_url(path: object) -> str:
    """``path`` in a form no protocol prefix or number pattern in its name can hijack.

    >>> file_url("12:30.mp4")
    'file:12:30.mp4'
    """
    return f"file:{path}"


def fraction(value: Rational | None) -> Fraction | None:
    """A rational of PyAV as a Fraction; unset values (None, 0, 0/1) are None.

    >>> fraction(Fraction(30000, 1001)), fraction(None), fraction(Fraction(0))
    (Fraction(30000, 1001), None, None)
    """
    return Fraction(int(value.numerator), int(value.denominator)) if value else None


def reason(error: BaseException) -> str:
    """What went wrong in a few words, without error numbers and internal addresses.

    >>> reason(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device'
    """
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def is_disk_full(error: BaseException) -> bool:
    """Whether a write failed because the disk or the user's quota is used up."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def add_copied_stream(container: Any, template: Any) -> Any:
    """A new stream of ``container`` that takes packets of ``template`` as they are.

    Raises:
        ValueError: the container cannot hold that codec.
    """
    if hasattr(container, "add_stream_from_template"):
        return container.add_stream_from_template(template)
    return container.add_stream(template=template)  # PyAV 13


def is_cover_art(stream: Any) -> bool:
    """Whether a video stream is a picture attached to music; PyAV before 15 cannot tell."""
    return bool(disposition_of(stream) & _ATTACHED_PICTURE)


def disposition_of(stream: Any) -> int:
    """FFmpeg's bits for what a stream is meant for (default, forced, ...); 0 if unknown."""
    disposition = getattr(stream, "disposition", 0)
    return int(getattr(disposition, "value", disposition))


def open_input(path: object) -> Any:
    """Open a file for reading, whatever it claims to be; nothing but local files is ever opened.

    Raises:
        av.FFmpegError, OSError: the file cannot be opened, or is no media file.
    """
    av = import_av()
    options = {"protocol_whitelist": "file"}  # a playlist must not reach for the network
    try:
        return av.open(file_url(path), options=options)
    except UnicodeDecodeError:  # a title in an old encoding must not make a video unreadable
        return av.open(file_url(path), options=options, metadata_errors="replace")

"""Titles, languages and other tags of files and streams, without those that muxers write."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from vfiblocks.video._av import disposition_of

# Written by the muxer itself, or true of the old file only
_CONTAINER = frozenset(
    {"compatible_brands", "creation_time", "duration", "encoder", "major_brand", "minor_version"}
)
_STREAM = frozenset(
    {
        "alpha_mode",
        "creation_time",
        "duration",
        "encoder",
        "handler_name",
        "rotate",
        "stereo_mode",
        "timecode",  # counts frames, of which there will be more
        "vendor_id",
    }
)
_COUNTED = ("bps", "number_of_", "_statistics")  # by mkvmerge, of the old stream


def container_tags(container: Any) -> dict[str, str]:
    """The tags of a file that are true of its copy as well."""
    return {k: v for k, v in container.metadata.items() if k.lower() not in _CONTAINER}


def copy_stream_tags(source: Any, target: Any) -> None:
    """Give a stream the tags and dispositions (default, forced, commentary) of another."""
    for key, value in source.metadata.items():
        if key.lower() in _STREAM or key.lower().startswith(_COUNTED):
            continue
        # MP4 files call a stream's title so when they are read, and not when they are written
        target.metadata["title" if key == "name" else key] = value
    disposition = disposition_of(source)
    if disposition:
        with suppress(AttributeError):  # PyAV 13 can read but not write it
            target.disposition = disposition

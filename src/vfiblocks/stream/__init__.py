"""Frames in, the frames between them out: what is known of a frame is worked out once."""

from vfiblocks.stream.cache import Keep
from vfiblocks.stream.heap import hand_back_freed_memory, keep_freed_memory
from vfiblocks.stream.keyed import KeyedStream
from vfiblocks.stream.stream import Stream

__all__ = ["Keep", "KeyedStream", "Stream", "hand_back_freed_memory", "keep_freed_memory"]

"""Evaluation protocols as data: what goes in, what is compared, and how it is averaged.

Importing this package makes the protocols known that come with it. Other packages announce theirs
in the entry-point groups ``vfiblocks.protocols`` (a :class:`Protocol`) and ``vfiblocks.readers`` (a
function from a root to a :class:`lift15.evaluation.items.Benchmark`).
"""

# Imported for what they announce.
from lift15.evaluation.protocols import clips as clips
from lift15.evaluation.protocols import davis as davis
from lift15.evaluation.protocols import middlebury as middlebury
from lift15.evaluation.protocols import snu_film as snu_film
from lift15.evaluation.protocols import ucf101 as ucf101
from lift15.evaluation.protocols import vimeo as vimeo
from lift15.evaluation.protocols import x_test as x_test
from lift15.evaluation.protocols import xiph as xiph
from lift15.evaluation.protocols.base import (
    PROTOCOLS,
    READERS,
    Pad,
    Protocol,
    Reader,
    find_protocol,
)
from lift15.evaluation.protocols.reading import sort_out

__all__ = [
    "PROTOCOLS",
    "READERS",
    "Pad",
    "Protocol",
    "Reader",
    "find_protocol",
    "sort_out",
]

"""Where clips come from: kinds of data under registered names, each read by number.

:func:`open_source_by_text` opens any of them; docs/data.md describes them all. Importing this
package registers them.
"""

# As a module and not by its name, which is not there yet when that package is imported first
import lift15.data.generated  # noqa: F401
from lift15.data.sources.adobe240 import Adobe240
from lift15.data.sources.base import SOURCES, Clip, ClipSource, MotionTruth, Problem
from lift15.data.sources.davis import Davis
from lift15.data.sources.frame_folders import FrameFolders, Pictures
from lift15.data.sources.frames import Frames
from lift15.data.sources.gopro import GoPro
from lift15.data.sources.guessing import guess_kind
from lift15.data.sources.picture_source import PictureSource
from lift15.data.sources.reds import Reds
from lift15.data.sources.text import DataText, open_source_by_text, parse_data
from lift15.data.sources.videos import Videos
from lift15.data.sources.vimeo_septuplet import VimeoSeptuplet
from lift15.data.sources.vimeo_triplet import VimeoTriplet
from lift15.data.sources.x_train import XTrain

__all__ = [
    "SOURCES",
    "Adobe240",
    "Clip",
    "ClipSource",
    "DataText",
    "Davis",
    "FrameFolders",
    "Frames",
    "GoPro",
    "MotionTruth",
    "PictureSource",
    "Pictures",
    "Problem",
    "Reds",
    "Videos",
    "VimeoSeptuplet",
    "VimeoTriplet",
    "XTrain",
    "guess_kind",
    "open_source_by_text",
    "parse_data",
]

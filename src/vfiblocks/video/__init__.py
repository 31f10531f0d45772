"""Video files and frames: read, show at other moments, write. No model is known here.

:func:`convert_video` does it all; :func:`open_source`, :class:`UpsampledVideo` and
:func:`save_video` are its three parts. Files need PyAV (``pip install vfiblocks[video]``),
imported when first used.
"""

from vfiblocks.video.base import Sink, Source
from vfiblocks.video.clip import FrameStream, TensorClip, write_picture, write_video
from vfiblocks.video.convert import Report, convert_video, save_video
from vfiblocks.video.cuts import CutMarker, DetectedCuts, ListedCuts
from vfiblocks.video.encoding import Encoding, choose_encoding
from vfiblocks.video.file_sink import VideoFileSink
from vfiblocks.video.file_source import VideoFile
from vfiblocks.video.folder_sink import ImageFolderSink
from vfiblocks.video.folder_source import ImageFolder
from vfiblocks.video.frame import Frame
from vfiblocks.video.gaps import Gap, gaps
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.pixels import picture_to_rgb, rgb_to_picture
from vfiblocks.video.repeats import RepeatFilter
from vfiblocks.video.sink import open_sink
from vfiblocks.video.source import open_source
from vfiblocks.video.timeline import EqualParts, Moment, SteadyRate, Timeline, choose_timeline
from vfiblocks.video.upsample import FrameMaker, upsample
from vfiblocks.video.upsampled import UpsampledVideo

__all__ = [
    "CutMarker",
    "DetectedCuts",
    "Encoding",
    "EqualParts",
    "Frame",
    "FrameMaker",
    "FrameStream",
    "Gap",
    "ImageFolder",
    "ImageFolderSink",
    "ListedCuts",
    "Moment",
    "RepeatFilter",
    "Report",
    "Sink",
    "Source",
    "SteadyRate",
    "TensorClip",
    "Timeline",
    "UpsampledVideo",
    "VideoFile",
    "VideoFileSink",
    "VideoInfo",
    "choose_encoding",
    "choose_timeline",
    "convert_video",
    "gaps",
    "open_sink",
    "open_source",
    "picture_to_rgb",
    "rgb_to_picture",
    "save_video",
    "upsample",
    "write_picture",
    "write_video",
]

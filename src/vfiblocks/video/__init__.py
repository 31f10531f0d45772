"""Video files and frames: read, raise the frame rate, write. No model is known here.

:func:`interpolate_video` does it all; :func:`open_source`, :func:`upsample` and :func:`open_sink`
are its three parts. Files need PyAV (``pip install vfiblocks[video]``), imported when first used.
"""

from vfiblocks.video.base import Sink, Source
from vfiblocks.video.clip import TensorClip, write_picture, write_video
from vfiblocks.video.convert import Report, interpolate_video
from vfiblocks.video.encoding import Encoding, choose_encoding
from vfiblocks.video.file_sink import VideoFileSink
from vfiblocks.video.file_source import VideoFile
from vfiblocks.video.folder_sink import ImageFolderSink
from vfiblocks.video.folder_source import ImageFolder
from vfiblocks.video.frame import Frame
from vfiblocks.video.gaps import Gap, gaps
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.pixels import picture_to_rgb, rgb_to_picture
from vfiblocks.video.sink import open_sink
from vfiblocks.video.source import open_source
from vfiblocks.video.upsample import FrameMaker, upsample

__all__ = [
    "Encoding",
    "Frame",
    "FrameMaker",
    "Gap",
    "ImageFolder",
    "ImageFolderSink",
    "Report",
    "Sink",
    "Source",
    "TensorClip",
    "VideoFile",
    "VideoFileSink",
    "VideoInfo",
    "choose_encoding",
    "gaps",
    "interpolate_video",
    "open_sink",
    "open_source",
    "picture_to_rgb",
    "rgb_to_picture",
    "upsample",
    "write_picture",
    "write_video",
]

"""A folder of numbered PNG images as a sink for frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av, is_disk_full, reason
from vfiblocks.video.base import Sink
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.pixels import planar_layout, rgb_to_picture


class ImageFolderSink(Sink):
    """Writes ``000000.png``, ``000001.png``, ...: 8 bits per channel, 16 for deeper sources.

    Args:
        path: the folder.
        info: the source.
        overwrite: whether a folder that holds nothing but numbered frames is replaced.

    Raises:
        VideoError: the folder is not empty, or cannot be written.
        MissingDependency: PyAV is not installed.
    """

    def __init__(self, path: str | Path, info: VideoInfo, *, overwrite: bool = False) -> None:
        av = import_av()
        self.path = Path(path)
        self.info = info
        deep = planar_layout(info.pix_fmt).bits > 8
        self._pix_fmt = "rgb48be" if deep else "rgb24"
        self._encoder: Any = av.CodecContext.create("png", "w")
        self._encoder.width, self._encoder.height = info.width, info.height
        self._encoder.pix_fmt = self._pix_fmt
        self._encoder.time_base = Fraction(1, 25)  # it wants one; images have no clock
        self._encoder.thread_count = 1  # threads would delay a picture by some calls
        notes = []
        if info.audio_streams or info.subtitle_streams:
            notes.append("a folder of images holds no sound and no subtitles: they are left out")
        if info.rotation:
            notes.append(f"images carry no turn: view them turned by {info.rotation:g} degrees")
        self.notes = tuple(notes)
        self._partial = PartialOutput(self.path, overwrite=overwrite, folder=True)

    def _write(self, frame: Frame) -> None:
        av = import_av()
        if frame.size != (self.info.width, self.info.height):
            width, height = frame.size
            raise VideoError(
                f"{self.path}: a frame of {width}x{height} does not fit a video of "
                f"{self.info.width}x{self.info.height}"
            )
        picture = rgb_to_picture(frame.rgb, self._pix_fmt)
        picture.pts = self.frames
        try:
            data = b"".join(bytes(packet) for packet in self._encoder.encode(picture))
            (self._partial.path / f"{self.frames:06d}.png").write_bytes(data)
        except (av.FFmpegError, OSError) as error:
            if is_disk_full(error):
                raise VideoError(
                    f"{self.path}: the disk is full after {self.frames} images; free some space "
                    "or choose another folder (nothing was left behind)"
                ) from error
            raise VideoError(
                f"{self.path}: writing image {self.frames} failed: {reason(error)}"
            ) from error

    def commit(self) -> None:
        """Give the folder its name.

        Raises:
            VideoError: no frame was written, or the folder cannot be renamed.
        """
        if not self.frames:
            raise VideoError(f"{self.path}: there are no frames to write")
        self._partial.commit()

    def abort(self) -> None:
        """Remove every image written; an older folder stays as it was."""
        self._partial.discard()

"""A folder of numbered images as a sink for frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av, is_disk_full, reason
from vfiblocks.video.base import Sink
from vfiblocks.video.frame import Frame
from vfiblocks.video.images import choose_image_format, image_notes
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.layouts import planar_layout
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.storing import Storing

_PQ, _HLG = 16, 18  # H.273 transfer characteristics


class ImageFolderSink(Sink):
    """Writes ``000000.png``, ``000001.png``, ...: one image for each frame.

    Images of the source that have the output's pixel format are stored with the same samples.

    Args:
        path: the folder.
        info: the source.
        image_format: ``png``, ``png16``, ``tiff``, ``tiff16``, ``jpg`` or ``exr``; None for that of
            the source, PNG of 8 or 16 bits for videos.
        overwrite: whether a folder that holds nothing but numbered frames is replaced.

    Raises:
        VideoError: the folder is not empty or cannot be written, or there is no such format.
        MissingDependency: PyAV is not installed.
    """

    def __init__(
        self,
        path: str | Path,
        info: VideoInfo,
        *,
        image_format: str | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self.info = info
        self._format = chosen = choose_image_format(info, image_format)
        self.notes = image_notes(info, chosen)
        if planar_layout(info.pix_fmt).floating < planar_layout(chosen.colour).floating:
            self._refuse_hdr()
        pix_fmt = chosen.pix_fmt(info)
        self._storing = Storing(info, pix_fmt, color_range=chosen.color_range, matrix=chosen.matrix)
        self._encoder: Any = import_av().CodecContext.create(chosen.encoder, "w")
        self._encoder.width, self._encoder.height = info.width, info.height
        self._encoder.pix_fmt = pix_fmt
        self._encoder.options = dict(chosen.options)
        self._encoder.time_base = Fraction(1, 25)  # it wants one; images have no clock
        self._encoder.thread_count = 1  # threads would delay a picture by some calls
        self._partial = PartialOutput(self.path, overwrite=overwrite, folder=True)

    def _refuse_hdr(self) -> None:
        if self.info.color_trc in (_PQ, _HLG):
            raise VideoError(
                f"{self.path}: PQ and HLG video is not converted to the linear light of EXR; "
                "choose image_format='png16', which keeps its values"
            )

    def _write(self, frame: Frame) -> None:
        av = import_av()
        if frame.size != (self.info.width, self.info.height):
            width, height = frame.size
            raise VideoError(
                f"{self.path}: a frame of {width}x{height} does not fit a video of "
                f"{self.info.width}x{self.info.height}"
            )
        picture = self._storing.picture(frame)
        picture.pts, picture.pict_type = self.frames, 0
        try:
            data = b"".join(bytes(packet) for packet in self._encoder.encode(picture))
            name = f"{self.frames:06d}{self._format.suffix}"
            (self._partial.path / name).write_bytes(data)
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

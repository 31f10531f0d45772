"""Which files are opened at all: those that hold pictures, not those that point at other files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vfiblocks.errors import InputError, MissingDependency

# FFmpeg's names. Playlists (concat, hls, dash, ...) are left out: they name files of this machine.
_VIDEOS = "asf,avi,flv,gif,ivf,matroska,mov,mp4,mpeg,mpegts,ogg,webm,yuv4mpegpipe"
_PICTURES = "bmp_pipe,exr_pipe,jpeg_pipe,png_pipe,tiff_pipe,webp_pipe"
_IN_MP4 = {"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"}

PICTURE_SUFFIXES = (".bmp", ".exr", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Kind:
    """What the header of a file tells.

    Args:
        width: of a picture.
        height: likewise.
        sound: FFmpeg's names of the audio codecs.
    """

    width: int
    height: int
    sound: tuple[str, ...]

    @property
    def fits_mp4(self) -> bool:
        """Whether MP4, which every browser plays, can hold the sound."""
        return all(codec in _IN_MP4 for codec in self.sound)


def video_kind(path: Path) -> Kind:
    """What a video file is.

    Raises:
        InputError: it is no video, or of a kind that may point at other files.
    """
    return _kind(path, _VIDEOS, "a video: MP4, MOV, MKV, WebM, AVI, GIF, ...")


def picture_kind(path: Path) -> Kind:
    """What a picture is.

    Raises:
        InputError: it is no picture of a kind that is read here.
    """
    wanted = f"a picture: {', '.join(s[1:].upper() for s in PICTURE_SUFFIXES)}"
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        raise InputError(f"{path.name} is not read as {wanted}")
    return _kind(path, _PICTURES, wanted)


def _kind(path: Path, formats: str, wanted: str) -> Kind:
    try:
        import av
    except ImportError as error:
        raise MissingDependency(
            "reading files needs PyAV, which is not installed; run: pip install vfiblocks[video]"
        ) from error
    options = {"format_whitelist": formats, "protocol_whitelist": "file"}
    try:
        # Opened by Python: nothing in the name is a protocol or a number pattern to FFmpeg
        with path.open("rb") as file, av.open(file, options=options) as container:
            video: Any = next(iter(container.streams.video), None)
            if video is None or not video.width or not video.height:
                raise InputError(f"{path.name} has no pictures in it; drop {wanted}")
            sound = tuple(s.codec_context.name for s in container.streams.audio if s.codec_context)
            return Kind(video.width, video.height, sound)
    except (av.FFmpegError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is damaged, or not {wanted}") from error

"""Image formats that a folder of frames can be written in."""

from __future__ import annotations

from dataclasses import dataclass, field

from vfiblocks.errors import VideoError
from vfiblocks.video.color import FULL_RANGE, LIMITED_RANGE
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.layouts import planar_layout

_JFIF_MATRIX = 5  # BT.601, as the JPEG File Interchange Format has it


@dataclass(frozen=True)
class ImageFormat:
    """How one kind of image is stored.

    Args:
        suffix: of the file names.
        encoder: FFmpeg's name.
        colour: pixel format of opaque pictures in colour.
        alpha: that of pictures with opacity; None if it is not stored.
        gray: that of grey pictures; None if they are stored in colour.
        options: of the encoder.
        matrix: H.273 code of the only matrix there is; None for the source's.
    """

    suffix: str
    encoder: str
    colour: str
    alpha: str | None = None
    gray: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    matrix: int | None = None

    def pix_fmt(self, info: VideoInfo) -> str:
        """The pixel format for a source."""
        layout = planar_layout(info.pix_fmt)
        if layout.alpha and self.alpha is not None:
            return self.alpha
        # Images have no tag for limited range; grey video becomes colour like any other
        if layout.kind == "gray" and self.gray is not None and info.color_range != LIMITED_RANGE:
            return self.gray
        return self.colour

    @property
    def color_range(self) -> int:
        """Images use all levels."""
        return FULL_RANGE


#: By the names that ``image_format`` takes; ``exr-half`` is what ``exr`` becomes for few bits.
IMAGE_FORMATS = {
    "exr": ImageFormat(
        ".exr",
        "exr",
        "gbrpf32le",
        "gbrapf32le",
        "grayf32le",
        {"compression": "zip16", "format": "float"},
    ),
    "exr-half": ImageFormat(
        ".exr",
        "exr",
        "gbrpf32le",
        "gbrapf32le",
        "grayf32le",
        {"compression": "zip16", "format": "half"},
    ),
    # FFmpeg's scale of 1 to 31, 2 being close to what others call quality 97
    "jpg": ImageFormat(
        ".jpg", "mjpeg", "yuvj444p", options={"qmin": "2", "qmax": "2"}, matrix=_JFIF_MATRIX
    ),
    "png": ImageFormat(".png", "png", "rgb24", "rgba", "gray"),
    "png16": ImageFormat(".png", "png", "rgb48be", "rgba64be", "gray16be"),
    "tiff": ImageFormat(".tiff", "tiff", "rgb24", "rgba", "gray", {"compression_algo": "deflate"}),
    "tiff16": ImageFormat(
        ".tiff", "tiff", "rgb48le", "rgba64le", "gray16le", {"compression_algo": "deflate"}
    ),
}
_OF_SUFFIX = {"exr": "exr", "jpeg": "jpg", "jpg": "jpg", "tif": "tiff", "tiff": "tiff"}


def choose_image_format(info: VideoInfo, name: str | None = None) -> ImageFormat:
    """The format for the images of a source: the one asked for, or else the source's own.

    Args:
        info: the source. Sources that are no folder of images, and images of a kind that is not
            written here, become PNG.
        name: ``png`` (8 bits), ``png16``, ``tiff``, ``tiff16``, ``jpg`` or ``exr``; None for the
            source's own. EXR is written in half precision where the source has no more than that.

    Raises:
        VideoError: there is no such format.

    Example:
        >>> from fractions import Fraction
        >>> deep = VideoInfo(8, 8, Fraction(25), Fraction(1, 25), "rgb48be", codec="png")
        >>> choose_image_format(deep).colour, choose_image_format(deep, "png").colour
        ('rgb48be', 'rgb24')
    """
    layout = planar_layout(info.pix_fmt)
    if name is None:
        name = _OF_SUFFIX.get(info.codec, "exr" if layout.floating else "png")
        if layout.bits > 8 and name in ("png", "tiff"):
            name += "16"
    if name == "exr" and (layout.bits == 16 if layout.floating else layout.bits <= 10):
        name = "exr-half"
    chosen = IMAGE_FORMATS.get(name)
    if chosen is None:
        raise VideoError(
            f"there is no image format called {name!r}; choose one of "
            f"{', '.join(key for key in IMAGE_FORMATS if '-' not in key)}"
        )
    return chosen


def image_notes(info: VideoInfo, chosen: ImageFormat) -> tuple[str, ...]:
    """What is lost by storing a source as images of this kind, in plain sentences."""
    source, stored = planar_layout(info.pix_fmt), planar_layout(chosen.pix_fmt(info))
    notes = []
    if info.audio_streams or info.subtitle_streams:
        notes.append("a folder of images holds no sound and no subtitles: they are left out")
    if info.rotation:
        notes.append(f"images carry no turn: view them turned by {info.rotation:g} degrees")
    if source.alpha and not stored.alpha:
        notes.append("transparent pixels, if there are any, are laid over white")
    if not source.floating and stored.floating:
        notes.append("EXR holds linear light: colours are taken for sRGB, and its curve is undone")
    elif source.floating and not stored.floating:
        notes.append("linear light is stored as sRGB; what is brighter than white is cut off")
    elif source.bits > stored.bits:
        notes.append(f"{source.bits}-bit pictures are stored with {stored.bits} bits, as asked")
    return tuple(notes)

"""Which encoder and pixel format an output gets.

The rule: what the source has, if the container and its encoder can hold it; otherwise the nearest
format that loses least, and a note that says what was lost and why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.pixels import Layout, planar_layout


@dataclass(frozen=True)
class Container:
    """A file format by its suffix: FFmpeg's name, and its encoders for 8 bits and for more."""

    muxer: str
    codec: str
    deep_codec: str


CONTAINERS = {
    ".m4v": Container("mp4", "libx264", "libx265"),
    ".mkv": Container("matroska", "libx264", "libx265"),
    ".mov": Container("mov", "libx264", "libx265"),
    ".mp4": Container("mp4", "libx264", "libx265"),
    ".webm": Container("webm", "libvpx-vp9", "libvpx-vp9"),
}

# Quality that keeps source frames near 45 dB, on each encoder's own scale.
_DEFAULT_CRF = {"libx264": 16, "libx265": 16, "libvpx-vp9": 18}
_PRESET_CODECS = ("libx264", "libx265", "libx264rgb")
_LOSSLESS_CODECS = ("ffv1", "libx264rgb", "huffyuv", "ffvhuff", "png", "utvideo")
_PACKED_RGB = ("bgr0", "rgb24", "bgr24")
# Encoders that refuse half a chroma sample at the border
_EVEN_ONLY_CODECS = ("libx264", "libx265", "libsvtav1", "h264_nvenc", "hevc_nvenc")


@dataclass(frozen=True)
class Encoding:
    """How the pictures of an output are stored.

    Args:
        muxer: FFmpeg's name of the container format.
        codec: name of the encoder.
        pix_fmt: name of the pixel format handed to it.
        options: the encoder's private options.
        notes: what differs from the source and why.
    """

    muxer: str
    codec: str
    pix_fmt: str
    options: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def choose_encoding(
    info: VideoInfo,
    path: Path,
    *,
    codec: str | None = None,
    crf: int | None = None,
    preset: str = "medium",
    pix_fmt: str | None = None,
) -> Encoding:
    """Decide how to store a video like ``info`` in a file called ``path``.

    Args:
        info: the source.
        path: the output; its suffix chooses the container.
        codec: name of an FFmpeg encoder; None for H.264 at 8 bits and HEVC above, VP9 in WebM.
        crf: constant quality on the encoder's scale, lower is better; None for 16 with H.264 and
            HEVC, 18 with VP9.
        preset: speed against size, for the x264 and x265 encoders.
        pix_fmt: FFmpeg's name of the pixel format; None for the source's own or the nearest.

    Raises:
        VideoError: the suffix names no known container, the encoder is not built in, or it cannot
            store ``pix_fmt``.

    Example:
        >>> from fractions import Fraction
        >>> info = VideoInfo(479, 271, Fraction(25), Fraction(1, 25), "yuv420p")
        >>> encoding = choose_encoding(info, Path("out.mp4"))
        >>> encoding.codec, encoding.pix_fmt
        ('libx264', 'yuv444p')
    """
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise VideoError(
            f"{path}: cannot write {path.suffix or 'a file without a suffix'}; "
            f"choose one of {', '.join(CONTAINERS)}"
        )
    source = planar_layout(info.pix_fmt)
    codec = codec or (container.codec if source.bits == 8 else container.deep_codec)
    formats = _formats_of(codec, path)
    if pix_fmt is None:
        pix_fmt, notes = _nearest_format(info, source, codec, formats)
    elif formats and pix_fmt not in formats:
        raise VideoError(
            f"{path}: encoder {codec} cannot store {pix_fmt}; it takes {', '.join(formats)}"
        )
    else:
        notes = ()
    options = _options_of(codec, crf, preset)
    return Encoding(container.muxer, codec, pix_fmt, options, notes)


def _formats_of(codec: str, path: Path) -> list[str]:
    av = import_av()
    try:
        described = av.codec.Codec(codec, "w")
    except ValueError as error:  # PyAV's UnknownCodecError
        raise VideoError(f"{path}: no encoder called {codec!r} is built in") from error
    if described.type != "video":
        raise VideoError(f"{path}: {codec!r} encodes {described.type}, not video")
    return [format.name for format in described.video_formats or ()]


def _options_of(codec: str, crf: int | None, preset: str) -> dict[str, str]:
    options: dict[str, str] = {}
    quality = crf if crf is not None else _DEFAULT_CRF.get(codec)
    if quality is not None:
        options["crf"] = str(quality)
    if codec in _PRESET_CODECS:
        options["preset"] = preset
    if codec == "libx265":
        options["x265-params"] = "log-level=error"  # it talks to stderr past FFmpeg's own log
    if codec == "libvpx-vp9":
        options.update({"b": "0", "row-mt": "1", "cpu-used": "2"})  # pure constant quality
    return options


def _nearest_format(
    info: VideoInfo, source: Layout, codec: str, formats: list[str]
) -> tuple[str, tuple[str, ...]]:
    lossless = codec in _LOSSLESS_CODECS
    if not formats or (lossless and info.pix_fmt in formats):
        return info.pix_fmt, ()
    wanted = source
    if source.kind != "yuv" and not lossless:
        # what every player shows; grey and RGB are read by few
        wanted = Layout("yuv", source.bits, (2, 2))
    odd_columns = info.width % wanted.chroma[0]
    odd_rows = info.height % wanted.chroma[1]
    whole = not (odd_columns or odd_rows) or codec not in _EVEN_ONLY_CODECS
    candidates = [layout for name in formats if (layout := Layout.of(name)) is not None]
    if not whole:
        candidates = [c for c in candidates if c.chroma == (1, 1)]
    packed = next((name for name in _PACKED_RGB if name in formats), None)
    if packed and (not candidates or (lossless and source.kind == "gbr" and source.bits == 8)):
        return packed, _alpha_note(source)  # the same bits as gbrp in another order
    if not candidates:
        raise VideoError(
            f"encoder {codec} stores none of the planar formats that {info.pix_fmt} could be "
            "turned into; choose another codec or a pix_fmt"
        )
    best = min(candidates, key=lambda candidate: _loss(wanted, candidate))
    return best.name, _format_notes(info, source, wanted, best, codec, whole)


def _loss(wanted: Layout, candidate: Layout) -> tuple[int, ...]:
    """What storing ``wanted`` as ``candidate`` costs, most important first; 0 is nothing."""
    return (
        int(wanted.kind == "yuv" and candidate.kind != "yuv"),
        int(wanted.kind == "gbr" and candidate.kind == "gray"),
        max(0, wanted.bits - candidate.bits),
        sum(max(0, c - w) for w, c in zip(wanted.chroma, candidate.chroma, strict=True)),
        int(wanted.kind != candidate.kind),
        int(wanted.jpeg != candidate.jpeg),
        sum(max(0, w - c) for w, c in zip(wanted.chroma, candidate.chroma, strict=True)),
        max(0, candidate.bits - wanted.bits),
    )


def _format_notes(
    info: VideoInfo, source: Layout, wanted: Layout, best: Layout, codec: str, whole: bool
) -> tuple[str, ...]:
    notes = list(_alpha_note(source))
    if info.pix_fmt.startswith("yuva"):
        notes.append("the transparency of the pictures is left out")
    if not whole:
        notes.append(
            f"stored as {best.name}: {codec} cannot halve the chroma of an odd size "
            f"({info.width}x{info.height})"
        )
    elif source.kind != "yuv" and best.kind == "yuv" and codec not in _LOSSLESS_CODECS:
        notes.append(
            f"{info.pix_fmt} pictures are stored as {best.name}, which every player shows; "
            "pix_fmt='yuv444p' keeps full colour resolution"
        )
    if best.bits < wanted.bits:
        notes.append(
            f"{wanted.bits}-bit pictures are stored with {best.bits} bits, all that {codec} "
            "takes here; .mp4 and .mkv keep up to 12 bits"
        )
    return tuple(notes)


def _alpha_note(source: Layout) -> tuple[str, ...]:
    return ("transparent pixels, if there are any, are laid over white",) if source.alpha else ()

"""Which encoder and pixel format an output gets.

The rule: what the source has, if the container and its encoder can hold it; otherwise the nearest
format that loses least, and a note that says what was lost and why.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av
from vfiblocks.video.codecs import encoder_options, family_of, find_encoder, quality_of
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.layouts import Layout, planar_layout


@dataclass(frozen=True)
class Container:
    """A file format by its suffix.

    Args:
        muxer: FFmpeg's name.
        codec: the encoder for 8 bits.
        deep_codec: the encoder for more.
        families: what else it can hold, by the names of :data:`~vfiblocks.video.codecs.FAMILIES`.
    """

    muxer: str
    codec: str
    deep_codec: str
    families: tuple[str, ...]


CONTAINERS = {
    ".m4v": Container("mp4", "libx264", "libx265", ("h264", "hevc", "av1", "vp9")),
    ".mkv": Container(
        "matroska", "libx264", "libx265", ("h264", "hevc", "av1", "vp9", "prores", "ffv1")
    ),
    ".mov": Container("mov", "libx264", "libx265", ("h264", "hevc", "prores")),
    ".mp4": Container("mp4", "libx264", "libx265", ("h264", "hevc", "av1", "vp9")),
    ".webm": Container("webm", "libvpx-vp9", "libvpx-vp9", ("vp9", "av1")),
}

# Packed and semi-planar formats that FFmpeg's scaler fills without loss from planar ones
_REPACKED = (
    *("bgr0", "rgb24", "bgr24", "bgra", "rgba", "rgb48le", "rgb48be", "rgba64le", "rgba64be"),
    *("nv12", "nv16", "nv24", "p010le", "p012le", "p016le", "p210le", "p216le"),
)


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
    preset: str | None = None,
    pix_fmt: str | None = None,
) -> Encoding:
    """Decide how to store a video like ``info`` in a file called ``path``.

    Args:
        info: the source.
        path: the output; its suffix chooses the container.
        codec: ``h264``, ``hevc``, ``av1``, ``vp9``, ``prores``, ``ffv1`` or FFmpeg's name of an
            encoder, in hardware or not; None for H.264 at 8 bits and HEVC above, VP9 in WebM.
        crf: constant quality on the encoder's scale, lower is better; None for its default here
            (16 with H.264 and HEVC, 18 with VP9, 20 with AV1).
        preset: speed against size, in the words of x264 or the encoder's own; None for medium.
        pix_fmt: FFmpeg's name of the pixel format; None for the source's own or the nearest.

    Raises:
        VideoError: the suffix names no known container, the encoder is not built in, the container
            cannot hold what it writes, or it cannot store ``pix_fmt``.

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
    if codec is None:
        wished = planar_layout(pix_fmt) if pix_fmt and _known(pix_fmt) else source
        codec = container.codec if wished.bits == 8 else container.deep_codec
    codec = find_encoder(codec, path)
    _check_pair(path, container, codec)
    formats = _formats_of(codec)
    if pix_fmt is None:
        pix_fmt, notes = _nearest_format(info, source, codec, formats)
    else:
        pix_fmt, notes = _wished_format(pix_fmt, source, codec, formats, path)
    options = encoder_options(codec, path, crf=crf, preset=preset)
    if info.hdr is not None:
        notes += _add_hdr(info, codec, options)
    return Encoding(container.muxer, codec, pix_fmt, options, notes)


def _check_pair(path: Path, container: Container, codec: str) -> None:
    family = family_of(codec)
    if family is None or family in container.families:
        return
    places = [suffix for suffix, other in CONTAINERS.items() if family in other.families]
    raise VideoError(
        f"{path}: {path.suffix} cannot hold {family} video; name the output "
        f"{' or '.join(places)}, or choose one of {', '.join(container.families)}"
    )


def _formats_of(codec: str) -> dict[Layout, str]:
    """What an encoder takes, by layout; the planar name where it has several for one layout."""
    quality = quality_of(codec)
    names = [format.name for format in import_av().codec.Codec(codec, "w").video_formats or ()]
    formats: dict[Layout, str] = {}
    for name in sorted(names, key=lambda name: Layout.of(name) is None):
        layout = Layout.of(name) or (planar_layout(name) if name in _REPACKED else None)
        if layout is None or layout.floating or (layout.alpha and not quality.alpha):
            continue
        formats.setdefault(layout, name)
    return formats


def _wished_format(
    wish: str, source: Layout, codec: str, formats: dict[Layout, str], path: Path
) -> tuple[str, tuple[str, ...]]:
    name = wish if _known(wish) else f"{wish}le"  # the byte order is rarely said
    if not _known(name):
        raise VideoError(f"{path}: there is no pixel format called {wish!r}")
    layout = planar_layout(name)
    known = import_av().codec.Codec(codec, "w").video_formats
    if known and name not in formats.values():
        if layout not in formats:
            raise VideoError(
                f"{path}: encoder {codec} cannot store {wish}; it takes "
                f"{', '.join(formats.values())}"
            )
        name = formats[layout]
    return name, _alpha_note(source, layout)


def _known(pix_fmt: str) -> bool:
    try:
        import_av().VideoFormat(pix_fmt)
    except ValueError:
        return False
    return True


def _nearest_format(
    info: VideoInfo, source: Layout, codec: str, formats: dict[Layout, str]
) -> tuple[str, tuple[str, ...]]:
    quality = quality_of(codec)
    if not formats:
        return info.pix_fmt, ()
    wanted = replace(source, floating=False, bits=min(source.bits, 16))
    if quality.lossless and info.pix_fmt in formats.values():
        return info.pix_fmt, ()
    if source.kind != "yuv" and not quality.lossless:
        # what every player shows; grey and RGB are read by few
        wanted = Layout("yuv", wanted.bits, (2, 2), source.alpha)
    odd = info.width % wanted.chroma[0] or info.height % wanted.chroma[1]
    whole = not odd or not quality.even_only
    candidates = [c for c in formats if whole or c.chroma == (1, 1)]
    if not candidates:
        raise VideoError(
            f"encoder {codec} stores none of the formats that {info.pix_fmt} of "
            f"{info.width}x{info.height} could be turned into; choose another codec"
        )
    best = min(candidates, key=lambda candidate: _loss(wanted, candidate))
    return formats[best], _format_notes(info, source, wanted, best, codec, whole)


def _loss(wanted: Layout, candidate: Layout) -> tuple[int, ...]:
    """What storing ``wanted`` as ``candidate`` costs, most important first; 0 is nothing."""
    return (
        int(wanted.kind == "yuv" and candidate.kind != "yuv"),
        int(wanted.kind == "gbr" and candidate.kind == "gray"),
        int(wanted.alpha and not candidate.alpha),
        max(0, wanted.bits - candidate.bits),
        sum(max(0, c - w) for w, c in zip(wanted.chroma, candidate.chroma, strict=True)),
        int(wanted.kind != candidate.kind),
        int(candidate.alpha and not wanted.alpha),
        int(wanted.jpeg != candidate.jpeg),
        sum(max(0, w - c) for w, c in zip(wanted.chroma, candidate.chroma, strict=True)),
        max(0, candidate.bits - wanted.bits),
    )


def _format_notes(
    info: VideoInfo, source: Layout, wanted: Layout, best: Layout, codec: str, whole: bool
) -> tuple[str, ...]:
    notes = list(_alpha_note(source, best))
    if not whole:
        notes.append(
            f"stored as {best.name}: {codec} cannot halve the chroma of an odd size "
            f"({info.width}x{info.height})"
        )
    elif source.kind != "yuv" and best.kind == "yuv" and best.chroma != (1, 1):
        notes.append(
            f"{info.pix_fmt} pictures are stored as {best.name}, which every player shows; "
            "pix_fmt='yuv444p' keeps full colour resolution"
        )
    if source.floating:
        notes.append("linear light is stored as sRGB; what is brighter than white is cut off")
    if best.bits < wanted.bits:
        notes.append(
            f"{wanted.bits}-bit pictures are stored with {best.bits} bits, all that {codec} "
            "takes here; .mp4 and .mkv keep up to 12 bits, codec 'ffv1' in .mkv up to 16"
        )
    return tuple(notes)


def _alpha_note(source: Layout, stored: Layout) -> tuple[str, ...]:
    if not source.alpha or stored.alpha:
        return ()
    return (
        "transparent pixels, if there are any, are laid over white; codec 'prores' in .mov, "
        "'ffv1' in .mkv, .webm and folders of PNG images keep them",
    )


def _add_hdr(info: VideoInfo, codec: str, options: dict[str, str]) -> tuple[str, ...]:
    """Extend ``options`` by the source's HDR metadata, or say that it is lost."""
    assert info.hdr is not None
    told = info.hdr.encoder_options(codec)
    if told is None:
        return (f"mastering display and light level are left out: {codec} cannot be told of them",)
    for name, value in told.items():
        options[name] = ":".join(filter(None, (options.get(name), value)))
    return ()

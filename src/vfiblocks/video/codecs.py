"""Encoders by the names people use, and what crf and preset mean to each of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av

#: Friendly names, each with the encoders that stand for it, best first.
FAMILIES = {
    "av1": ("libsvtav1", "libaom-av1"),
    "ffv1": ("ffv1",),
    "h264": ("libx264", "libopenh264"),
    "hevc": ("libx265",),
    "prores": ("prores_ks",),
    "vp9": ("libvpx-vp9",),
}
_SYNONYMS = {"avc": "h264", "h265": "hevc", "x264": "h264", "x265": "hevc"}

#: Speed against size, as x264 calls it; other encoders' own scales are mapped onto these.
PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)

_HARDWARE = {
    "nvenc": "an NVIDIA GPU and its driver",
    "qsv": "an Intel GPU with Quick Sync",
    "vaapi": "a GPU with VA-API; FFmpeg must be handed frames that are on it already",
    "videotoolbox": "a Mac",
    "amf": "an AMD GPU and its driver",
    "v4l2m2m": "a video device of the system",
    "mf": "Windows Media Foundation",
    "vulkan": "a GPU with Vulkan Video",
}


@dataclass(frozen=True)
class Quality:
    """How an encoder is told about quality and speed.

    Args:
        option: its name for constant quality; None if it has none.
        default: that option's default here, which keeps source frames near 45 dB.
        highest: the worst quality its scale knows.
        speed: its name for the preset; None if it has none.
        speeds: its own words for :data:`PRESETS`, in that order; None where they are the same.
        fixed: further options.
        lossless: whether nothing is lost.
        even_only: whether it refuses half a chroma sample at the border.
        alpha: whether it stores opacity.
    """

    option: str | None = None
    default: int | None = None
    highest: int = 51
    speed: str | None = None
    speeds: tuple[str, ...] | None = None
    fixed: dict[str, str] = field(default_factory=dict)
    lossless: bool = False
    even_only: bool = False
    alpha: bool = False


_NVENC = Quality(
    "cq",
    19,
    speed="preset",
    speeds=("p1", "p1", "p2", "p3", "p3", "p4", "p5", "p6", "p7", "p7"),
    fixed={"rc": "vbr", "b": "0"},  # b=0: constant quality alone decides
    even_only=True,
)
_QSV = Quality(
    "global_quality",
    20,
    speed="preset",
    speeds=("veryfast",) * 3 + PRESETS[3:9] + ("veryslow",),
    even_only=True,
)
_LOSSLESS = Quality(lossless=True, alpha=True)

ENCODERS = {
    "av1_nvenc": _NVENC,
    "av1_qsv": _QSV,
    "ffv1": _LOSSLESS,
    "ffvhuff": _LOSSLESS,
    "h264_nvenc": _NVENC,
    "h264_qsv": _QSV,
    "hevc_nvenc": _NVENC,
    "hevc_qsv": _QSV,
    "huffyuv": _LOSSLESS,
    "libaom-av1": Quality(
        "crf", 20, 63, "cpu-used", tuple("8765432100"), {"b": "0", "row-mt": "1"}
    ),
    "libsvtav1": Quality(
        "crf",
        20,
        63,
        "preset",
        ("12", "11", "10", "9", "8", "6", "4", "3", "2", "1"),
        even_only=True,
    ),
    "libvpx-vp9": Quality(
        "crf",
        18,
        63,
        "cpu-used",
        ("5", "5", "4", "4", "3", "2", "1", "1", "0", "0"),
        {"b": "0", "row-mt": "1"},
        alpha=True,
    ),
    "libx264": Quality("crf", 16, speed="preset", even_only=True),
    "libx264rgb": Quality("crf", 0, speed="preset", lossless=True),
    "libx265": Quality(
        "crf",
        16,
        speed="preset",
        fixed={"x265-params": "log-level=error"},  # it talks to stderr past FFmpeg's own log
        even_only=True,
    ),
    "png": _LOSSLESS,
    "prores": Quality(alpha=True),
    "prores_ks": Quality(fixed={"vendor": "apl0"}, alpha=True),
    "qtrle": _LOSSLESS,
    "utvideo": _LOSSLESS,
}


def find_encoder(name: str, path: Path) -> str:
    """FFmpeg's name of an encoder that people call ``name``.

    Args:
        name: one of ``h264``, ``hevc``, ``av1``, ``vp9``, ``prores``, ``ffv1``, or FFmpeg's name.
        path: the output, for messages.

    Raises:
        VideoError: no such encoder is built into PyAV, or it does not encode video.

    Example:
        >>> find_encoder("hevc", Path("out.mp4"))
        'libx265'
    """
    family = _SYNONYMS.get(name.lower(), name.lower())
    for candidate in FAMILIES.get(family, (name,)):
        try:
            described = import_av().codec.Codec(candidate, "w")
        except ValueError:  # PyAV's UnknownCodecError
            continue
        if described.type != "video":
            raise VideoError(f"{path}: {name!r} encodes {described.type}, not video")
        if candidate == "libsvtav1":
            # It talks to stderr past FFmpeg's own log, and can be told not to in this way only
            os.environ.setdefault("SVT_LOG", "1")
        return candidate
    raise VideoError(
        f"{path}: no encoder called {name!r} is built in; choose one of {', '.join(FAMILIES)} "
        "or FFmpeg's name of an encoder"
    )


def quality_of(codec: str) -> Quality:
    """What is known of an encoder; nothing for one that is not in :data:`ENCODERS`."""
    return ENCODERS.get(codec, Quality(even_only=hardware_need(codec) is not None))


def hardware_need(codec: str) -> str | None:
    """What an encoder in hardware needs, None for one in software.

    >>> hardware_need("h264_nvenc"), hardware_need("libx264")
    ('an NVIDIA GPU and its driver', None)
    """
    return _HARDWARE.get(codec.rpartition("_")[2]) if "_" in codec else None


def family_of(codec: str) -> str | None:
    """The friendly name of what an encoder writes, None if it has none.

    >>> family_of("libx265"), family_of("hevc_qsv"), family_of("mpeg4")
    ('hevc', 'hevc', None)
    """
    for family, encoders in FAMILIES.items():
        if codec in encoders or codec.partition("_")[0] == family:
            return family
    return None


def encoder_options(
    codec: str, path: Path, *, crf: int | None = None, preset: str | None = None
) -> dict[str, str]:
    """The options that make an encoder work at a quality and speed.

    Raises:
        VideoError: the encoder has no constant quality, or the value is off its scale, or there
            is no such preset.

    Example:
        >>> encoder_options("libsvtav1", Path("o.mp4"), crf=30, preset="veryfast")
        {'crf': '30', 'preset': '10'}
    """
    quality = quality_of(codec)
    options = dict(quality.fixed)
    if crf is not None:
        if quality.option is None:
            why = "is lossless" if quality.lossless else "has no constant quality (crf) to choose"
            raise VideoError(f"{path}: encoder {codec} {why}; leave crf out")
        if not 0 <= crf <= quality.highest:
            raise VideoError(
                f"{path}: crf {crf} is not on the scale of {codec}, 0 to {quality.highest}"
            )
    value = quality.default if crf is None else crf
    if quality.option is not None and value is not None:
        options[quality.option] = str(value)
    wish = preset or "medium"
    if quality.speed is not None:
        if quality.speeds is None:
            options[quality.speed] = wish
        elif wish in PRESETS:
            options[quality.speed] = quality.speeds[PRESETS.index(wish)]
        elif wish in quality.speeds or wish.isdecimal():
            options[quality.speed] = wish
        else:
            raise VideoError(
                f"{path}: there is no preset {wish!r}; choose one of {', '.join(PRESETS)}"
            )
    return options

"""Open whatever a user wants written: a video file, a folder of images, or standard output."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video.base import Sink, Source
from vfiblocks.video.clock import divided_time_base
from vfiblocks.video.encoding import choose_encoding
from vfiblocks.video.file_sink import VideoFileSink
from vfiblocks.video.folder_sink import ImageFolderSink
from vfiblocks.video.folder_source import IMAGE_SUFFIXES
from vfiblocks.video.passthrough import AUDIO
from vfiblocks.video.y4m_sink import Y4mSink


def open_sink(
    path: str | Path,
    source: Source,
    *,
    factor: int = 1,
    rate: Fraction | int | None = None,
    time_base: Fraction | None = None,
    slowdown: Fraction | int = 1,
    audio: str | None = None,
    overwrite: bool = False,
    copy_whole: bool = True,
    codec: str | None = None,
    crf: int | None = None,
    preset: str | None = None,
    pix_fmt: str | None = None,
    image_format: str | None = None,
) -> Sink:
    """Open an output that looks like ``source``, at another frame rate.

    A name with a suffix is a video file, one without is a folder of images, and ``-`` is a
    YUV4MPEG2 stream on standard output, as which ``.y4m`` files are written, too.

    Args:
        path: the output.
        source: where size, colours, rotation, sound and subtitles are taken from.
        factor: how many output frames there are to each source frame.
        rate: frames per second of the output; None for ``factor`` times the source's, divided by
            ``slowdown``.
        time_base: every frame's time should be a whole multiple of this; None for one that tells
            the source's times and their ``factor``-th parts.
        slowdown: how many seconds of output there are to each second of the source. Frames come
            with their output times already; subtitles and chapters are moved by this.
        audio: ``keep`` copies the sound packet by packet, ``drop`` leaves it out, ``stretch``
            makes it ``slowdown`` times as long at its old pitch and encodes it again. None keeps
            it, or drops it where ``slowdown`` is not 1.
        overwrite: whether an existing output is replaced once the new one is complete.
        copy_whole: False to copy sound no further than the last frame written, for a preview.
        codec: see :func:`~vfiblocks.video.encoding.choose_encoding`; so are the three below.
        crf: constant quality.
        preset: speed against size.
        pix_fmt: pixel format.
        image_format: for a folder, ``png`` (8 bits), ``png16``, ``tiff``, ``tiff16``, ``jpg`` or
            ``exr``; None for that of the source, PNG for a video.

    Raises:
        InputError: ``rate``, ``time_base``, ``slowdown`` or ``audio`` make no sense.
        VideoError: the output is the input, exists, cannot be written, or is of an unknown kind.
    """
    slowdown = Fraction(slowdown)
    audio = _audio_wish(audio, slowdown)
    rate = source.info.rate * factor / slowdown if rate is None else Fraction(rate)
    if rate <= 0 or (time_base is not None and time_base <= 0):
        raise InputError(f"rate and time_base must be positive, got {rate} and {time_base}")
    path = Path(path)
    if str(path) == "-" or path.suffix.lower() == ".y4m":
        if any(wish is not None for wish in (codec, crf, image_format)):
            raise VideoError(
                f"{path}: YUV4MPEG2 is not compressed: there is no codec, crf or image_format to "
                "choose, only a pix_fmt"
            )
        _refuse_input(path, source)
        target = None if str(path) == "-" else path
        return Y4mSink(target, source.info, rate=rate, pix_fmt=pix_fmt, overwrite=overwrite)
    _refuse_input(path, source)
    if not path.suffix or path.is_dir():
        if path.resolve() in source.path.resolve().parents:
            raise VideoError(f"{path}: holds the input; choose another name for the output")
        if any(wish is not None for wish in (codec, crf, pix_fmt)):
            raise VideoError(
                f"{path}: is a folder of images, for which there is no codec, crf or pix_fmt to "
                "choose, only an image_format; give the name a suffix such as .mp4 for a video"
            )
        return ImageFolderSink(path, source.info, image_format=image_format, overwrite=overwrite)
    if path.suffix.lower() in IMAGE_SUFFIXES or image_format is not None:
        raise VideoError(
            f"{path}: images go to a folder; give it a name without a suffix, and say "
            "image_format='png' or another"
        )
    encoding = choose_encoding(
        source.info, path, codec=codec, crf=crf, preset=preset, pix_fmt=pix_fmt
    )
    return VideoFileSink(
        path,
        source.info,
        encoding,
        rate=rate,
        time_base=time_base
        or divided_time_base(source.info.time_base, factor * slowdown.denominator),
        copy_from=source.path if source.path.is_file() else None,
        audio=audio,
        slowdown=slowdown,
        copy_whole=copy_whole,
        overwrite=overwrite,
    )


def _audio_wish(audio: str | None, slowdown: Fraction) -> str:
    if slowdown <= 0:
        raise InputError(f"slowdown must be positive, got {slowdown}")
    if audio is None:
        return "keep" if slowdown == 1 else "drop"
    if audio not in AUDIO:
        raise InputError(f"audio must be one of {', '.join(AUDIO)}, got {audio!r}")
    if audio == "keep" and slowdown != 1:
        raise InputError(
            "sound cannot be kept as it is beside pictures of another length; stretch or drop it"
        )
    return audio


def _refuse_input(path: Path, source: Source) -> None:
    if path.exists() and source.path.exists() and path.samefile(source.path):
        raise VideoError(f"{path}: is the input itself; choose another name for the output")

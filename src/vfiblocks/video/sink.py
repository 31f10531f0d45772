"""Open whatever a user wants written: a video file or a folder of images."""

from __future__ import annotations

from pathlib import Path

from vfiblocks.errors import VideoError
from vfiblocks.video.base import Sink, Source
from vfiblocks.video.clock import divided_time_base
from vfiblocks.video.encoding import choose_encoding
from vfiblocks.video.file_sink import VideoFileSink
from vfiblocks.video.folder_sink import ImageFolderSink


def open_sink(
    path: str | Path,
    source: Source,
    *,
    factor: int = 1,
    overwrite: bool = False,
    copy_whole: bool = True,
    codec: str | None = None,
    crf: int | None = None,
    preset: str = "medium",
    pix_fmt: str | None = None,
) -> Sink:
    """Open an output that looks like ``source`` at ``factor`` times its frame rate.

    A name with a suffix is a video file, one without is a folder of PNG images.

    Args:
        path: the output.
        source: where size, colours, rotation, sound and subtitles are taken from.
        factor: how many output frames there are to each source frame.
        overwrite: whether an existing output is replaced once the new one is complete.
        copy_whole: False to copy sound no further than the last frame written, for a preview.
        codec: see :func:`~vfiblocks.video.encoding.choose_encoding`; so are the three below.
        crf: constant quality.
        preset: speed against size.
        pix_fmt: pixel format.

    Raises:
        VideoError: the output is the input, exists, cannot be written, or is of an unknown kind.
    """
    path = Path(path)
    if path.exists() and source.path.exists() and path.samefile(source.path):
        raise VideoError(f"{path}: is the input itself; choose another name for the output")
    if not path.suffix or path.is_dir():
        if path.resolve() in source.path.resolve().parents:
            raise VideoError(f"{path}: holds the input; choose another name for the output")
        if any(wish is not None for wish in (codec, crf, pix_fmt)):
            raise VideoError(
                f"{path}: is a folder of PNG images, for which there is no codec, crf or pix_fmt "
                "to choose; give the name a suffix such as .mp4 for a video"
            )
        return ImageFolderSink(path, source.info, overwrite=overwrite)
    encoding = choose_encoding(
        source.info, path, codec=codec, crf=crf, preset=preset, pix_fmt=pix_fmt
    )
    return VideoFileSink(
        path,
        source.info,
        encoding,
        rate=source.info.rate * factor,
        time_base=divided_time_base(source.info.time_base, factor),
        copy_from=source.path if source.path.is_file() else None,
        copy_whole=copy_whole,
        overwrite=overwrite,
    )

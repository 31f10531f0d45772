"""A long video with a model: resumable, and shared out to many machines."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import torch

import vfiblocks
from lift15.making import DEFAULT, load_model
from lift15.upsampling import DEFAULT_CUT_THRESHOLD, interpolate_video
from vfiblocks import Interpolator
from vfiblocks.errors import InputError
from vfiblocks.video import Report
from vfiblocks.video.job import JobFolder
from vfiblocks.video.join import (
    is_cleaned_up_only,
    join_segments,
    write_segmented,
    write_shard,
)
from vfiblocks.video.segmented import SegmentedVideo
from vfiblocks.video.segments import FRAMES

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class LongVideo:
    """A conversion that is done in segments, each kept once it is finished.

    It holds plain values only, so that it can be sent to other machines.

    Args:
        source: a video file or a folder of pictures.
        target: the file or folder to be made; segments are kept in ``.NAME.segments`` beside it.
        model: what :func:`lift15.making.load_model` takes; so are the three below.
        device: where the model runs.
        untrained: allow random weights.
        flow_scale: look for motion at this fraction of the resolution.
        factor: as for :func:`lift15.interpolate_video`; so are the eleven below.
        fps: a constant frame rate.
        keep_timestamps: insist on the source's own times.
        slow_motion: how many times slower it plays.
        cuts: "auto", "off" or a file.
        cut_threshold: for "auto".
        dedupe: make repeated frames anew.
        limit: read no more than so many source frames.
        seconds: read no more than so many seconds.
        precision: what the model computes in.
        tile: height x width of tiles.
        max_memory: work in tiles if more would be needed.
        audio: as for :func:`vfiblocks.video.open_sink`; so are the six below.
        overwrite: replace ``target`` in the end.
        codec: the encoder.
        crf: constant quality.
        preset: speed against size.
        pix_fmt: pixel format.
        image_format: of a folder.
        segment_frames: about how many output frames a segment has.

    Example:
        >>> film = LongVideo("film.mkv", "smooth.mkv", model="rife.safetensors", fps="60")
        >>> film.folder.path
        PosixPath('.smooth.mkv.segments')
    """

    source: str | Path
    target: str | Path
    model: str | Path = DEFAULT
    device: str = "auto"
    untrained: bool = False
    flow_scale: float | None = None
    factor: int | None = None
    fps: Fraction | float | str | None = None
    keep_timestamps: bool = False
    slow_motion: Fraction | float | str = 1
    cuts: str | Path = "auto"
    cut_threshold: float = DEFAULT_CUT_THRESHOLD
    dedupe: bool = False
    limit: int | None = None
    seconds: Fraction | float | str | None = None
    precision: str = "float32"
    tile: str | None = None
    max_memory: str | None = None
    audio: str | None = None
    overwrite: bool = False
    codec: str | None = None
    crf: int | None = None
    preset: str | None = None
    pix_fmt: str | None = None
    image_format: str | None = None
    segment_frames: int = FRAMES

    @property
    def folder(self) -> JobFolder:
        """Where finished segments are kept."""
        return JobFolder(Path(self.target))

    def load_model(self) -> Interpolator:
        """The model, to be handed to :meth:`opened`."""
        return load_model(
            self.model, device=self.device, untrained=self.untrained, flow_scale=self.flow_scale
        )

    @contextmanager
    def opened(self, model: Interpolator | None = None) -> Iterator[SegmentedVideo]:
        """The segments, to be made one by one; the first to come looks the video through.

        Args:
            model: loaded before; None to load it.

        Raises:
            InputError: an option is out of range.
            VideoError: the source cannot be read, the target cannot be written, or a different
                conversion was begun for it.
        """
        model = self.load_model() if model is None else model
        video = interpolate_video(
            self.source,
            model=model,
            factor=self.factor,
            fps=self.fps,
            keep_timestamps=self.keep_timestamps,
            slow_motion=self.slow_motion,
            cuts=self.cuts,
            cut_threshold=self.cut_threshold,
            dedupe=self.dedupe,
            limit=self.limit,
            seconds=self.seconds,
            precision=self.precision,
            tile=self.tile,
            max_memory=self.max_memory,
        )
        with video:
            yield SegmentedVideo(
                video,
                self.target,
                identity=self.identity(model),
                audio=self.audio,
                overwrite=self.overwrite,
                codec=self.codec,
                crf=self.crf,
                preset=self.preset,
                pix_fmt=self.pix_fmt,
                image_format=self.image_format,
                segment_frames=self.segment_frames,
            )

    def identity(self, model: Interpolator) -> dict[str, str | int | float | bool | None]:
        """What decides how made frames look, by plain names.

        The device is not among it: machines of different kinds may share a video, and differ by
        rounding.
        """
        listed = self.cuts not in ("auto", "off")
        return {
            "model": model.spec.fingerprint,
            "weights": self._weights(model),
            "precision": self.precision,
            "tile": self.tile,
            "max memory": self.max_memory,
            "cuts": _file_sha256(Path(self.cuts)) if listed else str(self.cuts),
            "cut threshold": self.cut_threshold if self.cuts == "auto" else None,
            "version": vfiblocks.__version__,
        }

    def _weights(self, model: Interpolator) -> str:
        """By what they are known again: the checkpoint, else the numbers themselves."""
        path = Path(self.model)
        return _file_sha256(path) if path.suffix == ".safetensors" else weights_sha256(model)

    def resume(
        self, *, model: Interpolator | None = None, on_progress: Progress | None = None
    ) -> Report:
        """Make what is missing, all of it at first, and join it.

        Raises:
            InputError, VideoError: as for :meth:`opened`, or writing fails. Finished segments stay.
        """
        if not self.overwrite and is_cleaned_up_only(self.folder):
            return self.join()
        with self.opened(model) as video:
            return write_segmented(video, overwrite=self.overwrite, on_progress=on_progress)

    def shard(
        self,
        index: int,
        count: int,
        *,
        model: Interpolator | None = None,
        on_progress: Progress | None = None,
    ) -> tuple[int, int]:
        """Make the segments of one of several machines; :meth:`join` when all are done.

        Args:
            index: which machine, from 0.
            count: how many there are.
            model: loaded before.
            on_progress: called with frames made and an estimate of their number in the whole.

        Returns:
            How many segments the machine has, and how many of them had to be made.

        Raises:
            InputError, VideoError: as for :meth:`opened`, or there is no such machine.
        """
        with self.opened(model) as video:
            return write_shard(video, (index, count), on_progress=on_progress)

    def join(self) -> Report:
        """Join finished segments.

        Raises:
            VideoError: some are missing, or the target cannot be written.
        """
        return join_segments(self.target, overwrite=self.overwrite)


def parse_shard(text: str) -> tuple[int, int]:
    """Which machine of how many, from 0.

    Raises:
        InputError: it is no such pair, or there is no such machine.

    Example:
        >>> parse_shard("0/8")
        (0, 8)
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if match is None or not int(match[1]) < int(match[2]):
        raise InputError(
            f"a shard is i/n with i from 0 to n-1, such as 0/8 for the first of eight; got {text!r}"
        )
    return int(match[1]), int(match[2])


def weights_sha256(model: Interpolator) -> str:
    """A checksum of a model's numbers as they are laid out; sixteen hex digits."""
    digest = hashlib.sha256()
    for name, tensor in chain(model.named_parameters(), model.named_buffers()):
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}\n".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _file_sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error

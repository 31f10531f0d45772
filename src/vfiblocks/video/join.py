"""Finished segments become the output: packets and images are copied, nothing is encoded again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video.codecs import family_of
from vfiblocks.video.convert import Report
from vfiblocks.video.file_sink import VideoFileSink
from vfiblocks.video.job import JobFolder, Receipt, remove
from vfiblocks.video.packet_file import PacketFile
from vfiblocks.video.segmented import SegmentedVideo, check_output, open_described, source_identity
from vfiblocks.video.segments import share
from vfiblocks.video.source import open_source
from vfiblocks.video.survey import Survey

_SEI = (39, 40)  # HEVC's NAL units of remarks; x265 names the processor in them


def join_segments(
    output: str | Path, *, source: str | Path | None = None, overwrite: bool = False
) -> Report:
    """Put the segments of a job together, with sound and all else that comes from the source.

    The output appears when it is whole; then the segments are removed.

    Args:
        output: what the segments were made for.
        source: where the source is, if it is no longer where it was.
        overwrite: whether an existing output is replaced.

    Raises:
        VideoError: nothing was begun for ``output``, segments are missing or damaged, the source
            is another one, somebody is still at work, or the output cannot be written. The
            segments stay.
    """
    folder = JobFolder(Path(output))
    if folder.joined() is None:
        folder.job()
    with folder.lock(alone=True):
        return join_locked(folder, source=source, overwrite=overwrite)


def join_locked(
    folder: JobFolder, *, source: str | Path | None = None, overwrite: bool = False
) -> Report:
    """The same for whoever holds the lock."""
    whole = folder.path / folder.output.name
    report = folder.joined()
    if report is None or not (whole.exists() or is_cleaned_up_only(folder)):
        remove(whole)
        report = asdict(_join(folder, source, overwrite=overwrite))
        report = {name: _plain(value) for name, value in report.items()}
        folder.publish_joined(report)
    if whole.exists():  # otherwise it was renamed already, by somebody who was killed then
        check_output(folder.output, Path(folder.job()["place"]["source"]), overwrite=overwrite)
        with folder.writing():
            if folder.output.is_dir():  # just found to hold numbered frames only
                shutil.rmtree(folder.output)
            os.replace(whole, folder.output)
    folder.remove()
    fractions = {name: Fraction(report[name]) for name in ("duration_in", "duration_out", "rate")}
    return Report(**{**report, **fractions, "notes": tuple(report["notes"])})


def is_cleaned_up_only(folder: JobFolder) -> bool:
    """Whether the output has its name already, and only the removal of segments was broken off."""
    whole = folder.path / folder.output.name
    return folder.joined() is not None and folder.output.exists() and not whole.exists()


def write_segmented(
    video: SegmentedVideo,
    *,
    overwrite: bool = False,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Report:
    """Make what is missing of a video, and join it.

    Args:
        video: with the segments that are finished, if there are any.
        overwrite: whether an existing output is replaced.
        on_progress: called with the frames finished so far and an estimate of how many there
            will be.

    Raises:
        VideoError: the source cannot be read or has changed, writing fails, or somebody else is at
            work. Segments that were finished stay.
    """
    with video.folder.lock(alone=True):
        video.make(video.missing(), on_progress=on_progress)
        return join_locked(video.folder, overwrite=overwrite)


def write_shard(
    video: SegmentedVideo,
    shard: tuple[int, int],
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> tuple[int, int]:
    """Make the segments of one of several machines, which are joined later.

    Args:
        video: the whole video.
        shard: which machine of how many, from 0.
        on_progress: as for :func:`write_segmented`.

    Returns:
        How many segments the shard has, and how many had to be made.

    Raises:
        InputError: there is no such shard.
        VideoError: as for :func:`write_segmented`.
    """
    with video.folder.lock(alone=False):
        missing = video.missing(shard)
        video.make(missing, on_progress=on_progress)
        return len(share(len(video.segments), shard)), len(missing)


def _join(folder: JobFolder, source: str | Path | None, *, overwrite: bool) -> Report:
    job, plan = folder.job(), folder.plan()
    place = job["place"]
    path = Path(place["source"] if source is None else source)
    check_output(folder.output, path, overwrite=overwrite)
    if plan is None:
        raise VideoError(f"{folder.output}: no segment was made yet; run vfi interpolate first")
    rate = None if place["rate"] is None else Fraction(place["rate"])
    survey = Survey.from_dict(plan["survey"])
    with open_source(path, rate=rate) as opened:
        folder.compare({"source": source_identity(path)})
        receipts = all_receipts(folder, len(plan["segments"]))
        shown = {number: receipt for number, receipt in enumerate(receipts) if receipt.frames}
        if not shown:
            raise VideoError(f"{folder.output}: there are no frames to write")
        segments = [folder.segment(number, receipt) for number, receipt in shown.items()]
        audio_packets = 0
        if segments[0].is_dir():
            _join_images(folder, segments)
            notes = next(iter(shown.values())).notes
        else:
            sink = open_described(folder, opened, place["sink"])
            assert isinstance(sink, VideoFileSink)
            with sink:
                _join_packets(sink, [PacketFile.open(segment) for segment in segments])
            notes, audio_packets = sink.notes, sink.audio_packets
        first, last = (list(shown.values())[end] for end in (0, -1))
        return Report(
            frames_in=len(survey.times),
            frames_out=sum(receipt.frames for receipt in receipts),
            duration_in=survey.times[-1] - survey.times[0],
            duration_out=Fraction(last.last or 0) - Fraction(first.first or 0),
            rate=Fraction(place["sink"]["rate"]),
            audio_packets=audio_packets,
            cuts=len(survey.shots),
            repeats=survey.repeats,
            notes=(*opened.notes, *survey.notes, *notes),
        )


def all_receipts(folder: JobFolder, count: int) -> list[Receipt]:
    """What every segment holds, its content checked.

    Raises:
        VideoError: some are missing or damaged, with their numbers.
    """
    receipts = [folder.receipt(number) for number in range(count)]
    missing = [number for number, receipt in enumerate(receipts) if receipt is None]
    if missing:
        raise VideoError(
            f"{folder.output}: of {count} segments (0 to {count - 1}) {len(missing)} are missing "
            f"or damaged: {ranges(missing)}; run their shards again, or vfi interpolate --resume"
        )
    return [receipt for receipt in receipts if receipt is not None]


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in words.

    >>> ranges([1, 2, 3, 7])
    '1 to 3, 7'
    """
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ends = [[number for _, number in run] for _, run in runs]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in ends)


def _join_packets(sink: VideoFileSink, segments: Sequence[PacketFile]) -> None:
    codec = sink.encoding.codec
    wanted = _parameters(sink.extradata, codec)
    for segment in segments:
        if _parameters(segment.extradata, codec) != wanted:
            raise VideoError(
                f"{segment.path}: was made by another version of encoder {codec} than the one "
                "here, and cannot be joined with it; join where it was made"
            )
    times = decoding_times([list(segment.times()) for segment in segments])
    for segment in segments:
        for packet in segment:
            moment = packet.pts * segment.time_base
            sink.write_packet(packet.to_av(segment.time_base, next(times)), moment)


def decoding_times(segments: Sequence[Sequence[tuple[int, int]]]) -> Iterator[int]:
    """When each packet is decoded if segments are decoded in one go.

    Encoders start every segment with frames decoded before any is shown, which at a variable rate
    or in short segments overlaps the end of the segment before. With a delay of d frames, the
    frame that is n-th in the order of decoding is decoded when the (n-d)-th is shown; that is what
    encoders do as well, and for one segment nothing changes.

    Args:
        segments: times at which packets are shown and decoded, in the order of decoding.

    Raises:
        VideoError: segments overlap in time.

    Example:
        >>> list(decoding_times([[(0, -2), (3, -1), (1, 0), (2, 1)], [(4, 2), (6, 3), (5, 4)]]))
        [-2, -1, 0, 1, 2, 3, 4]
    """
    delay = max(map(_delay, segments))
    shown = [pts for segment in segments for pts in sorted(pts for pts, _ in segment)]
    if any(after <= before for before, after in pairwise(shown)):
        raise VideoError("segments overlap in time; remove them and start again")
    own = [dts for _, dts in segments[0][:delay]]
    if len(own) < delay or (own and own[-1] >= shown[0]):
        own = [shown[0] - delay + count for count in range(delay)]
    yield from own
    yield from shown[: len(shown) - delay]


def _delay(segment: Sequence[tuple[int, int]]) -> int:
    """By how many frames decoding is ahead of showing."""
    rank = {pts: number for number, pts in enumerate(sorted(pts for pts, _ in segment))}
    reordered = max(number - rank[pts] for number, (pts, _) in enumerate(segment))
    return max(reordered, sum(dts < min(rank) for _, dts in segment))


def _parameters(extradata: bytes | None, codec: str) -> bytes | None:
    """Parameter sets without remarks, which differ from machine to machine and mean nothing."""
    if extradata is None or family_of(codec) != "hevc" or extradata[:1] != b"\0":
        return extradata
    units = extradata.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return b"\0\0\1".join(unit for unit in units if unit and unit[0] >> 1 & 63 not in _SEI)


def _join_images(folder: JobFolder, segments: Iterable[Path]) -> None:
    scratch = folder.scratch()
    with folder.writing():
        scratch.mkdir()
        images = (image for segment in segments for image in sorted(segment.iterdir()))
        for number, image in enumerate(images):
            place = scratch / f"{number:06d}{image.suffix}"
            try:
                os.link(image, place)
            except OSError:  # a file system without links
                shutil.copyfile(image, place)
        os.replace(scratch, folder.path / folder.output.name)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Fraction) else value

"""Any folder of video files, or one file."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lift15.data.sources.base import SOURCES, Problem
from lift15.data.sources.cache import Picture
from lift15.data.sources.checking import settle
from lift15.data.sources.naming import Choice, SceneNamer
from lift15.data.sources.picture_source import PictureSource
from lift15.data.sources.video_clips import Divider, Run, video_files
from lift15.data.sources.video_index import IndexStore
from lift15.data.sources.video_reader import VideoReader
from lift15.data.sources.video_runs import RunRules
from vfiblocks.errors import DataError, VideoError
from vfiblocks.video import Frame
from vfiblocks.video.cuts import DEFAULT_CUT_THRESHOLD

_READY = 256  # videos whose header a process remembers; one of them at most is open


@SOURCES.register("videos")
class Videos(PictureSource):
    """Video files, divided into clips without cuts and repeats.

    On opening for the first time every video is decoded once; what was seen is stored (see
    :class:`IndexStore`), so that opening again takes no time. Frames are then read by seeking, and
    are the very ones that reading from the beginning would give (see :class:`VideoReader`), in the
    colours that ``vfi interpolate`` shows to a model. Pictures are as they are coded: not turned.

    Args:
        root: a folder, which is searched with all its folders, or one file.
        cuts: whether to look for cuts and divide there.
        cut_threshold: see :class:`vfiblocks.video.DetectedCuts`.
        repeats: see :class:`RunRules`; so are the two below.
        timing: see there.
        shortest: see there.
        match: see :class:`Choice`; names are paths below the root, such as ``beach/take3.mp4``.
        list: see :class:`Choice`.
        scene: see :class:`SceneNamer`; a scene is a video unless said.
        index_dir: see :class:`IndexStore`.
        skip_bad: leave out videos that cannot be used, and list them in ``problems``.
        max_side: see :class:`PictureSource`; so are the three below.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: there are no videos, or some cannot be used and are not to be skipped.
        MissingDependency: PyAV, or what finds cuts, is not installed.
    """

    kind = "videos"

    def __init__(
        self,
        root: str | Path,
        *,
        cuts: bool = True,
        cut_threshold: float = DEFAULT_CUT_THRESHOLD,
        repeats: str = "drop",
        timing: str = "split",
        shortest: int = 3,
        match: str = "*",
        list: str = "",
        scene: str = "",
        index_dir: str = "",
        skip_bad: bool = False,
        max_side: int = 0,
        scale: float = 1.0,
        cache: int = 0,
        cache_dir: str = "",
    ) -> None:
        super().__init__(max_side=max_side, scale=scale, cache=cache, cache_dir=cache_dir)
        self.name = f"{self.kind}:{root}"
        namer, choice = SceneNamer(scene), Choice(match, list)
        divider = Divider(
            IndexStore(index_dir),
            cuts=cut_threshold if cuts else None,
            rules=RunRules(repeats, timing, shortest),
            scene=lambda name: namer(name, usual=name),
        )
        files = video_files(self.kind, root)
        names = [*files]
        found = [
            *divider.clips([(name, files[name]) for name in choice(names)]),
            *(Problem(n, "is listed, but there is no such video") for n in choice.missing(names)),
        ]
        self._runs, self.problems = settle(self.name, found, skip_bad=skip_bad)
        self.clips = tuple(run.clip for run in self._runs)
        self.notes = divider.notes
        self._readers: OrderedDict[Path, VideoReader] = OrderedDict()
        self._of_parent: object = None
        self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        """Open files and decoders stay where they are."""
        return {**self.__dict__, "_readers": OrderedDict(), "_of_parent": None}

    def _decoded(self, clip: int, numbers: Sequence[int]) -> Iterator[tuple[int, Picture]]:
        run = self._runs[clip]
        for number in numbers:
            try:
                frame = self._reader(run).frame(int(run.numbers[number]))
            except VideoError as error:
                raise DataError(
                    f"{self.name}: {run.clip.name}, frame {number}: {error}; replace the video, or "
                    "leave it out with the options match or list"
                ) from error
            yield number, _levels(frame)

    def _reader(self, run: Run) -> VideoReader:
        self._after_fork()
        last = next(reversed(self._readers), run.path)
        if last != run.path:
            self._readers[last].pause()
        reader = self._readers.pop(run.path, None) or VideoReader(run.path, run.index)
        self._readers[run.path] = reader
        if len(self._readers) > _READY:
            self._readers.popitem(last=False)
        return reader

    def _after_fork(self) -> None:
        """Leave alone what the parent has open: the two would move one file position.

        It is not even closed, for a decoder waits for its threads then, and they are not here.
        """
        if self._process != os.getpid():
            self._process = os.getpid()
            self._of_parent = self._readers  # held, so that nothing closes it
            self._readers = OrderedDict()

    def _stamp(self, clip: int) -> str:
        run = self._runs[clip]
        known = self._stat(run)
        numbers = hashlib.sha256(run.numbers.tobytes()).hexdigest()
        return f"{run.path.resolve()}/{known.st_size}/{known.st_mtime_ns}/{numbers}"

    def _file_sizes(self) -> Iterator[list[int]]:
        for run in self._runs:
            yield [self._stat(run).st_size, zlib.crc32(run.numbers.tobytes())]

    def _stat(self, run: Run) -> os.stat_result:
        try:
            return run.path.stat()
        except OSError as error:
            raise DataError(f"{self.name}: {run.clip.name}: {run.path} is gone") from error


def _levels(frame: Frame) -> Picture:
    """(H, W, 3) of 8 bits, each sample rounded once, whatever the depth of the video."""
    import cv2

    levels = (frame.rgb * 255).round_().byte().numpy()
    return np.asarray(cv2.merge([*levels]), dtype=np.uint8)  # twice as fast as permuting

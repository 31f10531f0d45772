"""``vfi interpolate`` in segments: resumed, one shard of many, or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lift15.cli.output import progress, tell
from lift15.long_videos import LongVideo, parse_shard
from vfiblocks import Interpolator
from vfiblocks.errors import InputError


@dataclass(frozen=True)
class InSegments:
    """How segments are made.

    Args:
        shard: which machine of how many this is; None for the only one.
        ray: address of a cluster.
    """

    shard: tuple[int, int] | None = None
    ray: str | None = None

    @classmethod
    def choose(cls, *, resume: bool, shard: str | None, ray: str | None) -> Self | None:
        """What the options ask for; None for one go without segments.

        Raises:
            InputError: they exclude each other, or the shard is none.
        """
        if shard is not None and ray is not None:
            raise InputError("a cluster shares the work out by itself; leave --shard or --ray out")
        if shard is not None:
            return cls(shard=parse_shard(shard))
        return cls(ray=ray) if resume or ray is not None else None

    def make(self, video: LongVideo, model: Interpolator) -> None:
        """Make what is missing, and say what was made.

        Raises:
            VfiError: the source cannot be read, or nothing can be written.
        """
        with progress(f"{Path(video.source).name}, {video.model}") as count:
            if self.shard is not None:
                total, made = video.shard(*self.shard, model=model, on_progress=count)
            elif self.ray is not None:
                from lift15.ray_workers import interpolate_on_ray

                report = interpolate_on_ray(video, address=self.ray, on_progress=count)
            else:
                report = video.resume(model=model, on_progress=count)
        if self.shard is not None:
            index, shards = self.shard
            tell(
                f"shard {index}/{shards}: {made} of {total} segments made; "
                f"when all shards are done: vfi join {video.target}"
            )
            return
        for note in report.notes:
            tell(note)
        tell(f"{video.target}: {report.frames_in} frames in, {report.frames_out} out")

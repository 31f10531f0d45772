"""Segments of a long video as tasks of a Ray cluster.

Workers hold a model each and take one segment after the other, so fast machines do more. They read
the source and write segments by the same paths as the caller: a file system all of them share.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lift15.long_videos import LongVideo, Progress
from vfiblocks.errors import InputError, MissingDependency, VfiError
from vfiblocks.video import Report
from vfiblocks.video.join import is_cleaned_up_only

_RETRIES = 3  # of a segment whose machine was lost


class SegmentWorker:
    """What runs on a machine of the cluster: a model, and the source opened for seeking.

    Args:
        video: the conversion.
    """

    def __init__(self, video: LongVideo) -> None:
        self._opening = video.opened()
        self._segments = self._opening.__enter__()

    def make(self, number: int) -> int:
        """Make a segment; gives back how many frames were made.

        Raises:
            VfiError: it cannot be made.
        """
        folder = self._segments.folder
        with folder.lock(alone=False):
            return self._segments.make([number])


def interpolate_on_ray(
    video: LongVideo,
    *,
    address: str = "auto",
    workers: int | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Make a video on a Ray cluster: what is missing of it is shared out, then joined here.

    Args:
        video: the conversion. With device "auto" its workers take a GPU each if the cluster has
            any, otherwise a CPU.
        address: of the cluster; "auto" for the one this machine belongs to, "local" to start one
            on this machine alone.
        workers: how many segments are made at once; as many as there are GPUs, or CPUs, unless
            said.
        on_progress: called with frames finished and an estimate of how many there will be.

    Raises:
        MissingDependency: Ray is not installed.
        InputError: there is no such cluster, or an option is out of range.
        VfiError: a segment cannot be made. Finished ones stay.
    """
    if not video.overwrite and is_cleaned_up_only(video.folder):
        return video.join()
    ray = _import_ray()
    # Other machines know nothing of the folder this one is in
    video = replace(
        video, source=Path(video.source).absolute(), target=Path(video.target).absolute()
    )
    mine = replace(video, device="cpu") if video.device == "auto" else video
    with mine.opened() as segments:  # looks the video through, once for all
        missing = segments.missing()
        done, expected = segments.finished_frames, segments.expected
    started = not ray.is_initialized()
    try:
        if started:
            _connect(ray, address)
        for made in _made(ray, video, missing, workers):
            done += made
            if on_progress is not None:
                on_progress(done, expected)
    finally:
        if started:
            ray.shutdown()
    return video.join()


def _made(ray: Any, video: LongVideo, missing: list[int], workers: int | None) -> Any:
    """How many frames each segment has, as they are finished."""
    from ray.util import ActorPool

    gpus, cpus = (int(ray.cluster_resources().get(kind, 0)) for kind in ("GPU", "CPU"))
    with_gpu = gpus > 0 and video.device in ("auto", "cuda")
    count = min(workers or (gpus if with_gpu else cpus) or 1, len(missing))
    options: dict[str, Any] = {"max_restarts": _RETRIES, "max_task_retries": _RETRIES}
    options.update({"num_gpus": 1} if with_gpu else {"num_cpus": 1})
    worker = ray.remote(SegmentWorker).options(**options)
    pool = ActorPool([worker.remote(video) for _ in range(count)])
    try:
        yield from pool.map_unordered(lambda actor, number: actor.make.remote(number), missing)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, VfiError):
            raise error.cause from None
        raise
    except ray.exceptions.RayActorError as error:
        cause = getattr(error, "cause", None)
        raise InputError(
            f"a worker of the cluster could not start or was lost {_RETRIES} times over: "
            f"{cause or str(error).splitlines()[0]}"
        ) from error


def _connect(ray: Any, address: str) -> None:
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(
            f"no Ray cluster at {address!r} ({str(error).splitlines()[0]}); start one with `ray "
            "start --head`, or say local"
        ) from error


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingDependency(
            "sharing a video out to a cluster needs Ray, which is not installed; run: "
            "pip install vfiblocks[ray]"
        ) from error
    return ray

"""Which scenes are learnt from and which are kept for validation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lift15.data.checking import check_share
from lift15.data.items import Chosen
from lift15.data.sources.base import ClipSource
from vfiblocks.errors import DataError


def split_by_scene(
    sources: Sequence[ClipSource], *, held_out: float
) -> tuple[tuple[Chosen, ...], tuple[Chosen, ...]]:
    """Keep a share of the scenes for validation; all clips of a scene go to the same side.

    A scene is chosen by a hash of its name alone: not by its place, not by chance, not by what else
    there is. So data that is added later moves no scene from one side to the other, and a scene
    that several sources have is on one side in all of them.

    Args:
        sources: one after the other.
        held_out: share of the scenes, about; 0 for none. Where no scene's hash falls within a
            share above 0, the scene with the least one is kept.

    Returns:
        What is learnt from and what is kept, a :class:`Chosen` per source each, some maybe empty.

    Raises:
        DataError: one side would be empty.
        InputError: ``held_out`` is no share.

    Example:
        >>> scene_place("00001") == scene_place("00001"), 0 <= scene_place("00002") < 1
        (True, True)
    """
    check_share("data", "held_out", held_out)
    scenes = sorted({clip.scene for source in sources for clip in source.clips})
    places = {scene: scene_place(scene) for scene in scenes}
    kept = {scene for scene, place in places.items() if place < held_out}
    if held_out > 0.0 and places and not kept:
        kept = {min(places, key=places.__getitem__)}
    if kept and len(kept) == len(places):
        raise DataError(
            f"held_out={held_out:g} leaves nothing to learn from: there "
            f"{'is one scene' if len(places) == 1 else f'are {len(places)} scenes'} and all would "
            "be kept for validation; give validation sources, more scenes, or held_out=0"
        )
    return (
        tuple(_side(source, scenes=kept, inside=False) for source in sources),
        tuple(_side(source, scenes=kept, inside=True) for source in sources),
    )


def everything(sources: Sequence[ClipSource]) -> tuple[Chosen, ...]:
    """All clips of all sources."""
    return tuple(Chosen(source, tuple(range(len(source.clips)))) for source in sources)


def scene_place(scene: str) -> float:
    """A number in [0, 1) that belongs to the name of a scene, on every machine the same."""
    digest = hashlib.sha256(scene.encode("utf-8")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _side(source: ClipSource, *, scenes: set[str], inside: bool) -> Chosen:
    chosen = (i for i, clip in enumerate(source.clips) if (clip.scene in scenes) is inside)
    return Chosen(source, tuple(chosen))

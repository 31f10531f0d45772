"""What a run learns from, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from lift15.data.augment import Augmentation
from lift15.data.checking import check_count, check_share, check_size
from lift15.data.layouts import Layout
from vfiblocks.errors import InputError

ValidationLayout = Literal["own", "hole", "even"]


@dataclass(frozen=True)
class DataPlan:
    """Sources, how they are split, and how samples are made of them.

    Nothing is None, so that a file that names every value can be written and read back.

    Args:
        train: sources to learn from, each ``KIND:PATH?option=value``, such as ``videos:clips``.
        validation: sources to validate on; where there are some, nothing is held out of ``train``.
        held_out: share of the scenes of ``train`` kept for validation; 0 for no validation.
        weights: how often each source of ``train`` comes, in any unit; empty for one heap.
        layout: how windows are cut, see :class:`Layout`.
        augmentation: what is done to samples, see :class:`Augmentation`.
        validation_layout: ``hole`` or ``even``; ``own`` for that of training, ``even`` of both.
        validation_crop: height and width of the middle that is validated on; empty for the size of
            the training crop.
        per_clip: validation windows of one clip, spread over it.
        per_scene: validation windows of one scene at the most, spread over them; 0 for all.
        motion: whether sources are asked for true motion, which takes time where they know it.
        skip_bad: leave out what is incomplete when a source is opened, and go on with another
            sample where one cannot be read; both are counted.

    Raises:
        InputError: values out of their ranges.

    Example:
        >>> DataPlan(train=("videos:clips",), layout=Layout(stride=2)).augmentation.crop
        (256, 256)
    """

    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    held_out: float = 0.05
    weights: tuple[float, ...] = ()
    layout: Layout = field(default_factory=Layout)
    augmentation: Augmentation = field(default_factory=Augmentation)
    validation_layout: ValidationLayout = "own"
    validation_crop: tuple[int, ...] = ()
    per_clip: int = 1
    per_scene: int = 0
    motion: bool = True
    skip_bad: bool = False

    def __post_init__(self) -> None:
        for name in ("train", "validation"):
            texts = getattr(self, name)
            if not isinstance(texts, tuple) or not all(isinstance(text, str) for text in texts):
                raise InputError(f"data: {name} is a list of sources, got {texts!r}")
        if self.weights and len(self.weights) != len(self.train):
            raise InputError(
                f"data: every source of train has its weight, got {len(self.weights)} for "
                f"{len(self.train)}"
            )
        check_share("data", "held_out", self.held_out)
        check_size("data", "validation_crop", self.validation_crop)
        check_count("data", "per_clip", self.per_clip)
        check_count("data", "per_scene", self.per_scene, least=0)
        if self.validation_layout not in get_args(ValidationLayout):
            raise InputError(
                f"data: validation_layout is one of {', '.join(get_args(ValidationLayout))}, got "
                f"{self.validation_layout!r}"
            )

"""Variety that costs no data: what is done to a sample, drawn once and done to all its pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lift15.data.checking import check_range, check_share, check_size
from lift15.data.colour import change_levels, change_saturation, reorder_channels
from lift15.data.geometry import Sample, crop, flip_horizontally, flip_vertically, turn
from vfiblocks.errors import InputError


@dataclass(frozen=True)
class Flips:
    """Mirroring.

    Args:
        horizontal: probability of left and right to change places.
        vertical: probability of top and bottom to change places.
    """

    horizontal: float = 0.5
    vertical: float = 0.5

    def __post_init__(self) -> None:
        check_share("flips", "horizontal", self.horizontal)
        check_share("flips", "vertical", self.vertical)

    def apply(self, sample: Sample, chance: np.random.Generator) -> Sample:
        """Draw and do it; two numbers are drawn."""
        across, upside = chance.random(2)
        if across < self.horizontal:
            sample = flip_horizontally(sample)
        return flip_vertically(sample) if upside < self.vertical else sample


@dataclass(frozen=True)
class Turns:
    """Turning by 90, 180 or 270 degrees; for square crops.

    Args:
        probability: of being turned at all.
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        check_share("turns", "probability", self.probability)

    def apply(self, sample: Sample, chance: np.random.Generator) -> Sample:
        """Draw and do it; two numbers are drawn."""
        turned, quarters = chance.random(2)
        return turn(sample, 1 + int(3 * quarters)) if turned < self.probability else sample


@dataclass(frozen=True)
class Channels:
    """Colours in another order.

    Args:
        reversal: probability of red and blue to change places.
        shuffle: probability of any order, the usual one included.
    """

    reversal: float = 0.5
    shuffle: float = 0.0

    def __post_init__(self) -> None:
        check_share("channels", "reversal", self.reversal)
        check_share("channels", "shuffle", self.shuffle)

    def apply(self, sample: Sample, chance: np.random.Generator) -> Sample:
        """Draw and do it; five numbers are drawn."""
        reversal, shuffle, *keys = chance.random(5)
        order = (0, 1, 2)
        if shuffle < self.shuffle:
            first, second, third = (int(i) for i in np.argsort(keys))
            order = (first, second, third)
        if reversal < self.reversal:
            order = (order[2], order[1], order[0])
        if order == (0, 1, 2):
            return sample
        return replace(sample, pictures=reorder_channels(sample.pictures, order))


@dataclass(frozen=True)
class Jitter:
    """Other light: one draw per clip, for steady light is what tells motion from change.

    Args:
        probability: of being changed at all.
        brightness: at most this is added or taken away; 1 is from black to white.
        contrast: factor between 1 - contrast and 1 + contrast.
        gamma: exponent between 1 / (1 + gamma) and 1 + gamma.
        saturation: factor between 1 - saturation and 1 + saturation.
    """

    probability: float = 0.0
    brightness: float = 0.05
    contrast: float = 0.1
    gamma: float = 0.1
    saturation: float = 0.1

    def __post_init__(self) -> None:
        check_share("jitter", "probability", self.probability)
        for name in ("brightness", "contrast", "gamma", "saturation"):
            check_range("jitter", name, getattr(self, name), below=1.0)

    def apply(self, sample: Sample, chance: np.random.Generator) -> Sample:
        """Draw and do it; five numbers are drawn."""
        changed = chance.random()
        brightness, contrast, gamma, saturation = chance.uniform(-1.0, 1.0, 4)
        if changed >= self.probability:
            return sample
        pictures = change_levels(
            sample.pictures,
            brightness=self.brightness * brightness,
            contrast=1.0 + self.contrast * contrast,
            gamma=(1.0 + self.gamma) ** gamma,
        )
        if self.saturation:
            pictures = change_saturation(pictures, 1.0 + self.saturation * saturation)
        return replace(sample, pictures=pictures)


@dataclass(frozen=True)
class Augmentation:
    """All of it, in the order in which it is done.

    Playing backwards is part of :class:`Layout`, since it decides which frames are read.

    Args:
        crop: height and width of the piece that is cut out; empty for whole pictures.
        flips: see :class:`Flips`.
        turns: see :class:`Turns`.
        channels: see :class:`Channels`.
        jitter: see :class:`Jitter`.

    Raises:
        InputError: turns without a square crop, which would give pictures of two shapes.

    Example:
        >>> Augmentation(crop=(128, 192), turns=Turns(0.0)).crop
        (128, 192)
        >>> Augmentation.off().flips
        Flips(horizontal=0.0, vertical=0.0)
    """

    crop: tuple[int, ...] = (256, 256)
    flips: Flips = field(default_factory=Flips)
    turns: Turns = field(default_factory=Turns)
    channels: Channels = field(default_factory=Channels)
    jitter: Jitter = field(default_factory=Jitter)

    def __post_init__(self) -> None:
        check_size("augmentation", "crop", self.crop)
        if self.turns.probability and len(set(self.crop)) != 1:
            got = f"{self.crop[0]}x{self.crop[1]}" if self.crop else "whole pictures"
            raise InputError(
                f"augmentation: turning by 90 degrees wants a square crop, got {got}; set the "
                "probability of turns to 0, or crop a square"
            )

    @classmethod
    def off(cls, *, crop: tuple[int, ...] = ()) -> Augmentation:
        """Nothing but, maybe, a crop."""
        return cls(crop, Flips(0.0, 0.0), Turns(0.0), Channels(0.0, 0.0), Jitter(0.0))

    def apply(self, sample: Sample, chance: np.random.Generator, *, who: str) -> Sample:
        """Draw and do it.

        As much is drawn whatever is switched on, so that one option changes nothing of another.

        Args:
            sample: as it was read.
            chance: the sample's own.
            who: the clip, for messages.

        Raises:
            DataError: the pictures are smaller than the crop.
        """
        top, left = chance.random(2)
        if self.crop:
            sample = crop(sample, self.crop, (top, left), who=who)
        for step in (self.flips, self.turns, self.channels, self.jitter):
            sample = step.apply(sample, chance)
        return sample


def centre_crop(sample: Sample, size: tuple[int, ...], *, who: str) -> Sample:
    """The middle of the pictures, for validation; all of them if ``size`` is empty.

    Raises:
        DataError: the pictures are smaller than that.
    """
    return crop(sample, size, (0.5, 0.5), who=who) if size else sample

"""What a protocol is: everything between a benchmark's files and a number, as plain data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lift15.evaluation.items import Benchmark
from vfiblocks import Part
from vfiblocks.errors import InputError
from vfiblocks.registry import Registry

PSNR = Part("psnr")
SSIM_3D = Part("ssim-3d")


@dataclass(frozen=True, kw_only=True)
class Pad:
    """How pictures are enlarged before the model sees them; its picture is cropped back.

    Models of vfiblocks take any size and pad inside, so a protocol pads only where the code it
    follows did, because that changes what the model sees at the border.

    Args:
        multiple: of height and width.
        size: (height, width) instead of a multiple.
        mode: "replicate" repeats the border, "constant" surrounds with ``value``.
        value: in [0, 1].
        centred: on all four sides, the odd pixel at the bottom and right; otherwise only there.
    """

    multiple: int | None = None
    size: tuple[int, int] | None = None
    mode: Literal["replicate", "constant"] = "replicate"
    value: float = 0.0
    centred: bool = False

    def __post_init__(self) -> None:
        if (self.multiple is None) == (self.size is None):
            raise InputError("a pad needs either a multiple or a size")

    def margins(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Pixels to add left, right, above and below, the order of ``torch.nn.functional.pad``.

        Raises:
            InputError: the picture is larger than ``size``.

        Example:
            >>> Pad(multiple=32, centred=True).margins(720, 1280)
            (0, 0, 8, 8)
        """
        if self.size is not None:
            down, across = self.size[0] - height, self.size[1] - width
        else:
            assert self.multiple is not None
            down, across = -height % self.multiple, -width % self.multiple
        if down < 0 or across < 0:
            raise InputError(
                f"a picture of {height}x{width} cannot be padded to {self.size[0]}x{self.size[1]}"
                if self.size
                else f"a picture of {height}x{width} cannot be padded"
            )
        left, top = (across // 2, down // 2) if self.centred else (0, 0)
        return left, across - left, top, down - top


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A benchmark, and how a published code measures on it.

    Args:
        name: ``benchmark`` or ``benchmark@code``.
        reader: which of :data:`READERS` finds the items, with its options.
        description: one line for listings; not part of the fingerprint.
        measures: names of metrics, with options; the columns of the results. ``rounded`` is handed
            on to those that have such an option and are not given it here.
        context: frames on each side of the target that a model may see; None for all there are.
            What a model reads beyond it is marked missing.
        official: how many items the benchmark has.
        resize: (height, width) that all pictures are shrunk to by area, before all else.
        resize_rounded: whether shrunk pictures are rounded to 8 bits.
        crop: (height, width) cut from the middle.
        crop_at_most: leave what is smaller as it is, each side for itself.
        pad: how pictures are enlarged for the model.
        flip: average with the prediction from pictures turned by half a turn (test-time flip).
        rounded: round predictions to 8-bit levels before measuring.
        averaging: over items; or over the items of each scene, and then over scenes.

    Example:
        >>> protocol = Protocol(name="mine", reader=Part("vimeo", layout="triplet"))
        >>> protocol.replace(rounded=False).fingerprint == protocol.fingerprint
        False
    """

    name: str
    reader: Part
    description: str = ""
    measures: tuple[Part, ...] = (PSNR, SSIM_3D)
    context: int | None = None
    official: int | None = None
    resize: tuple[int, int] | None = None
    resize_rounded: bool = True
    crop: tuple[int, int] | None = None
    crop_at_most: bool = False
    pad: Pad | None = None
    flip: bool = False
    rounded: bool = True
    averaging: Literal["item", "scene"] = "item"

    def __post_init__(self) -> None:
        if self.context is not None and self.context < 1:
            raise InputError(f"protocol {self.name}: context is 1 or more, got {self.context}")
        names = [measure.name for measure in self.measures]
        if not names or len(set(names)) != len(names):
            raise InputError(
                f"protocol {self.name}: needs measures, each of them once, got {names}"
            )

    def replace(self, **changes: Any) -> Protocol:
        """A changed copy; this is how variants are written."""
        return dataclasses.replace(self, **changes)

    def plain(self) -> dict[str, Any]:
        """All that decides about numbers, ready for JSON."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del plain["description"]
        plain["pad"] = self.pad and dataclasses.asdict(self.pad)
        plain["reader"] = _plain_part(self.reader)
        plain["measures"] = [_plain_part(measure) for measure in self.measures]
        return plain

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits naming all that decides about numbers."""
        return _digest(self.plain())

    @property
    def question(self) -> str:
        """The same of what decides about predictions: protocols that agree on it share them."""
        plain = self.plain()
        asked = (
            "reader",
            "context",
            "resize",
            "resize_rounded",
            "crop",
            "crop_at_most",
            "pad",
            "flip",
        )
        return _digest({key: plain[key] for key in asked})


Reader = Callable[..., Benchmark]
"""Called as ``reader(root, **options)``; finds the items of a benchmark without decoding any."""

READERS: Registry[Reader] = Registry("reader", group="vfiblocks.readers")
"""Layouts of benchmarks on disk by name; options are keyword-only."""

PROTOCOLS: Registry[Protocol] = Registry("protocol", group="vfiblocks.protocols")
"""Protocols by name."""


def announce(*protocols: Protocol) -> None:
    """Make protocols of ours available under their names."""
    for protocol in protocols:
        PROTOCOLS.add(protocol.name, protocol, origin=__name__.rpartition(".")[0])


def find_protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        UnknownComponent: nobody announces it; the nearest names are given.
        InputError: what is announced is none.

    Example:
        >>> import lift15.evaluation.protocols
        >>> find_protocol("vimeo-triplet").rounded, find_protocol("vimeo-triplet@ema").rounded
        (True, False)
    """
    protocol = PROTOCOLS.get(name)
    if not isinstance(protocol, Protocol):
        raise InputError(
            f"protocol '{name}', announced by {PROTOCOLS.origin(name)}, must be a Protocol, got "
            f"{type(protocol).__name__}"
        )
    return protocol


def _plain_part(part: Part) -> dict[str, Any]:
    return {"name": part.name, "options": dict(part.options)}


def _digest(plain: Any) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]

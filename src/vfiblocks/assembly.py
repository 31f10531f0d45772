"""From a spec to a model: check, build stage by stage, keep only what somebody reads."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from vfiblocks.encoders.base import Encoder
from vfiblocks.errors import AssemblyError, SpecError, VfiError
from vfiblocks.interpolator import Interpolator
from vfiblocks.ports import Needs, Upstream
from vfiblocks.registry import ENCODERS, STAGE_REGISTRIES
from vfiblocks.spec import ModelSpec, Part


def resolve(spec: ModelSpec) -> ModelSpec:
    """The same spec with every option written out, checked against the parts' signatures.

    Raises:
        SpecError: if it is no spec.
        UnknownComponent: for a name no registry knows.
        AssemblyError: for an option a part does not have or a value of the wrong type.
    """
    if not isinstance(spec, ModelSpec):
        raise SpecError(
            f"a model is assembled from a ModelSpec, got {spec!r}; by name, build_model"
        )
    parts: dict[str, Any] = {stage: _resolve_part(stage, part) for stage, part in spec.parts()}
    return replace(spec, **parts)


def assemble(spec: ModelSpec) -> Interpolator:
    """Build the model a spec describes.

    Stages are built in the order data flows. Each may ask for what the ones before it make; what
    nobody asked for is removed, and a pairing that cannot work is refused here, not at run time.

    Raises:
        UnknownComponent: for a name no registry knows.
        AssemblyError: who wanted what, what was on offer, and what would fit.

    Example:
        >>> from vfiblocks import ModelSpec, Part, assemble
        >>> assemble(ModelSpec(flow=Part("ifnet"), blender=Part("visibility"))).flow.stride
        1
    """
    spec = resolve(spec)
    return connect(
        spec, {stage: STAGE_REGISTRIES[stage].get(part.name) for stage, part in spec.parts()}
    )


def connect(spec: ModelSpec, classes: Mapping[str, Callable[..., Any]]) -> Interpolator:
    """Build the given classes into the filled slots of a resolved spec.

    What :func:`assemble` does once every name is looked up; for classes that have no name, such as
    the stand-ins of :mod:`vfiblocks.testing`.
    """
    needs = Needs()
    built: dict[str, Any] = dict.fromkeys(STAGE_REGISTRIES)
    for stage, part in spec.parts():
        encoder: Encoder | None = built["encoder"]
        aggregator, flow, blender = built["aggregator"], built["flow"], built["blender"]
        upstream = Upstream(
            f"{stage} '{part.name}'",
            encoder=spec.encoder.name if spec.encoder else None,
            taps=encoder.taps if encoder is not None else {},
            needs=needs,
            suggest=partial(_encoders_offering, besides=spec.encoder),
            context_signal=aggregator.signal if aggregator is not None else None,
            motion_stride=flow.stride if flow is not None else None,
            draft_stride=blender.stride if blender is not None else None,
        )
        built[stage] = _build(classes[stage], upstream, part)
    _refuse_leftovers(spec, built, needs)
    if built["encoder"] is not None:
        built["encoder"].prune(needs.taps | ({needs.clip} if needs.clip else set()))
    return Interpolator(spec, **built, needs=needs, multiple=_multiple(built, needs))


def dry_run(spec: ModelSpec) -> Interpolator:
    """Assemble without memory: parameters are on the meta device, shapes are real.

    >>> from vfiblocks import MODELS
    >>> sum(p.numel() for p in dry_run(MODELS.get("rife")).parameters())
    10071550
    """
    with torch.device("meta"):
        return assemble(spec)


def _build(cls: Callable[..., Any], upstream: Upstream, part: Part) -> Any:
    """Construct a part; what torch says about impossible sizes is put in terms of the spec."""
    options = ", ".join(f"{name}={value!r}" for name, value in part.options.items())
    try:
        built = cls(upstream, **part.options)
    except VfiError:
        raise
    except (ValueError, RuntimeError) as error:
        raise upstream.refuse(f"cannot be built with {options}: {error}") from error
    if empty := [name for name, value in built.named_parameters() if not value.numel()]:
        raise upstream.refuse(f"has nothing in '{empty[0]}' when built with {options}")
    return built


def _resolve_part(stage: str, part: Part) -> Part:
    name, given = STAGE_REGISTRIES[stage].current(part.name, part.options)
    part = Part(name, **given)
    cls = STAGE_REGISTRIES[stage].get(part.name)
    hints = typing.get_type_hints(cls.__init__)
    options = STAGE_REGISTRIES[stage].options(part.name)
    for name, value in part.options.items():
        if name not in options:
            takes = ", ".join(options) or "no options"
            raise AssemblyError(f"{stage} '{part.name}' has no option {name!r}; it takes {takes}")
        if not _fits(value, hints.get(name, Any)):
            raise AssemblyError(
                f"{stage} '{part.name}' wants {name} to be {_word(hints[name])}, got {value!r}"
            )
        options[name] = value
    for name, value in options.items():
        if value is inspect.Parameter.empty:
            raise AssemblyError(
                f"{stage} '{part.name}' needs the option {name!r}; "
                f'give it as {stage}=Part("{part.name}", {name}=...)'
            )
    return Part(part.name, **options)


def _fits(value: Any, hint: Any) -> bool:
    """Whether plain data fits an annotation; what cannot be judged is left to the constructor."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, choice) for choice in arguments)
    if origin is typing.Literal:
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[-1:] == (Ellipsis,):
            return all(_fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if hint is None or hint is type(None):
        return value is None
    if hint in (int, float) and isinstance(value, bool):
        return False  # bool is an int to Python, never to a person
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint) if hint in (bool, int, str) else True


def _word(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(hint)))
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)


def _encoders_offering(stride: int, besides: Part | None) -> str:
    fitting = sorted(
        name
        for name, cls in ENCODERS.loaded().items()
        if stride in cls.typical_strides and (besides is None or name != besides.name)
    )
    if not fitting:
        return ""
    return (
        f"; {' and '.join(map(repr, fitting))} {'offer' if len(fitting) > 1 else 'offers'} {stride}"
    )


def _refuse_leftovers(spec: ModelSpec, built: dict[str, Any], needs: Needs) -> None:
    """Parts that would only cost time are a mistake in the spec, not a wish."""
    if spec.encoder and not needs.taps and needs.clip is None:
        raise AssemblyError(
            f"encoder '{spec.encoder.name}' is read by no other part; set encoder=None"
        )
    if spec.aggregator and not needs.context:
        raise AssemblyError(
            f"aggregator '{spec.aggregator.name}' makes context that no later part reads "
            f"(flow '{spec.flow.name}', blender '{spec.blender.name}'); set aggregator=None, or "
            "choose a part that reads context, such as flow 'context-cascade'"
        )
    if spec.refiner is None and built["blender"].stride != 1:
        raise AssemblyError(
            f"blender '{spec.blender.name}' drafts at stride {built['blender'].stride} and no "
            "refiner brings the picture to full resolution; add a refiner such as "
            "'full-resolution', or blend at full resolution with blender={'stride': 1}"
        )


def _multiple(built: dict[str, Any], needs: Needs) -> int:
    """What frame sizes must be a multiple of for every grid of the assembly to fit."""
    strides = [*needs.taps, needs.clip or 1, built["flow"].stride, built["blender"].stride]
    parts = [part.multiple for part in built.values() if hasattr(part, "multiple")]
    return math.lcm(*strides, *parts)

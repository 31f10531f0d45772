"""Interchangeable components for video frame interpolation.

Five words: encoder, aggregator, flow, blender, refiner. A spec names one part for each; a model is
their assembly.
"""

# Importing the stage packages registers the parts that come with vfiblocks.
from vfiblocks import aggregators, blenders, encoders, flows, losses, metrics, refiners
from vfiblocks.assembly import assemble, dry_run, resolve
from vfiblocks.build import build_model, find_spec, interpolate, list_models
from vfiblocks.checkpoints import load, load_part, save
from vfiblocks.hub import load_from_hub, push_to_hub
from vfiblocks.interpolator import Interpolator
from vfiblocks.ledger import Ledger, describe
from vfiblocks.optimize import optimize
from vfiblocks.ports import Signal, Upstream
from vfiblocks.registry import (
    AGGREGATORS,
    BLENDERS,
    ENCODERS,
    FLOWS,
    LOSSES,
    METRICS,
    MODELS,
    REFINERS,
)
from vfiblocks.spec import ModelSpec, Part
from vfiblocks.states import Context, Draft, Features, Interpolation, Motion, Truth
from vfiblocks.stream import Stream
from vfiblocks.window import Window

__version__ = "0.1.0"

__all__ = [
    "AGGREGATORS",
    "BLENDERS",
    "ENCODERS",
    "FLOWS",
    "LOSSES",
    "METRICS",
    "MODELS",
    "REFINERS",
    "Context",
    "Draft",
    "Features",
    "Interpolation",
    "Interpolator",
    "Ledger",
    "ModelSpec",
    "Motion",
    "Part",
    "Signal",
    "Stream",
    "Truth",
    "Upstream",
    "Window",
    "aggregators",
    "assemble",
    "blenders",
    "build_model",
    "describe",
    "dry_run",
    "encoders",
    "find_spec",
    "flows",
    "interpolate",
    "list_models",
    "load",
    "load_from_hub",
    "load_part",
    "losses",
    "metrics",
    "optimize",
    "push_to_hub",
    "refiners",
    "resolve",
    "save",
]

"""Plans that come with the package, as the tables that a plan file would hold.

A key that is left out takes its default; what a plan file or ``--set`` says goes on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def _crop(size: int) -> dict[str, Any]:
    return {"augmentation": {"crop": [size, size]}}


TEXT: Mapping[str, Any] = {
    # LIFT-15 section 8.3, and 7.1 for the losses. The encoder's rate in the second phase is the
    # table's; for the new layers at stride 1, "s1" in its rates raises it apart.
    "model": {"name": "lift15-s1"},
    "data": _crop(256),
    "loss": {"l1": 1.0, "lpips": 0.1},
    "optimizer": {"lr": 1e-4},
    "schedule": {
        "epochs": 50,
        "phases": [
            {"name": "encoder frozen", "length": 10, "freeze": ["encoder"]},
            {"name": "all", "length": 20, "rates": {"encoder": 0.1}},
            {"name": "fine-tuning", "length": 20, "lr": 0.1},
        ],
    },
    "run": {"batch": 4},
}

SHORT: Mapping[str, Any] = {
    # For 20 to 25 minutes of one large GPU: small crops first, where a step costs a fifth and
    # motion is learned, then the sizes that count. The cosine ends at 1 %.
    "model": {"name": "lift15-s1-warped", "overrides": {"aggregator": {"gate": True}}},
    "data": {"augmentation": {"crop": [192, 192]}},
    "loss": {
        "charbonnier": 1.0,
        "laplacian": 1.0,
        "warping": 0.1,
        "smoothness": {"weight": 1e-3, "until": 0.2},
    },
    "optimizer": {"lr": 3e-4, "weight_decay": 1e-4, "clip": 1.0},
    "schedule": {
        "steps": 12000,
        "warmup": 500,
        "decay": "cosine",
        "final": 0.01,
        "phases": [
            {
                "name": "references only",
                "length": 25,
                "batch": 32,
                "data": {**_crop(128), "layout": {"frames": [2]}},
            },
            {"name": "some frames", "length": 50, "data": {"layout": {"frames": [2, 4, 8, 14]}}},
            {"name": "large crops", "length": 25, "batch": 8, "data": _crop(256)},
        ],
    },
    "run": {
        "batch": 16,
        "precision": "bfloat16",
        "channels_last": True,
        "ema": 0.999,
        "validate_every": 1000,
        "validate_at_most": 64,
    },
}

CPU: Mapping[str, Any] = {
    # Learns something on two cores within an hour.
    "model": {"name": "lift15-tiny", "overrides": {"aggregator": {"gate": True}}},
    "data": _crop(64),
    "loss": {"l1": 1.0},
    "optimizer": {"lr": 1e-3},
    "schedule": {"steps": 4000, "warmup": 100, "decay": "cosine"},
    "run": {
        "batch": 8,
        "ema": 0.995,
        "device": "cpu",
        "validate_every": 500,
        "validate_at_most": 32,
        "save_every": 200,
        "log_every": 20,
    },
}

SMOKE: Mapping[str, Any] = {
    # Whether everything works, in seconds.
    "model": {"name": "lift15-tiny"},
    "data": {**_crop(32), "held_out": 0.2},
    "loss": {"l1": 1.0},
    "optimizer": {"lr": 1e-3},
    "schedule": {"steps": 6},
    "run": {
        "batch": 2,
        "device": "cpu",
        "workers": 0,
        "validate_every": 3,
        "validate_at_most": 2,
        "save_every": 2,
        "log_every": 1,
    },
}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "text": TEXT,
    "short": SHORT,
    "cpu": CPU,
    "smoke": SMOKE,
}
"""By name."""

"""RIFE's versions 4.0 to 4.26, each one override of another.

Versions that differ in their training only share a spec.

Source: https://github.com/hzwer/Practical-RIFE, as run by https://github.com/HolyWu/vs-rife.
"""

from __future__ import annotations

from vfiblocks import ModelSpec, Part

V4_2 = ModelSpec(
    flow=Part("ifnet-v4", body="plain", shuffle=False),
    blender=Part("visibility"),
    description="RIFE 4.2 to 4.4: any time, four blocks, no refiner",
)
V4_0 = V4_2.override(
    flow={"body": "skip", "restart_above": 32.0},
    description="RIFE 4.0 and 4.1: PReLU, and a second look where motion is large",
)
V4_5 = V4_2.override(
    flow={"body": "residual", "shuffle": True},
    description="RIFE 4.5 and 4.6: scaled residuals, full-resolution output",
)
V4_7 = V4_5.override(
    encoder=Part("head", channels=4, width=16, depth=0),
    flow={"features": True, "replace_mask": True},
    description="RIFE 4.7 to 4.9: linear features of full resolution",
)
V4_10 = V4_7.override(
    encoder=Part("head"), description="RIFE 4.10 to 4.19 and 4.24: a deeper feature head"
)
V4_12_LITE = V4_10.override(
    encoder={"channels": 4},
    flow={"channels": (128, 96, 64, 48)},
    description="RIFE 4.12.lite and 4.13.lite",
)
V4_14_LITE = V4_10.override(
    flow={"groups": 2}, description="RIFE 4.14.lite: convolutions in two groups"
)
V4_15_LITE = V4_12_LITE.override(
    encoder={"width": 16}, description="RIFE 4.15.lite, 4.16.lite and 4.17.lite"
)
V4_20 = V4_10.override(
    flow={"channels": (384, 192, 96, 48)}, description="RIFE 4.20: wider where it is coarse"
)
V4_21 = V4_10.override(
    flow={"channels": (256, 192, 96, 48), "hidden": 8},
    description="RIFE 4.21 to 4.23: a hidden state between blocks",
)
V4_22_LITE = V4_21.override(
    encoder={"channels": 4, "width": 16},
    flow={"channels": (192, 128, 64, 32)},
    description="RIFE 4.22.lite",
)
V4_25 = V4_21.override(
    encoder={"channels": 4, "width": 16},
    flow={"channels": (192, 128, 96, 64, 32), "scales": (16, 8, 4, 2, 1)},
    description="RIFE 4.25 and 4.26: five blocks",
)
V4_25_LITE = V4_25.override(
    flow={"channels": (192, 128, 96, 64, 24), "scales": (32, 16, 8, 4, 1)},
    description="RIFE 4.25.lite: five blocks, at coarser scales",
)
V4_25_HEAVY = V4_25.override(
    flow={"channels": (384, 256, 192, 128, 64)}, description="RIFE 4.25.heavy: twice as wide"
)
V4_26_HEAVY = V4_25.override(
    encoder={"channels": 16}, description="RIFE 4.26.heavy: sixteen features"
)

VERSIONS: dict[str, ModelSpec] = {
    "4.0": V4_0,
    "4.1": V4_0,
    "4.2": V4_2,
    "4.3": V4_2,
    "4.4": V4_2,
    "4.5": V4_5,
    "4.6": V4_5,
    "4.7": V4_7,
    "4.8": V4_7,
    "4.9": V4_7,
    "4.10": V4_10,
    "4.11": V4_10,
    "4.12": V4_10,
    "4.12.lite": V4_12_LITE,
    "4.13": V4_10,
    "4.13.lite": V4_12_LITE,
    "4.14": V4_10,
    "4.14.lite": V4_14_LITE,
    "4.15": V4_10,
    "4.15.lite": V4_15_LITE,
    "4.16.lite": V4_15_LITE,
    "4.17": V4_10,
    "4.17.lite": V4_15_LITE,
    "4.18": V4_10,
    "4.19": V4_10,
    "4.20": V4_20,
    "4.21": V4_21,
    "4.22": V4_21,
    "4.22.lite": V4_22_LITE,
    "4.23": V4_21,
    "4.24": V4_10,
    "4.25": V4_25,
    "4.25.heavy": V4_25_HEAVY,
    "4.25.lite": V4_25_LITE,
    "4.26": V4_25,
    "4.26.heavy": V4_26_HEAVY,
}
"""The authors' version -> spec."""

RIFE_V4: dict[str, ModelSpec] = {
    f"rife-{version.replace('.lite', '-lite').replace('.heavy', '-heavy')}": spec
    for version, spec in VERSIONS.items()
}
"""Our name -> spec."""

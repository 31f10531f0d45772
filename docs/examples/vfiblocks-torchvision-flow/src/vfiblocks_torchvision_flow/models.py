"""Named models, announced in pyproject.toml."""

from vfiblocks import ModelSpec, Part

RAFT_SMALL = ModelSpec(
    flow=Part("raft"),
    blender=Part("visibility"),
    description="torchvision's raft_small, brought to the target time, blended by visibility",
)
RAFT_LARGE = RAFT_SMALL.override(
    flow={"size": "large"},
    description="torchvision's raft_large, brought to the target time, blended by visibility",
)

"""Named models: each an override of a published one, announced in pyproject.toml."""

from lift15.specs import LIFT15_S1, RIFE

# Instead of the convolutions over full-resolution features, which cost most of LIFT-15's time.
LIFT15_LAPLACIAN = LIFT15_S1.override(
    refiner="laplacian-detail",
    description="LIFT-15 with detail from the warped references instead of s1 features",
)

# RIFE's U-Net was the only reader of its encoder, so both go.
IFNET_LAPLACIAN = RIFE.override(
    encoder=None,
    refiner="laplacian-detail",
    description="RIFE's flow and blend with gated detail instead of the U-Net",
)

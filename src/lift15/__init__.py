"""LIFT-15: long-range interpolation with far temporal context, assembled from vfiblocks."""

from lift15.specs import SPECS
from vfiblocks import build_model, list_models

__all__ = ["SPECS", "build_model", "list_models"]

"""LIFT-15: long-range interpolation with far temporal context, assembled from vfiblocks."""

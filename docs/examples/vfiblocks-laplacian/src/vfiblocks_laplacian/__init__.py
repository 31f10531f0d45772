"""A refiner for vfiblocks: the draft keeps the coarse, warped references give the fine."""

from vfiblocks_laplacian.laplacian_detail import LaplacianDetail
from vfiblocks_laplacian.models import IFNET_LAPLACIAN, LIFT15_LAPLACIAN

__all__ = ["IFNET_LAPLACIAN", "LIFT15_LAPLACIAN", "LaplacianDetail"]

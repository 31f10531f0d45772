"""Stage 4: the references brought to the target time and merged."""

from vfiblocks.blenders.average import Average
from vfiblocks.blenders.base import Blender
from vfiblocks.blenders.multi_field import MultiField
from vfiblocks.blenders.visibility import Visibility

__all__ = ["Average", "Blender", "MultiField", "Visibility"]

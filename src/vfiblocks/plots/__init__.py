"""Pictures for people: flow, maps and film strips as RGB tensors."""

from vfiblocks.plots.filmstrip import Panel, filmstrip
from vfiblocks.plots.flow_wheel import flow_to_rgb, flow_wheel

__all__ = ["Panel", "filmstrip", "flow_to_rgb", "flow_wheel"]

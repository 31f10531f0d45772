"""Pictures for people: flow, maps, bars and film strips as RGB tensors."""

from vfiblocks.plots.bars import bars
from vfiblocks.plots.figure import figure
from vfiblocks.plots.filmstrip import Panel, filmstrip
from vfiblocks.plots.flow_wheel import flow_to_rgb, flow_wheel
from vfiblocks.plots.heat import heat, heat_bar, heat_map
from vfiblocks.plots.lettering import lettering
from vfiblocks.plots.panels import (
    error_legend,
    error_panel,
    flow_panels,
    share_panel,
    visibility_panels,
    whole_flow,
    whole_picture,
)

__all__ = [
    "Panel",
    "bars",
    "error_legend",
    "error_panel",
    "figure",
    "filmstrip",
    "flow_panels",
    "flow_to_rgb",
    "flow_wheel",
    "heat",
    "heat_bar",
    "heat_map",
    "lettering",
    "share_panel",
    "visibility_panels",
    "whole_flow",
    "whole_picture",
]

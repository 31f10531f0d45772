"""A package of one's own to begin with: ``vfi new-plugin``."""

from lift15.new_plugin.kinds import KINDS, Kind
from lift15.new_plugin.names import Names, choose_names
from lift15.new_plugin.write import render, write_plugin

__all__ = ["KINDS", "Kind", "Names", "choose_names", "render", "write_plugin"]

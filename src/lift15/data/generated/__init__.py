"""Clips that are drawn rather than filmed, with motion that is known exactly."""

from lift15.data.generated.recipes import RECIPES, WEIGHTS, Recipe
from lift15.data.generated.scene import Layer, Scene
from lift15.data.generated.source import Generated

__all__ = ["RECIPES", "WEIGHTS", "Generated", "Layer", "Recipe", "Scene"]

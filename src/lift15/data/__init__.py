"""Clips to learn from and to measure on."""

from lift15.data.photo_scene import photo_scene

__all__ = ["photo_scene"]

"""Interchangeable components for video frame interpolation."""

__version__ = "0.1.0"

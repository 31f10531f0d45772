"""Ratios measured in one run: alternatives in turn, medians, losses included."""

"""Clips to learn from and to measure on."""

from lift15.data.augment import Augmentation, Channels, Flips, Jitter, Turns
from lift15.data.batch import Batch
from lift15.data.layouts import Layout
from lift15.data.lists import data_lists
from lift15.data.loader import Loader
from lift15.data.loading import Data, arrange, open_data, train_loader, validation_loader
from lift15.data.photo_scene import photo_scene
from lift15.data.plan import DataPlan
from lift15.data.waiting import WaitMeter

__all__ = [
    "Augmentation",
    "Batch",
    "Channels",
    "Data",
    "DataPlan",
    "Flips",
    "Jitter",
    "Layout",
    "Loader",
    "Turns",
    "WaitMeter",
    "arrange",
    "data_lists",
    "open_data",
    "photo_scene",
    "train_loader",
    "validation_loader",
]

"""Quantised graphs: PT2E for XNNPACK, and training that knows of it."""

from vizecg.models.vision import ensure_torchvision

# Before a module of this package imports pytorch-lightning, which brings torchvision with it.
ensure_torchvision()

"""Training, evaluation, calibration. Importing this package imports torch."""

from vizecg.models.vision import ensure_torchvision

# Before any module of this package imports pytorch-lightning or torchmetrics, which bring torchvision with them.
ensure_torchvision()

"""All that is taken of pytorch-lightning and torchmetrics. Both bring torchvision, which is mended first."""

# ruff: noqa: E402

from vizecg.models.vision import ensure_torchvision

ensure_torchvision()

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, Checkpoint, LearningRateMonitor, RichProgressBar, WeightAveraging
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger
from pytorch_lightning.plugins.environments import ClusterEnvironment, LightningEnvironment, TorchElasticEnvironment
from pytorch_lightning.plugins.io import TorchCheckpointIO
from pytorch_lightning.strategies import DDPStrategy
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from pytorch_lightning.utilities.warnings import PossibleUserWarning
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import (
    BinaryAUROC,
    BinaryAveragePrecision,
    MultilabelAUROC,
    MultilabelAveragePrecision,
)

__all__ = [
    "BinaryAUROC",
    "BinaryAveragePrecision",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "ClusterEnvironment",
    "DDPStrategy",
    "LearningRateMonitor",
    "LightningEnvironment",
    "Logger",
    "Metric",
    "MetricCollection",
    "MultilabelAUROC",
    "MultilabelAveragePrecision",
    "OptimizerLRSchedulerConfig",
    "PossibleUserWarning",
    "RichProgressBar",
    "TensorBoardLogger",
    "TorchCheckpointIO",
    "TorchElasticEnvironment",
    "WeightAveraging",
    "pl",
]

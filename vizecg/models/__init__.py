"""The networks. Importing this package imports torch."""

from vizecg.models.deploy import ImageOnly
from vizecg.models.vizecgnet import CmamWithoutSignal, Logits, VizECGNet, VizECGNetConfig

__all__ = ["CmamWithoutSignal", "ImageOnly", "Logits", "VizECGNet", "VizECGNetConfig"]

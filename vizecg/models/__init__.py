"""The networks. Importing this package imports torch."""

from vizecg.models.deploy import ImageOnly
from vizecg.models.modality import Modality
from vizecg.models.vizecgnet import CmamWithoutSignal, Logits, VizECGNet, VizECGNetConfig

__all__ = ["CmamWithoutSignal", "ImageOnly", "Logits", "Modality", "VizECGNet", "VizECGNetConfig"]

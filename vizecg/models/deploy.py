"""The image-only graph: exactly what export takes."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from vizecg.models.vizecgnet import VizECGNet


class ImageOnly(nn.Module):
    """The image stream of a trained network: (B, 1, H, W) preprocessed sheets -> logits (B, 6).

    Holds a copy of the network without the signal stream, in evaluation mode.
    """

    def __init__(self, *, network: VizECGNet) -> None:
        super().__init__()
        image_only = copy.deepcopy(network).cpu()
        for name in ("signal_encoder", "signal_cmam", "signal_smam", "signal_head"):
            delattr(image_only, name)
        self.network = image_only
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        return self.network.forward_image(image)

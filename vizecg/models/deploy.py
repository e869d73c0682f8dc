"""The image-only graph: exactly what export takes."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from vizecg.models.attention import ModalAttention
from vizecg.models.modality import Modality
from vizecg.models.vizecgnet import CmamWithoutSignal, VizECGNet
from vizecg.spec import UsageError

_IMAGE_PARTS = ("image_encoder.", "image_stream.")


class ImageOnly(nn.Module):
    """The image stream of a trained network: (B, 1, H, W) preprocessed sheets -> logits (B, 6).

    Holds copies of the weights of the image stream and of nothing else, in evaluation mode, on the CPU. Those of the
    attention modules are folded (``ModalAttention.fold``), so its logits are ``forward_image``'s up to rounding.

    Raises:
        UsageError: the network has no image stream.
    """

    def __init__(self, *, network: VizECGNet) -> None:
        super().__init__()
        if not network.modality.has_image:
            raise UsageError("the checkpoint holds a signal stream only: there is no image stream to run")
        config = replace(network.config, streams=Modality.IMAGE)
        image_only = VizECGNet(config=config)
        # CMAM that is skipped without a signal is not built.
        skipped = "image_stream.cmam." if config.cmam_without_signal is CmamWithoutSignal.SKIP else None
        weights = {
            name: value
            for name, value in network.state_dict().items()
            if name.startswith(_IMAGE_PARTS) and not (skipped and name.startswith(skipped))
        }
        image_only.load_state_dict(weights)
        for module in image_only.modules():
            if isinstance(module, ModalAttention):
                module.fold()
        self.network = image_only
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        return self.network.forward_image(image)

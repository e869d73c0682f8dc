"""The image-only graph: exactly what export takes."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from vizecg.models.attention import ModalAttention
from vizecg.models.modality import Modality
from vizecg.models.vizecgnet import CmamWithoutSignal, VizECGNet
from vizecg.spec import UsageError

_IMAGE_PARTS = ("image_encoder.", "image_stream.")


def deployed_weights(network: VizECGNet) -> dict[str, Tensor]:
    """What the image stream takes of a network's weights and statistics, by name."""
    # CMAM that is skipped without a signal is not built.
    skipped = "image_stream.cmam." if network.config.cmam_without_signal is CmamWithoutSignal.SKIP else None
    return {
        name: value
        for name, value in network.state_dict().items()
        if name.startswith(_IMAGE_PARTS) and not (skipped and name.startswith(skipped))
    }


class ImageOnly(nn.Module):
    """The image stream of a trained network: (B, 1, H, W) preprocessed sheets -> logits (B, labels).

    Holds copies of the weights of the image stream and of nothing else, in evaluation mode, on the CPU. Those of the
    attention modules are folded (``ModalAttention.fold``), so its logits are ``forward_image``'s up to rounding.

    Raises:
        UsageError: the network has no image stream.
    """

    def __init__(self, *, network: VizECGNet) -> None:
        super().__init__()
        if not network.modality.has_image:
            raise UsageError("the checkpoint holds a signal stream only: there is no image stream to run")
        image_only = VizECGNet(config=replace(network.config, streams=Modality.IMAGE), labels=network.labels)
        image_only.load_state_dict(deployed_weights(network))
        for module in image_only.modules():
            if isinstance(module, ModalAttention):
                module.fold()
        self.network = image_only
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        return self.network.forward_image(image)

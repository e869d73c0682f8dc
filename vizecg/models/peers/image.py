"""ResNet18 (He et al. 2016) and MobileNetV3-Large (Howard et al. 2019) on sheets, without pretrained weights.

Both are torchvision's with a first convolution for one channel instead of three.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from vizecg.models.resnet import RESNET18_WIDTHS, ResNetTrunk
from vizecg.models.vision import torchvision_models
from vizecg.spec import CODE6


def _one_channel(conv: nn.Module) -> nn.Conv2d:
    """The same convolution for one input channel, with new weights."""
    assert isinstance(conv, nn.Conv2d)
    made = nn.Conv2d(
        1,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]
        stride=conv.stride,  # type: ignore[arg-type]
        padding=conv.padding,  # type: ignore[arg-type]
        bias=conv.bias is not None,
    )
    nn.init.kaiming_normal_(made.weight, mode="fan_out", nonlinearity="relu")
    return made


class NarrowResNet18(nn.Module):
    """ResNet18 of other widths; torchvision has none, so its layers are this project's.

    Shapes: (B, 1, H, W) -> logits (B, labels).
    """

    def __init__(self, *, widths: tuple[int, int, int, int], labels: int) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(dims=2, inputs=1, widths=widths)
        self.classifier = nn.Linear(self.trunk.outputs, labels)

    def forward(self, image: Tensor) -> Tensor:
        return self.classifier(self.trunk(image).mean(dim=(2, 3)))


def resnet18(*, widths: Sequence[int] = RESNET18_WIDTHS, labels: int = len(CODE6)) -> nn.Module:
    """ResNet18; (B, 1, H, W) preprocessed sheets -> logits (B, labels).

    Args:
        widths: channels of the four stages; other ones than the original's give ``NarrowResNet18``.
        labels: how many logits it gives.
    """
    if tuple(widths) != RESNET18_WIDTHS:
        first, second, third, fourth = widths
        return NarrowResNet18(widths=(first, second, third, fourth), labels=labels)
    network: nn.Module = torchvision_models().resnet18(weights=None, num_classes=labels)
    network.set_submodule("conv1", _one_channel(network.get_submodule("conv1")))
    return network


def mobilenet_v3(*, width: float = 1.0, dropout: float = 0.2, labels: int = len(CODE6)) -> nn.Module:
    """MobileNetV3-Large; (B, 1, H, W) preprocessed sheets -> logits (B, labels).

    Args:
        width: multiplier of all channels.
        dropout: before the last layer.
        labels: how many logits it gives.
    """
    network: nn.Module = torchvision_models().mobilenet_v3_large(
        weights=None, num_classes=labels, width_mult=width, dropout=dropout
    )
    stem = network.get_submodule("features.0")
    stem.set_submodule("0", _one_channel(stem.get_submodule("0")))
    return network

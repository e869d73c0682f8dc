"""MHM (Qiao et al., SIGIR 2020): hierarchical multi-label diagnosis from several modalities.

The original reads notes, measurements and laboratory values of a hospital stay and predicts codes of a tree of
diagnoses. What carries over to an ECG, in our reading:

- an encoder for each modality, here ResNet18 in one dimension for the signal and in two for the image;
- attention of each modality's summary over the modalities that are present, so that one of them is enough;
- one classifier for all, which follows a tree: is there a disturbance of conduction, is there one of rhythm, and
  given that, which one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vizecg.models.attention import ModalAttention
from vizecg.models.modality import Modality
from vizecg.models.resnet import RESNET18_WIDTHS, ResNetTrunk
from vizecg.models.vizecgnet import Logits
from vizecg.spec import CODE6, LEADS

TREE: dict[str, tuple[str, ...]] = {
    "conduction": ("1dAVb", "RBBB", "LBBB"),
    "rhythm": ("SB", "AF", "ST"),
}


def both_logit(first: Tensor, second: Tensor) -> Tensor:
    """Logit of the product of two probabilities, given their logits; the shapes are the same."""
    return -torch.logsumexp(torch.stack([-first, -second, -first - second]), dim=0)


class HierarchicalHead(nn.Module):
    """P(label) = P(parent) P(label | parent); (B, width) -> logits (B, labels)."""

    def __init__(self, *, width: int, dropout: float) -> None:
        super().__init__()
        self.shared = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout))
        self.parents = nn.Linear(width, len(TREE))
        self.labels = nn.Linear(width, len(CODE6))
        parent_of = {label: index for index, labels in enumerate(TREE.values()) for label in labels}
        self.parent_of: Tensor
        self.register_buffer("parent_of", torch.tensor([parent_of[name] for name in CODE6.names]), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.shared(features)
        return both_logit(self.parents(hidden)[:, self.parent_of], self.labels(hidden))


class MHM(nn.Module):
    """Two encoders, attention over modalities, one hierarchical classifier.

    Args:
        signal_widths: channels of the four stages of the signal's ResNet18.
        image_widths: those of the image's.
        width: channels of a modality's summary.
        heads: heads of the attention over modalities.
        dropout: in the classifier.
        labels: those of the tree; another number is a ``ValueError``.

    Shapes: signal (B, 12, T) millivolts, image (B, 1, H, W) preprocessed sheets -> ``Logits``.
    """

    modality = Modality.BOTH

    def __init__(
        self,
        *,
        signal_widths: Sequence[int] = RESNET18_WIDTHS,
        image_widths: Sequence[int] = RESNET18_WIDTHS,
        width: int = 192,
        heads: int = 4,
        dropout: float = 0.1,
        labels: int = len(CODE6),
    ) -> None:
        super().__init__()
        if labels != len(CODE6):
            raise ValueError(f"its tree has the {len(CODE6)} labels of {CODE6.name}, not {labels}")
        self.signal_trunk = ResNetTrunk(dims=1, inputs=len(LEADS), widths=_four(signal_widths))
        self.image_trunk = ResNetTrunk(dims=2, inputs=1, widths=_four(image_widths))
        self.signal_project = nn.Linear(self.signal_trunk.outputs, width)
        self.image_project = nn.Linear(self.image_trunk.outputs, width)
        self.fuse = ModalAttention(width=width, heads=heads)
        self.head = HierarchicalHead(width=width, dropout=dropout)

    def encode_signal(self, signal: Tensor) -> Tensor:
        """(B, 12, T) -> (B, 1, width)"""
        return self.signal_project(self.signal_trunk(signal).mean(dim=2)).unsqueeze(1)

    def encode_image(self, image: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, 1, width)"""
        return self.image_project(self.image_trunk(image).mean(dim=(2, 3))).unsqueeze(1)

    def forward(self, signal: Tensor, image: Tensor, *, cross: Tensor | None = None) -> Logits:
        """Both modalities, each of which looks at both.

        Args:
            signal: (B, 12, T).
            image: (B, 1, H, W).
            cross: bool (B,), where a modality may look at the other. With False it sees itself alone, as at
                inference with one modality. None means everywhere.
        """
        z_signal, z_image = self.encode_signal(signal), self.encode_image(image)
        present = torch.cat([z_signal, z_image], dim=1)
        fused = []
        for own in (z_signal, z_image):
            seen = self.fuse(own, present)
            if cross is not None:
                seen = torch.where(cross[:, None, None], seen, self.fuse(own, own))
            fused.append(self.head(seen.squeeze(1)))
        return Logits(signal=fused[0], image=fused[1])

    def forward_signal(self, signal: Tensor) -> Tensor:
        """The signal alone: (B, 12, T) -> logits (B, labels)."""
        return self._alone(self.encode_signal(signal))

    def forward_image(self, image: Tensor) -> Tensor:
        """The image alone: (B, 1, H, W) -> logits (B, labels)."""
        return self._alone(self.encode_image(image))

    def _alone(self, summary: Tensor) -> Tensor:
        return self.head(self.fuse(summary, summary).squeeze(1))


def _four(widths: Sequence[int]) -> tuple[int, int, int, int]:
    first, second, third, fourth = widths
    return first, second, third, fourth

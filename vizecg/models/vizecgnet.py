"""VizECGNet (arXiv 2408.02888): a signal stream and an image stream that learn together."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vizecg.models.attention import ModalAttention
from vizecg.models.resnet import RESNET18_WIDTHS, TOTAL_STRIDE, ResNetTrunk
from vizecg.spec import LABELS, LEADS


class CmamWithoutSignal(str, Enum):
    """What the image stream's CMAM attends to when there is no signal; the paper does not say."""

    SKIP = "skip"
    SELF = "self"


@dataclass(frozen=True, kw_only=True)
class VizECGNetConfig:
    """Sizes and options of the network; written into every checkpoint.

    The default is of the paper's size: 11.2 M parameters in the image stream, nearly all of them in its trunk.
    ``signal_widths`` and ``image_widths`` are the channels of the four stages of each trunk, ``width`` those of the
    tokens that the attention modules exchange.
    """

    input_height: int = 320
    input_width: int = 576
    image_widths: tuple[int, int, int, int] = RESNET18_WIDTHS
    signal_widths: tuple[int, int, int, int] = RESNET18_WIDTHS
    width: int = 128
    heads: int = 4
    dropout: float = 0.1
    cmam: bool = True
    smam: bool = True
    cmam_without_signal: CmamWithoutSignal = CmamWithoutSignal.SKIP

    def to_dict(self) -> dict[str, Any]:
        """Plain types only, so that a checkpoint loads without unpickling code."""
        plain = asdict(self)
        plain["cmam_without_signal"] = self.cmam_without_signal.value
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> VizECGNetConfig:
        unknown = set(data) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown option {sorted(unknown)[0]!r} of the network")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        if "cmam_without_signal" in values:
            values["cmam_without_signal"] = CmamWithoutSignal(values["cmam_without_signal"])
        return cls(**values)


class Logits(NamedTuple):
    """What a training step sees: logits (B, 6) of both streams."""

    signal: Tensor
    image: Tensor


class Head(nn.Sequential):
    """Mean over tokens is taken by the caller; (B, width) -> (B, 6)."""

    def __init__(self, *, width: int, dropout: float) -> None:
        super().__init__(
            nn.LayerNorm(width), nn.Linear(width, width // 2), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(width // 2, len(LABELS)),
        )  # fmt: skip


class ImageEncoder(nn.Module):
    """(B, 1, H, W) -> tokens (B, H / 32 * W / 32, width), with learned row and column positions."""

    def __init__(self, *, config: VizECGNetConfig) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(dims=2, inputs=1, widths=config.image_widths)
        self.project = nn.Conv2d(self.trunk.outputs, config.width, 1)
        rows, columns = -(-config.input_height // TOTAL_STRIDE), -(-config.input_width // TOTAL_STRIDE)
        self.row_position = nn.Parameter(torch.zeros(1, config.width, rows, 1))
        self.column_position = nn.Parameter(torch.zeros(1, config.width, 1, columns))

    def forward(self, image: Tensor) -> Tensor:
        features = self.project(self.trunk(image)) + self.row_position + self.column_position
        return features.flatten(2).transpose(1, 2)


class SignalEncoder(nn.Module):
    """(B, 12, T) -> tokens (B, T / 32, width): one extractor for all leads, the mean over the leads (equation 1)."""

    def __init__(self, *, config: VizECGNetConfig) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(dims=1, inputs=1, widths=config.signal_widths)
        self.lead_gain = nn.Parameter(torch.zeros(len(LEADS), self.trunk.outputs, 1))
        self.project = nn.Conv1d(self.trunk.outputs, config.width, 1)

    def forward(self, signal: Tensor) -> Tensor:
        batch, leads, samples = signal.shape
        features = self.trunk(signal.reshape(batch * leads, 1, samples))
        features = features.reshape(batch, leads, *features.shape[1:])
        # A mean forgets which lead said what; the learned gain keeps bundle branch patterns of V1 and V6 apart.
        merged = (features * (1 + self.lead_gain)).mean(dim=1)
        return self.project(merged).transpose(1, 2)


class VizECGNet(nn.Module):
    """Both streams, CMAM, SMAM and the heads.

    Shapes: signal (B, 12, T) millivolts, image (B, 1, H, W) preprocessed sheets -> ``Logits``.
    """

    def __init__(self, *, config: VizECGNetConfig) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = ImageEncoder(config=config)
        self.signal_encoder = SignalEncoder(config=config)
        width, heads = config.width, config.heads
        self.image_cmam = ModalAttention(width=width, heads=heads) if config.cmam else None
        self.signal_cmam = ModalAttention(width=width, heads=heads) if config.cmam else None
        self.image_smam = ModalAttention(width=width, heads=heads) if config.smam else None
        self.signal_smam = ModalAttention(width=width, heads=heads) if config.smam else None
        self.image_head = Head(width=width, dropout=config.dropout)
        self.signal_head = Head(width=width, dropout=config.dropout)

    def forward(self, signal: Tensor, image: Tensor, *, cross: Tensor | None = None) -> Logits:
        """Both streams.

        Args:
            signal: (B, 12, T).
            image: (B, 1, H, W).
            cross: bool (B,), where the image stream may look at the signal. Modality dropout sets some to False so
                that the stream also learns to work alone. None means everywhere.
        """
        z_signal, z_image = self.signal_encoder(signal), self.image_encoder(image)
        mixed_signal = self.signal_cmam(z_signal, z_image) if self.signal_cmam else z_signal
        mixed_image = z_image
        if self.image_cmam:
            attended = self.image_cmam.attend(z_image, z_signal)
            if cross is not None:
                attended = torch.where(cross[:, None, None], attended, self._attend_alone(z_image))
            mixed_image = z_image + attended
        return Logits(
            signal=_finish(mixed_signal, self.signal_smam, self.signal_head),
            image=_finish(mixed_image, self.image_smam, self.image_head),
        )

    def forward_image(self, image: Tensor) -> Tensor:
        """The image stream alone, as deployed: (B, 1, H, W) -> logits (B, 6)."""
        z_image = self.image_encoder(image)
        if self.image_cmam and self.config.cmam_without_signal is CmamWithoutSignal.SELF:
            z_image = z_image + self._attend_alone(z_image)
        return _finish(z_image, self.image_smam, self.image_head)

    def forward_signal(self, signal: Tensor) -> Tensor:
        """The signal stream alone: (B, 12, T) -> logits (B, 6); its CMAM is left out."""
        return _finish(self.signal_encoder(signal), self.signal_smam, self.signal_head)

    def _attend_alone(self, z_image: Tensor) -> Tensor:
        if self.image_cmam and self.config.cmam_without_signal is CmamWithoutSignal.SELF:
            return self.image_cmam.attend(z_image, z_image)
        return torch.zeros_like(z_image)


def _finish(tokens: Tensor, smam: ModalAttention | None, head: nn.Module) -> Tensor:
    refined = smam(tokens, tokens) if smam else tokens
    return head(refined.mean(dim=1))

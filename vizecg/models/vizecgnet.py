"""VizECGNet (arXiv 2408.02888): a signal stream and an image stream that learn together."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vizecg.models.attention import ModalAttention
from vizecg.models.encoders import SIGNAL_ENCODERS, ImageEncoder, LeadMixing
from vizecg.models.modality import Modality
from vizecg.models.resnet import RESNET18_BLOCKS, RESNET18_WIDTHS, Five, Four, TrunkAxis
from vizecg.spec import CODE6


class CmamWithoutSignal(str, Enum):
    """What a stream's CMAM attends to when the other modality is absent; the paper does not say.

    ``skip``: nothing, the attention is left out. ``self``: the stream's own tokens. ``memory``: learned tokens, which
    training pulls towards doing what the other modality's tokens do.
    """

    SKIP = "skip"
    SELF = "self"
    MEMORY = "memory"


_ENUMS: dict[str, type[Enum]] = {
    "signal_leads": LeadMixing, "cmam_without_signal": CmamWithoutSignal, "streams": Modality,
}  # fmt: skip


_FIRST_STRIDE_ACROSS = "image_time_stride"


@dataclass(frozen=True, kw_only=True)
class VizECGNetConfig:
    """Sizes and options of the network; written into every checkpoint.

    The default is of the paper's size: 11.2 M parameters in the image stream, nearly all of them in its trunk.
    ``signal_widths`` and ``image_widths`` are the channels of the four stages of each trunk, ``image_blocks`` the image
    trunk's residual blocks of each, ``signal_leads`` says how the leads come together. ``image_strides_down`` and
    ``image_strides_across``, along the sheet's time, are those of the image trunk's first convolution, of its pooling
    and of its last three stages, ``image_kernels_down`` and ``image_kernels_across`` the sizes of its first convolution
    and of those in its four stages (see ``TrunkAxis``; the defaults are ResNet18's): strides of 1 across keep time,
    at twice the cost of all that follows. Behind stage ``image_fold`` the rows of the image trunk's map become channels
    of one (``RowFold``; 0 for none), or the ``image_traces`` that are read in them do (``TraceFold``; a sheet has
    four). ``image_token_pool`` rows and columns of the last map become one token. ``signal_strides`` are those of the
    signal trunk, as ``image_strides_across``. ``width`` is the channels of the tokens that the attention modules
    exchange, ``memory_tokens`` their number where CMAM has a memory. ``streams`` builds one of the two streams only;
    without the other there is no CMAM but one that attends to itself or a memory.
    """

    input_height: int = 320
    input_width: int = 576
    image_widths: Four = RESNET18_WIDTHS
    image_blocks: Four = RESNET18_BLOCKS
    image_strides_down: Five = TrunkAxis.strides
    image_strides_across: Five = TrunkAxis.strides
    image_kernels_down: Five = TrunkAxis.kernels
    image_kernels_across: Five = TrunkAxis.kernels
    image_fold: int = 0
    image_traces: int = 0
    image_token_pool: tuple[int, int] = (1, 1)
    signal_widths: Four = RESNET18_WIDTHS
    signal_strides: Five = TrunkAxis.strides
    signal_leads: LeadMixing = LeadMixing.SHARED
    width: int = 128
    heads: int = 4
    dropout: float = 0.1
    cmam: bool = True
    smam: bool = True
    cmam_without_signal: CmamWithoutSignal = CmamWithoutSignal.SKIP
    memory_tokens: int = 32
    streams: Modality = Modality.BOTH

    @property
    def image_axes(self) -> tuple[TrunkAxis, TrunkAxis]:
        """Of the image trunk, down and across."""
        return (
            TrunkAxis(strides=self.image_strides_down, kernels=self.image_kernels_down),
            TrunkAxis(strides=self.image_strides_across, kernels=self.image_kernels_across),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types only, so that a checkpoint loads without unpickling code."""
        plain = {key: value.value if isinstance(value, Enum) else value for key, value in asdict(self).items()}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> VizECGNetConfig:
        data = _with_strides(data)
        unknown = set(data) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown option {sorted(unknown)[0]!r} of the network")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        for name, kind in _ENUMS.items():
            if name in values:
                values[name] = kind(values[name])
        return cls(**values)


def _with_strides(data: dict[str, Any]) -> dict[str, Any]:
    """Checkpoints of before there were strides of all stages tell that of the first convolution across alone."""
    if _FIRST_STRIDE_ACROSS not in data:
        return data
    rest = {key: value for key, value in data.items() if key != _FIRST_STRIDE_ACROSS}
    return {"image_strides_across": [data[_FIRST_STRIDE_ACROSS], *TrunkAxis.strides[1:]], **rest}


class Logits(NamedTuple):
    """What a training step sees.

    Logits (B, labels) of both streams, None for a stream that the network does not have, and ``memory_gap``: how far
    CMAM's memory is from what it stands in for (mean square, a scalar), None without a memory. ``features``: the map
    (B, C, h, w) of the image trunk that was asked for.
    """

    signal: Tensor | None
    image: Tensor | None
    memory_gap: Tensor | None = None
    features: Tensor | None = None


class Head(nn.Sequential):
    """Mean over tokens is taken by the caller; (B, width) -> (B, labels)."""

    def __init__(self, *, width: int, dropout: float, labels: int) -> None:
        super().__init__(
            nn.LayerNorm(width), nn.Linear(width, width // 2), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(width // 2, labels),
        )  # fmt: skip


class Stream(nn.Module):
    """All of a modality's half but its encoder: CMAM, SMAM and head, on tokens (B, N, width)."""

    def __init__(self, *, config: VizECGNetConfig, labels: int) -> None:
        super().__init__()
        width, heads = config.width, config.heads
        self.alone = config.cmam_without_signal
        # With one stream only and nothing to attend to, CMAM would never be used.
        crosses = config.cmam and (config.streams is Modality.BOTH or self.alone is not CmamWithoutSignal.SKIP)
        self.cmam = ModalAttention(width=width, heads=heads) if crosses else None
        self.smam = ModalAttention(width=width, heads=heads) if config.smam else None
        self.head = Head(width=width, dropout=config.dropout, labels=labels)
        self.memory: nn.Parameter | None = None
        if crosses and self.alone is CmamWithoutSignal.MEMORY:
            self.memory = nn.Parameter(torch.randn(1, config.memory_tokens, width) * 0.02)

    def attend_alone(self, tokens: Tensor) -> Tensor | None:
        """What CMAM adds without the other modality, None where it adds nothing."""
        if self.cmam is None or self.alone is CmamWithoutSignal.SKIP:
            return None
        if self.memory is not None:
            return self.cmam.attend(tokens, self.memory.expand(len(tokens), -1, -1))
        return self.cmam.attend(tokens, tokens)

    def cross(self, tokens: Tensor, other: Tensor, *, where: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """CMAM with the other modality where ``where`` (bool (B,)), alone elsewhere; and the memory's gap."""
        if self.cmam is None:
            return tokens, None
        attended = self.cmam.attend(tokens, other)
        alone = self.attend_alone(tokens)
        gap = None
        if self.memory is not None and alone is not None:
            gap = (alone - attended.detach()).square().mean()
        if where is not None:
            elsewhere = torch.zeros_like(attended) if alone is None else alone
            attended = torch.where(where[:, None, None], attended, elsewhere)
        return tokens + attended, gap

    def finish(self, tokens: Tensor) -> Tensor:
        """SMAM, mean over the tokens, head: logits (B, labels)."""
        refined = self.smam(tokens, tokens) if self.smam is not None else tokens
        # The mean over a 4-D map is the one that XNNPACK takes; bit for bit it is that over dimension 1.
        pooled = refined.transpose(1, 2).unsqueeze(-1).mean(dim=(2, 3), keepdim=True)
        return self.head(pooled.flatten(1))

    def forward(self, tokens: Tensor) -> Tensor:
        """The stream without the other modality: logits (B, labels)."""
        added = self.attend_alone(tokens)
        return self.finish(tokens if added is None else tokens + added)


class VizECGNet(nn.Module):
    """Both streams, CMAM, SMAM and the heads, or one stream of them, for so many ``labels``.

    Shapes: signal (B, 12, T) millivolts, image (B, 1, H, W) preprocessed sheets -> ``Logits``.
    """

    def __init__(self, *, config: VizECGNetConfig, labels: int = len(CODE6)) -> None:
        super().__init__()
        self.config = config
        self.labels = labels
        self.modality = config.streams
        if config.streams.has_image:
            down, across = config.image_axes
            self.image_encoder = ImageEncoder(
                height=config.input_height,
                width=config.input_width,
                widths=config.image_widths,
                blocks=config.image_blocks,
                down=down,
                across=across,
                fold=config.image_fold,
                traces=config.image_traces,
                token_pool=config.image_token_pool,
                outputs=config.width,
            )
            self.image_stream = Stream(config=config, labels=labels)
        if config.streams.has_signal:
            encoder = SIGNAL_ENCODERS[config.signal_leads]
            self.signal_encoder = encoder(
                widths=config.signal_widths, outputs=config.width, strides=config.signal_strides
            )
            self.signal_stream = Stream(config=config, labels=labels)

    def forward(
        self,
        signal: Tensor | None,
        image: Tensor | None,
        *,
        cross: Tensor | None = None,
        stage: int | None = None,
        traces: Tensor | None = None,
    ) -> Logits:
        """Every stream that there is.

        Args:
            signal: (B, 12, T); may be None where there is no signal stream.
            image: (B, 1, H, W); likewise.
            cross: bool (B,), where the streams may look at each other. Modality dropout sets some to False so that
                each also learns to work alone. None means everywhere.
            stage: of the image trunk, 1 to 4, whose map is wanted too.
            traces: true ones (B, 2, traces, W), that the image trunk is told in place of reading them off the image.
        """
        if self.modality is Modality.SIGNAL:
            assert signal is not None
            return Logits(signal=self.forward_signal(signal), image=None)
        assert image is not None
        features: Tensor | None = None
        if traces is not None:
            z_image = self.image_encoder.from_traces(traces)
        elif stage is None:
            z_image = self.image_encoder(image)
        else:
            z_image, features = self.image_encoder.with_features(image, stage)
        if self.modality is Modality.IMAGE:
            return Logits(signal=None, image=self.image_stream(z_image), features=features)
        assert signal is not None
        z_signal = self.signal_encoder(signal)
        mixed_signal, signal_gap = self.signal_stream.cross(z_signal, z_image, where=cross)
        mixed_image, image_gap = self.image_stream.cross(z_image, z_signal, where=cross)
        return Logits(
            signal=self.signal_stream.finish(mixed_signal),
            image=self.image_stream.finish(mixed_image),
            memory_gap=None if signal_gap is None or image_gap is None else signal_gap + image_gap,
            features=features,
        )

    def forward_image(self, image: Tensor) -> Tensor:
        """The image stream alone, as deployed: (B, 1, H, W) -> logits (B, labels)."""
        return self.image_stream(self.image_encoder(image))

    def forward_signal(self, signal: Tensor) -> Tensor:
        """The signal stream alone: (B, 12, T) -> logits (B, labels)."""
        return self.signal_stream(self.signal_encoder(signal))

"""ResNet18 trunks in one and two dimensions (He et al. 2016), of any width, depth and strides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vizecg.models.trace_fold import RowFold, TraceFold

_CONV: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d}
_NORM: dict[int, type[nn.Module]] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
_POOL: dict[int, type[nn.Module]] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}

Four = tuple[int, int, int, int]
Five = tuple[int, int, int, int, int]

RESNET18_WIDTHS: Four = (64, 128, 256, 512)
RESNET18_BLOCKS: Four = (2, 2, 2, 2)


@dataclass(frozen=True, kw_only=True)
class TrunkAxis:
    """What a trunk does along one axis of its input; the default is ResNet18's.

    ``strides`` are those of the first convolution, of the pooling behind it, and of the second to fourth stage: 1, 2 or
    4 each. ``kernels`` are those of the first convolution and of the four stages: odd.
    """

    strides: Five = (2, 2, 2, 2, 2)
    kernels: Five = (7, 3, 3, 3, 3)

    def __post_init__(self) -> None:
        if not set(self.strides) <= {1, 2, 4}:
            raise ValueError(f"strides are 1, 2 or 4, got {list(self.strides)}")
        if not all(kernel % 2 == 1 and 1 <= kernel <= 15 for kernel in self.kernels):
            raise ValueError(f"kernels are odd and at most 15, got {list(self.kernels)}")

    def stride_of(self, stage: int) -> int:
        """Input pixels between two cells of the map of ``stage``, 1 to 4."""
        product = 1
        for stride in self.strides[: stage + 1]:
            product *= stride
        return product

    def cells(self, pixels: int, stage: int = 4) -> int:
        """How many cells the map of ``stage`` has of so many pixels."""
        return -(-pixels // self.stride_of(stage))


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut; ``kernel`` and ``stride`` have one number per axis."""

    def __init__(
        self, *, dims: int, inputs: int, outputs: int, stride: tuple[int, ...], kernel: tuple[int, ...]
    ) -> None:
        super().__init__()
        conv, norm = _CONV[dims], _NORM[dims]
        padding = tuple(size // 2 for size in kernel)
        self.conv1 = conv(inputs, outputs, kernel, stride=stride, padding=padding, bias=False)
        self.norm1 = norm(outputs)
        self.conv2 = conv(outputs, outputs, kernel, padding=padding, bias=False)
        self.norm2 = norm(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if max(stride) > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride=stride, bias=False), norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNetTrunk(nn.Module):
    """ResNet18 up to its last feature map.

    Args:
        dims: 1 for signals, 2 for images.
        inputs: input channels.
        widths: channels of the four stages; ``RESNET18_WIDTHS`` is the original.
        blocks: residual blocks of the four stages, at least one each.
        axes: one for each dimension, those of ``dims`` 2 down and across; None is the original.
        fold: the stage, 1 to 3, behind which rows become channels (``RowFold``), so that later stages have one row; 0
            for none.
        traces: how many are read at the fold (``TraceFold``); 0 for none.
        size: (height, width) of the images, for a trunk that folds.

    Shapes: (B, inputs, T) -> (B, widths[3], T / S), or (B, inputs, H, W) -> (B, widths[3], H / S, W / S), each rounded
    up, where S is the product of the axis's strides, 32 in the original; one row behind a fold.
    """

    def __init__(
        self,
        *,
        dims: int,
        inputs: int,
        widths: Four = RESNET18_WIDTHS,
        blocks: Four = RESNET18_BLOCKS,
        axes: Sequence[TrunkAxis] | None = None,
        fold: int = 0,
        traces: int = 0,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        if min(blocks) < 1:
            raise ValueError(f"every stage has at least one block, got {list(blocks)}")
        if fold and (dims != 2 or size is None or not 1 <= fold <= 3):
            raise ValueError(f"rows of images of a known size fold behind stage 1, 2 or 3, got {fold}")
        if traces and not fold:
            raise ValueError("traces are read where rows fold: expected a stage behind which they do")
        self.fold, self.traces, self.size = fold, traces, size
        self.axes = tuple(axes) if axes is not None else (TrunkAxis(),) * dims
        self.widths, self.blocks = widths, blocks
        self.stem = self._stem(dims, inputs, widths[0])
        stages: list[nn.Module] = []
        channels = widths[0]
        for stage, (width, depth) in enumerate(zip(widths, blocks, strict=True), start=1):
            kernel = tuple(axis.kernels[stage] for axis in self.axes)
            first = tuple(axis.strides[stage] if stage > 1 else 1 for axis in self.axes)
            if self.folded(stage):
                kernel, first = (1, *kernel[1:]), (1, *first[1:])
            for block in range(depth):
                stride = first if block == 0 else (1,) * dims
                stages.append(BasicBlock(dims=dims, inputs=channels, outputs=width, stride=stride, kernel=kernel))
                channels = width
            if stage == fold:
                stages.append(self._fold(inputs=width, outputs=widths[stage]))
                channels = widths[stage]
        self.stages = nn.Sequential(*stages)
        self.outputs = channels
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def _stem(self, dims: int, inputs: int, outputs: int) -> nn.Sequential:
        kernel = tuple(axis.kernels[0] for axis in self.axes)
        stride = tuple(axis.strides[0] for axis in self.axes)
        padding = tuple(size // 2 for size in kernel)
        layers = [
            _CONV[dims](inputs, outputs, kernel, stride=stride, padding=padding, bias=False),
            _NORM[dims](outputs),
            nn.ReLU(),
        ]
        pooled = tuple(axis.strides[1] for axis in self.axes)
        if max(pooled) > 1:
            # Along an axis that is not halved a maximum of neighbours would blur for nothing.
            window = tuple(3 if step > 1 else 1 for step in pooled)
            layers.append(_POOL[dims](window, stride=pooled, padding=tuple(size // 2 for size in window)))
        return nn.Sequential(*layers)

    def _fold(self, *, inputs: int, outputs: int) -> RowFold | TraceFold:
        rows, columns = self.cells(self.fold)
        if not self.traces:
            return RowFold(inputs=inputs, outputs=outputs, rows=rows, columns=columns)
        return TraceFold(
            inputs=inputs, outputs=outputs, rows=rows, columns=columns, traces=self.traces,
            stride=self.strides(self.fold)[1], kernel=self.axes[1].kernels[self.fold + 1],
        )  # fmt: skip

    def folded(self, stage: int) -> bool:
        """Whether the map of ``stage`` has one row, in which all of the image's lie."""
        return 0 < self.fold < stage

    def strides(self, stage: int) -> tuple[int, ...]:
        """Input pixels between two cells of the map of ``stage``, 1 to 4, along every axis."""
        found = tuple(axis.stride_of(stage) for axis in self.axes)
        return (self.size[0], *found[1:]) if self.size and self.folded(stage) else found

    def cells(self, stage: int = 4) -> tuple[int, int]:
        """Rows and columns of the map of ``stage``, of an image of ``size``."""
        assert self.size is not None
        rows, columns = (axis.cells(pixels, stage) for axis, pixels in zip(self.axes, self.size, strict=True))
        return (1 if self.folded(stage) else rows), columns

    def last_block(self, stage: int) -> int:
        """Index in ``stages`` of the last block of ``stage``, 1 to 4."""
        return sum(self.blocks[:stage]) - 1 + self.folded(stage)

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(x))

    @property
    def trace_fold(self) -> TraceFold:
        """Of a trunk that reads traces."""
        found = self.stages[self._folding]
        assert isinstance(found, TraceFold)
        return found

    @property
    def _folding(self) -> int:
        """Index in ``stages`` of the fold."""
        return self.last_block(self.fold) + 1

    def until_fold(self, x: Tensor) -> Tensor:
        """The map that folds."""
        return self.stages[: self._folding](self.stem(x))

    def from_traces(self, truth: Tensor) -> Tensor:
        """``forward`` of true traces (B, 2, traces, W) in place of an image."""
        return self.stages[self._folding + 1 :](self.trace_fold.told(truth))

    def reader(self) -> list[nn.Module]:
        """All that comes before traces are read, and what reads them."""
        fold = self.trace_fold
        return [self.stem, *list(self.stages)[: self._folding], fold.reduce, fold.read]

    def features(self, x: Tensor, stage: int) -> tuple[Tensor, Tensor]:
        """The maps after ``stage``, counted from 1, and after the last: ``forward`` gives the second."""
        x = found = self.stem(x)
        for place, block in enumerate(self.stages):
            x = block(x)
            if place == self.last_block(stage):
                found = x
        return found, x

"""Where rows of a picture's map become channels of one row: as they are, or as the traces that were read in them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

UNIT_MM = 10.0
"""Heights of traces are of about this size: read in it, they are between -1 and 1."""
_CHANNELS = 16


def across_pixels(columns: Tensor, *, rows: int, width: int) -> Tensor:
    """(B, rows * stride, w) -> (B, rows, width): each column of a map tells one number for each of its ``stride``
    columns of pixels, row by row."""
    return columns.unflatten(1, (rows, -1)).transpose(2, 3).flatten(2)[..., :width]


class RowFold(nn.Module):
    """The rows of a map become channels of one row: (B, C, h, w) -> (B, outputs, 1, w).

    On a sheet a row is a lead, and within it a height is a voltage. A network of convolutions sees all rows with the
    same eyes and learns which is which from the edges of its map alone; one that sees signals has a channel for each
    lead. From here on an image trunk is like the second, and what stands beside what in a column is there at once.
    Which leads a column shows is said by a learned offset of every column.
    """

    def __init__(self, *, inputs: int, outputs: int, rows: int, columns: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (rows, 1), bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.column_position = nn.Parameter(torch.zeros(1, outputs, 1, columns))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)) + self.column_position)


class TraceFold(nn.Module):
    """Traces are read off a map and looked at as signals are: (B, C, h, w) -> (B, outputs, 1, w).

    Each column of the map tells, of every trace, the heights in all columns of pixels that it stands for, and whether
    the trace is printed there. Both have a truth where sheets are drawn (``vizecg.data.trace_truth``): what comes
    before can be learned by it alone, and what follows from true traces alone, which is a network of signals.

    Args:
        inputs, rows, columns: of the map.
        outputs: channels of what follows.
        traces: how many are printed one above the other.
        stride: columns of pixels to one of the map.
        kernel: columns of the first convolution over traces.
    """

    def __init__(
        self, *, inputs: int, outputs: int, rows: int, columns: int, traces: int, stride: int, kernel: int
    ) -> None:
        super().__init__()
        self.traces, self.stride = traces, stride
        self.reduce = nn.Conv2d(inputs, _CHANNELS, 1)
        self.read = nn.Conv2d(_CHANNELS, 2 * traces * stride, (rows, 1))
        self.conv = nn.Conv2d(2 * traces * stride, outputs, (1, kernel), padding=(0, kernel // 2), bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.column_position = nn.Parameter(torch.zeros(1, outputs, 1, columns))

    def forward(self, x: Tensor) -> Tensor:
        heights, seen = self.reading(x)
        return self.look(heights, seen.sigmoid())

    def reading(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) -> heights in ``UNIT_MM`` and logits of being there, each (B, traces * stride, 1, w)."""
        heights, seen = self.read(torch.relu(self.reduce(x))).chunk(2, dim=1)
        return heights, seen

    def look(self, heights: Tensor, seen: Tensor) -> Tensor:
        """Of traces as ``reading`` gives them, ``seen`` between 0 and 1."""
        both = torch.cat([heights * seen, seen], dim=1)
        return torch.relu(self.norm(self.conv(both)) + self.column_position)

    def told(self, truth: Tensor) -> Tensor:
        """``forward`` of true traces: ``truth`` is that of ``vizecg.data.trace_truth``, (B, 2, traces, W)."""
        return self.look(self._columns(truth[:, 0] / UNIT_MM), self._columns(truth[:, 1]))

    def placed(self, reading: Tensor, width: int) -> Tensor:
        """(B, traces * stride, 1, w) -> (B, traces, width): one number for every column of pixels."""
        return across_pixels(reading[:, :, 0], rows=self.traces, width=width)

    def _columns(self, values: Tensor) -> Tensor:
        """The way back of ``placed``."""
        rest = -values.shape[2] % self.stride
        return F.pad(values, (0, rest)).unflatten(2, (-1, self.stride)).transpose(2, 3).flatten(1, 2).unsqueeze(2)

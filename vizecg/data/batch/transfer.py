"""What the packed batches share: moving to a device, and arithmetic that no setting of the training loop changes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")
Packed = TypeVar("Packed", bound="TensorBatch")

_ALIGN = 256  # bytes, as CUDA's own allocations are aligned


class TensorBatch:
    """Base of the frozen dataclasses that hold a packed batch: tensors, other such batches, and tuples of both."""

    def to(self: Packed, device: torch.device | str) -> Packed:
        """The same batch with every tensor on ``device``."""
        return self.each(lambda tensor: tensor.to(device))

    @property
    def nbytes(self) -> int:
        """Of all tensors."""
        sizes: list[int] = []
        self.each(lambda tensor: sizes.append(tensor.nbytes))
        return sum(sizes)

    def each(self: Packed, change: Callable[[Any], Any], kind: type = Tensor) -> Packed:
        """The same batch with every value of ``kind`` replaced."""
        return _each(self, change, kind)


def _each(value: Any, change: Callable[[Any], Any], kind: type) -> Any:
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, TensorBatch):
        assert is_dataclass(value)
        return replace(value, **{f.name: _each(getattr(value, f.name), change, kind) for f in fields(value)})
    if type(value) is tuple:
        return tuple(_each(item, change, kind) for item in value)
    return value


class _Slot(NamedTuple):
    """Where a tensor lies in a parcel's memory."""

    offset: int
    nbytes: int
    dtype: torch.dtype
    shape: torch.Size


@dataclass(frozen=True, kw_only=True)
class Parcel(Generic[Packed]):
    """A packed batch in one piece of memory, as data loaders hand it on.

    Each tensor that a worker sends holds a file descriptor of the receiver, and each upload costs a call: a batch of
    fifty small tensors would soon meet the system's limits. ``DataLoader(pin_memory=True)`` calls ``pin_memory``.
    """

    memory: Tensor
    content: Packed

    @classmethod
    def of(cls, batch: Packed) -> Parcel[Packed]:
        """Copy a batch of tensors on the CPU."""
        tensors: list[Tensor] = []
        slots: list[_Slot] = []

        def place(tensor: Tensor) -> _Slot:
            offset = -(-(slots[-1].offset + slots[-1].nbytes) // _ALIGN) * _ALIGN if slots else 0
            tensors.append(tensor)
            slots.append(_Slot(offset, tensor.nbytes, tensor.dtype, tensor.shape))
            return slots[-1]

        content = batch.each(place)
        memory = torch.zeros(slots[-1].offset + slots[-1].nbytes if slots else 0, dtype=torch.uint8)
        for tensor, slot in zip(tensors, slots, strict=True):
            _view(memory, slot).copy_(tensor)
        return cls(memory=memory, content=content)

    def to(self, device: torch.device | str) -> Parcel[Packed]:
        """One upload, which does not wait where the memory is pinned."""
        return replace(self, memory=self.memory.to(device, non_blocking=True))

    def pin_memory(self) -> Parcel[Packed]:
        """In page-locked memory, from which copies to a GPU overlap with its work."""
        return replace(self, memory=self.memory.pin_memory())

    def open(self) -> Packed:
        """The batch, as views of the memory."""
        return self.content.each(lambda slot: _view(self.memory, slot), _Slot)


def _view(memory: Tensor, slot: _Slot) -> Tensor:
    return memory[slot.offset : slot.offset + slot.nbytes].view(slot.dtype).view(slot.shape)


def plain_arithmetic(function: Callable[P, R]) -> Callable[P, R]:
    """Run ``function`` without gradients, without autocast and with whole float32 products.

    Pictures are drawn inside training steps, where autocast would turn the filters' float32 into half precision, a
    GPU's tensor cores would round products to TF32, and grey levels would become other grey levels.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        precision = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            with torch.no_grad(), torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
                return function(*args, **kwargs)
        finally:
            torch.set_float32_matmul_precision(precision)

    return wrapped

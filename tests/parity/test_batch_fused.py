"""Steps that torch.compile fuses give what they give as they are written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from tolerances import tolerance
from vizecg.data.batch import fused, fusing
from vizecg.data.batch.filters import blur, gaussian_kernel, stack_kernels
from vizecg.data.batch.jpeg import jpeg, quantisation_tables
from vizecg.data.batch.seen import see
from vizecg.render.photo_plan import CELL

pytestmark = pytest.mark.parity

SIZES = (((97, 130), (64, 80), (101, 117)), ((80, 144), (80, 90)), ((64, 64),) * 8, ((50, 70),))


@pytest.fixture(autouse=True)
def _fresh_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fused._Compiler, "failed", False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def pictures(sizes: tuple[tuple[int, int], ...]) -> tuple[Tensor, Tensor]:
    """Noise in the top left corners of a batch, and its sizes."""
    rng = np.random.default_rng(len(sizes))
    shape = (len(sizes), 3, max(size[0] for size in sizes), max(size[1] for size in sizes))
    return torch.from_numpy(rng.integers(0, 256, shape, dtype=np.uint8)), torch.tensor(sizes)


def blurred(image: Tensor, sizes: Tensor) -> Tensor:
    return blur(image, sizes, stack_kernels([gaussian_kernel(0.4 + 0.1 * (i % 4)) for i in range(len(image))]))


def compressed(image: Tensor, sizes: Tensor) -> Tensor:
    tables = [quantisation_tables(60 + 5 * (i % 4)) for i in range(len(image))]
    return jpeg(image, sizes, torch.from_numpy(np.stack(tables)))


def warped(image: Tensor, sizes: Tensor) -> Tensor:
    """Partly from beyond their edges."""
    height, width = image.shape[2:]
    generator = torch.Generator().manual_seed(0)
    rows, columns = (torch.arange(-(-length // CELL) + 2) * CELL * 1.1 - 2 * CELL for length in (height, width))
    lattice = torch.stack(torch.meshgrid(columns, rows, indexing="xy")).expand(len(image), -1, -1, -1)
    lattice = lattice + torch.rand(lattice.shape, generator=generator)
    return see(image, lattice, (height, width), sizes[:, [0, 1, 0]].float())


@pytest.mark.parametrize(
    ("work", "share"),
    [(blurred, 0.0), (compressed, tolerance("batch-share")), (warped, tolerance("batch-share"))],
)
def test_fused_steps_give_the_same_for_all_sizes(work: Callable[[Tensor, Tensor], Tensor], share: float) -> None:
    """Compiled once for batches of any number and size of pictures."""
    for number, sizes in enumerate(SIZES):
        image, of = pictures(sizes)
        expected = work(image, of)
        with fusing(), torch._dynamo.config.patch(error_on_recompile=number > 0):
            found = work(image, of)
            assert fused.is_fusing(), "the compiler failed"
        for one, other, (height, width) in zip(found, expected, sizes, strict=True):
            wrong = one[:, :height, :width].int() - other[:, :height, :width]
            assert (wrong != 0).float().mean() <= share


def test_a_compiler_that_fails_stops_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("no kernels\nto be had")

    monkeypatch.setattr(torch, "compile", lambda *_, **__: broken)
    adds = [fused.fused(function) for function in (torch.add, torch.mul)]
    ones = torch.ones(2, 2)
    with caplog.at_level(logging.WARNING), fusing():
        assert [float(add(ones, ones).sum()) for add in adds] == [8.0, 4.0]
        assert not fused.is_fusing()
    assert [record.message for record in caplog.records] == [
        "pictures are drawn without torch.compile, which failed: no kernels"
    ]


def test_what_is_wrong_with_the_pictures_is_no_fault_of_the_compiler() -> None:
    work = fused.fused(lambda image: image.view(7))
    with fusing(), pytest.raises(RuntimeError, match="shape"):
        work(torch.ones(2, 2))
    with fusing():
        assert fused.is_fusing()

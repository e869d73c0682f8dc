"""Arrays of files that somebody else made: nothing is unpacked before its size is known."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from vizecg.spec.arrays import MOST_MEMBERS, read_arrays

pytestmark = pytest.mark.unit

MIB = 1 << 20


def packed(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()


def zipped(content: bytes, *, name: str = "inks.npy", method: int = zipfile.ZIP_DEFLATED, count: int = 1) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for number in range(count):
            archive.writestr(f"{number or ''}{name}", content)
    return data.getvalue()


def header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"shape": shape, "fortran_order": False, "descr": descr})
    return head.getvalue()


def pickled() -> bytes:
    data = io.BytesIO()
    np.save(data, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return zipped(data.getvalue())


def test_what_numpy_wrote_is_read() -> None:
    arrays = {
        "inks": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        "logits": np.asfortranarray(np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)),
        "none": np.zeros((0, 6)),
    }
    found = read_arrays(packed(**arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: packed(inks=np.zeros((80, MIB), np.uint8)), "would take 80 MiB, at most 64 are read"),
    "a header of a tebibyte": (lambda: zipped(header((1 << 40,))), "which its size is not"),
    "a negative shape": (lambda: zipped(header((-2, -4)) + bytes(8)), "reshape|shape|dimension"),
    "pickled objects": (pickled, "expected numbers"),
    "another way of packing": (lambda: zipped(header((1,)) + b"0", method=zipfile.ZIP_LZMA), "does not write"),
    "no array": (lambda: zipped(b"hello"), "EOF|magic"),
    "no zip": (lambda: b"hello", "no whole .npz"),
    "half of it": (lambda: packed(inks=np.zeros(10))[:-30], "no whole .npz"),
    "too many parts": (lambda: zipped(b"", count=MOST_MEMBERS + 1), "more than 1000 parts"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_hostile_is_refused_before_it_is_unpacked(kind: str) -> None:
    make, says = HOSTILE[kind]
    with pytest.raises(ValueError, match=says):
        read_arrays(make())

"""Bytes -> damaged bytes, by the same random numbers always the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vizecg_lab.fuzzing.structure import STRUCTURED

INTERESTING = (0, 1, 2, 7, 8, 127, 128, 255, 256, 1023, 4096, 32767, 32768, 60_000, 65_535, 65_536, 2**24, 2**31 - 1,
               2**31, 2**32 - 1)  # fmt: skip
MOST_BYTES = 12 * 2**20
HEADER_BYTES = 600
"""Where most fields lie that say how much follows."""

Mutator = Callable[[bytearray, np.random.Generator], bytearray]


def mutate(data: bytes, rng: np.random.Generator, *, others: Sequence[bytes] = ()) -> bytes:
    """One to four changes, one after the other. ``others``: files to splice with."""
    changed = bytearray(data)
    for _ in range(int(rng.choice((1, 1, 1, 2, 2, 3, 4)))):
        if not changed:
            changed = bytearray(rng.bytes(16))
        draw = rng.random()
        if others and draw < 0.08:
            changed = _splice(changed, others[int(rng.integers(len(others)))], rng)
        elif draw < 0.5:
            changed = STRUCTURED[int(rng.integers(len(STRUCTURED)))](changed, rng)
        else:
            changed = PLAIN[int(rng.integers(len(PLAIN)))](changed, rng)
    return bytes(changed[:MOST_BYTES])


def place(data: bytearray, rng: np.random.Generator) -> int:
    """A byte of the file, as often one of the first as any other."""
    return int(rng.integers(min(HEADER_BYTES, len(data)) if rng.random() < 0.5 else len(data)))


def _flip(data: bytearray, rng: np.random.Generator) -> bytearray:
    for _ in range(int(2 ** rng.integers(0, 6))):
        data[place(data, rng)] ^= 1 << int(rng.integers(8))
    return data


def _overwrite(data: bytearray, rng: np.random.Generator) -> bytearray:
    at, length = place(data, rng), int(2 ** rng.integers(0, 10))
    length = min(length, len(data) - at)
    data[at : at + length] = rng.bytes(length) if rng.random() < 0.5 else bytes([int(rng.integers(256))]) * length
    return data


def _number(data: bytearray, rng: np.random.Generator) -> bytearray:
    """A number that programs stumble over, in the place of any other."""
    at, size = place(data, rng), int(rng.choice((1, 2, 4)))
    value = INTERESTING[int(rng.integers(len(INTERESTING)))] % 256**size
    data[at : at + size] = value.to_bytes(size, "big" if rng.random() < 0.5 else "little")
    return data


def _truncate(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: place(data, rng)]


def _cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = place(data, rng)
    del data[at : at + int(2 ** rng.integers(0, 14))]
    return data


def _repeat(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = place(data, rng)
    part = data[at : at + int(2 ** rng.integers(0, 12))]
    data[at:at] = part * int(rng.choice((1, 1, 2, 16)))
    return data


def _insert(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = place(data, rng)
    data[at:at] = rng.bytes(int(2 ** rng.integers(0, 9)))
    return data


def _swap(data: bytearray, rng: np.random.Generator) -> bytearray:
    first, second = sorted((place(data, rng), place(data, rng)))
    length = min(int(2 ** rng.integers(0, 10)), second - first, len(data) - second)
    one, other = data[first : first + length], data[second : second + length]
    data[first : first + length], data[second : second + length] = other, one
    return data


def _splice(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    """The beginning of one file and the end of another."""
    share = rng.random()
    return data[: int(share * len(data))] + other[int(share * len(other)) :]


PLAIN: tuple[Mutator, ...] = (
    _flip,
    _flip,
    _flip,
    _overwrite,
    _number,
    _number,
    _truncate,
    _cut,
    _repeat,
    _insert,
    _swap,
)

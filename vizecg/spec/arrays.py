"""Arrays of an ``.npz`` that somebody else made: nothing is unpacked before its size is known, and nothing is pickled.

A few megabytes of a zip can hold gigabytes, and a header of a hundred bytes can ask for a tebibyte.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib

import numpy as np

from vizecg.spec.checks import first_line, printable

MOST_BYTES = 64 << 20
"""Of all arrays of a file together, unless its reader says otherwise."""
MOST_MEMBERS = 1000
_ENTRY = b"PK\x01\x02"
"""How every entry of a zip's table of contents begins."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What numpy writes; other methods take memory as they like."""
_NUMBERS = "biuf"
_ENDING = ".npy"


def read_arrays(data: bytes, *, most_bytes: int = MOST_BYTES) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz``, read-only, by name.

    Args:
        data: the file.
        most_bytes: of all arrays together, unpacked.

    Raises:
        ValueError: it is damaged, holds something else than arrays of numbers, or more than ``most_bytes``.
    """
    # The table of contents alone may fill the memory.
    if data.count(_ENTRY) > MOST_MEMBERS:
        raise ValueError(f"it has more than {MOST_MEMBERS} parts")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check(members, most_bytes)
            return {member.filename.removesuffix(_ENDING): _array(archive, member) for member in members}
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError) as error:
        raise ValueError(f"it is no whole .npz file: {printable(first_line(error))}") from error


def _check(members: list[zipfile.ZipInfo], most_bytes: int) -> None:
    for member in members:
        if member.compress_type not in _METHODS:
            raise ValueError(f"{printable(member.filename)} is packed by a method that numpy does not write")
    whole = sum(member.file_size for member in members)
    if whole > most_bytes:
        raise ValueError(f"its arrays would take {whole >> 20:,} MiB, at most {most_bytes >> 20} are read")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array; its header must say what the zip says of its size, which zipfile never reads beyond."""
    name = printable(member.filename)
    with archive.open(member) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} is no plain array")
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.kind not in _NUMBERS:
            raise ValueError(f"{name} holds {printable(dtype)}, expected numbers")
        size = dtype.itemsize * math.prod(shape)
        if stream.tell() + size != member.file_size:
            raise ValueError(f"{name} says that it is {printable(shape)} of {dtype}, which its size is not")
        content = stream.read(size)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")

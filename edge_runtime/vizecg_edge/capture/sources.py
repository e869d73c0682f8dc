"""Whatever a program holds a picture in -> shots: a path, bytes, an open file, a PIL image, an array."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from vizecg.spec import InputRefusedError, UsageError
from vizecg_edge.capture.picture import Picture, check_size, picture_of
from vizecg_edge.capture.shots import MAX_FILE_BYTES, Shot, data_shots, file_shots, refused_shot

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | np.ndarray
"""What ``shots_of`` takes."""
EXPECTED = (
    "expected a path (str or Path), bytes, a file opened in binary mode, a PIL image or an RGB array uint8 (H, W, 3)"
)


def shots_of(source: Source) -> Iterator[Shot]:
    """The pictures in one source: its pages where it is a file of several, in whatever form.

    What can be read, but not answered, gives one shot, which says so when it is loaded.

    - A path is read when the first shot is asked for; whatever else now, so that it may change or be closed then.
    - An open file is read from its beginning, or where that is not possible from where it stands, to its end.
    - Of a PIL image the current frame is read, turned upright by its EXIF orientation; what is transparent is white. A
      JPEG that is open but not yet loaded is read from its file.
    - An array is an upright picture, its levels from 0 to 255.

    Raises:
        UsageError: of another type, shape or kind of numbers.
    """
    if isinstance(source, np.ndarray):
        return iter([array_shot(source)])
    if isinstance(source, Image.Image):
        return _image_shots(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return data_shots(bytes(source), name="bytes")
    if isinstance(source, (str, os.PathLike)):
        return file_shots(Path(os.fsdecode(source)))
    if callable(getattr(source, "read", None)):
        return _open_file_shots(source)
    raise UsageError(f"{EXPECTED}, got {_name_of(source)}")


def array_shot(array: np.ndarray, *, name: str = "array", frame: int | None = None) -> Shot:
    """A shot of an upright picture that is decoded already.

    Raises:
        UsageError: not uint8 (H, W, 3).
    """
    if not isinstance(array, np.ndarray):
        raise UsageError(f"expected an RGB array uint8 (H, W, 3), got {_name_of(array)}")
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise UsageError(f"expected an RGB array uint8 (H, W, 3), got {array.dtype} {array.shape}{_hint(array)}")
    pixels = np.ascontiguousarray(array)

    def load(most_reduced: float) -> Picture:
        check_size(pixels.shape[1], pixels.shape[0])
        return Picture.of(pixels)

    return Shot(path=name, frame=frame, load=load)


def _hint(array: np.ndarray) -> str:
    """What to do with an array that is of another kind, where that can be told."""
    if array.dtype != np.uint8:
        return ": its levels must be 0 to 255"
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (2, 4)):
        return ": for grey levels or transparency give PIL.Image.fromarray(array)"
    if array.ndim == 3 and array.shape[0] == 3:
        return ": the colours come last, as in array.transpose(1, 2, 0)"
    return ": one picture at a time" if array.ndim == 4 else ""


def _image_shots(image: Image.Image) -> Iterator[Shot]:
    started = time.perf_counter()
    name = str(getattr(image, "filename", "") or "image")
    data = _unloaded_jpeg(image)
    if data is not None:
        return data_shots(data, name=name)
    try:
        picture = picture_of(image)
    except InputRefusedError as error:
        return iter([refused_shot(name, error)])
    read_ms = (time.perf_counter() - started) * 1000
    return iter([Shot(path=name, load=lambda most_reduced: picture, read_ms=read_ms)])


def _unloaded_jpeg(image: Image.Image) -> bytes | None:
    """The file of a JPEG whose pixels nobody has asked for yet; None for every other image.

    Large JPEGs are read at a fraction of their size: from its file, such an image gets the answer that its path gets.
    """
    if not isinstance(image, ImageFile) or image.format not in ("JPEG", "MPO") or image.tell() != 0:
        return None
    # One that was loaded, and so may have been changed, has no tiles left; `draft` makes it another picture.
    if not image.tile or image.decoderconfig:
        return None
    file = image.fp
    try:
        return None if file is None or not file.seekable() else _read_whole(file)
    except (OSError, ValueError):
        return None


def _open_file_shots(file: Any) -> Iterator[Shot]:
    name = getattr(file, "name", None)
    name = name if isinstance(name, str) else "file"
    if isinstance(file, io.TextIOBase):
        raise UsageError(f"{EXPECTED}, got a file opened as text: open it with mode 'rb'")
    started = time.perf_counter()
    try:
        data = _read_whole(file)
    except io.UnsupportedOperation as error:
        raise UsageError(f"the open file cannot be read: {error}") from error
    except ValueError as error:
        raise UsageError(f"the file cannot be read: {error}") from error
    except OSError as error:
        refused = InputRefusedError(str(error.strerror or error), reason="unreadable")
        return iter([refused_shot(name, refused)])
    return data_shots(data, name=name, read_ms=(time.perf_counter() - started) * 1000)


def _read_whole(file: Any) -> bytes:
    """All of an open file, or a byte more than is taken; it is left at its end."""
    seekable = getattr(file, "seekable", None)
    if callable(seekable) and seekable():
        file.seek(0)
    parts: list[bytes] = []
    size = 0
    while size <= MAX_FILE_BYTES and (part := file.read(MAX_FILE_BYTES + 1 - size)):
        if not isinstance(part, bytes):
            raise UsageError(f"{EXPECTED}, got a file whose read() gives {_name_of(part)}")
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _name_of(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"

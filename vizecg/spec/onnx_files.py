"""Which other files an ONNX model would read, found before any engine opens it, without the package ``onnx``.

A tensor may lie outside the model (its ``external_data``), in a file that the model names. The structure is that of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, of which only the way to the tensors is followed.
"""

from __future__ import annotations

from collections.abc import Iterator

_FOLLOWED: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
"""Message -> its fields that lead to tensors -> the message in them."""
_KEY, _VALUE = 1, 2
_LOCATION = b"location"
_CONTEXT = b"EPContext"
"""An operator that names a file, or holds an engine of a GPU or NPU, which nothing here vouches for."""
_COMPILED = b"ORTM"
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def external_files(model: bytes) -> list[str]:
    """Names of the files that the tensors of a model lie in, as the model has them; mostly none.

    Raises:
        ValueError: it is no ONNX model, or one that would open files in another way.
    """
    if model[4:8] == _COMPILED:
        raise ValueError("it is a compiled model of ONNX Runtime")
    if _CONTEXT in model:
        raise ValueError("it holds an engine that was compiled elsewhere (EPContext)")
    # Who names a file must write this word; looking for it takes a millisecond, walking the model hundreds.
    return sorted(set(_locations(model))) if _LOCATION in model else []


def _locations(model: bytes) -> Iterator[str]:
    waiting = [("model", memoryview(model))]
    while waiting:
        kind, message = waiting.pop()
        if kind == "entry":
            fields = dict(_fields(message))
            if bytes(fields.get(_KEY, b"")) == _LOCATION:
                yield bytes(fields.get(_VALUE, b"")).decode("utf-8", "replace")
            continue
        follow = _FOLLOWED[kind]
        waiting += [(follow[number], content) for number, content in _fields(message) if number in follow]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each field of a message that holds bytes: a text, a tensor's data or another message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            _, at = _varint(message, at)
        elif wire in (_EIGHT, _FOUR):
            at += 8 if wire == _EIGHT else 4
        elif wire == _BYTES:
            size, at = _varint(message, at)
            if size > len(message) - at:
                raise ValueError("it is no whole ONNX model")
            yield number, message[at : at + size]
            at += size
        else:
            raise ValueError("it is no ONNX model")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("it is no whole ONNX model")

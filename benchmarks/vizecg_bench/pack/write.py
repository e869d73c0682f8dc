"""Writing a pack, one chunk of sheets after the other: there whole or not at all."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from vizecg.spec.fingerprint import sha256_bytes
from vizecg_bench.pack.header import CHUNK, HEADER, MOST_ID_BYTES, PackHeader, SectionHeader

_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file in the zip: the same content is the same file, whenever it is written."""


class PackWriter:
    """A context in which sections are added; the pack appears at ``path`` when it ends well.

    Args:
        path: of the pack; an older one is replaced.
        header: without sections and members.
    """

    def __init__(self, path: Path, header: PackHeader) -> None:
        self._path, self._header = path, header
        self._partial = path.with_name(path.name + ".partial")
        self._members: dict[str, str] = {}
        self._sections: list[SectionHeader] = []

    def __enter__(self) -> PackWriter:
        self._archive = zipfile.ZipFile(self._partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        return self

    def add(
        self,
        section: SectionHeader,
        *,
        record_ids: Sequence[str],
        labels: np.ndarray,
        logits: np.ndarray,
        inks: Iterable[np.ndarray],
    ) -> None:
        """Add a section.

        Args:
            section: its header.
            record_ids: (n,).
            labels: (n, labels) of 0 and 1.
            logits: (n, labels) of the float network.
            inks: uint8 (height, width) ink maps, n of them.

        Raises:
            ValueError: these do not fit the header.
        """
        shape = (section.n, len(self._header.labels))
        if len(record_ids) != section.n or labels.shape != shape or logits.shape != shape:
            raise ValueError(f"{section.name}: expected {shape}, got {len(record_ids)}, {labels.shape}, {logits.shape}")
        if not np.isin(labels, (0, 1)).all() or not np.isfinite(logits).all():
            raise ValueError(f"{section.name}: labels must be 0 or 1, and logits finite")
        if len(set(record_ids)) != section.n or max(len(one.encode()) for one in record_ids) > MOST_ID_BYTES:
            raise ValueError(f"{section.name}: names must be different and of at most {MOST_ID_BYTES} bytes")
        ids_file, labels_file, logits_file = section.members[:3]
        self._write(ids_file, json.dumps(list(record_ids), ensure_ascii=False).encode())
        self._write(labels_file, _npy(labels.astype(np.uint8)))
        self._write(logits_file, _npy(logits.astype(np.float32)))
        shape = (self._header.preprocess.height, self._header.preprocess.width)
        chunk: list[np.ndarray] = []
        places = iter(section.ink_members)
        found = 0
        for ink in inks:
            if ink.dtype != np.uint8 or ink.shape != shape or found == section.n:
                raise ValueError(f"{section.name}: expected {section.n} uint8 {shape}, got {ink.dtype} {ink.shape}")
            chunk.append(ink)
            found += 1
            if len(chunk) == CHUNK or found == section.n:
                self._write(next(places), _npy(np.stack(chunk)))
                chunk = []
        if found != section.n:
            raise ValueError(f"{section.name}: expected {section.n} ink maps, got {found}")
        self._sections.append(section)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                header = replace(self._header, sections=tuple(self._sections), members=self._members)
                header.check()
                self._put(HEADER, header.to_json().encode())
            self._archive.close()
            if kind is None:
                os.replace(self._partial, self._path)
        finally:
            self._partial.unlink(missing_ok=True)

    def _write(self, member: str, data: bytes) -> None:
        self._members[member] = sha256_bytes(data)
        self._put(member, data)

    def _put(self, member: str, data: bytes) -> None:
        info = zipfile.ZipInfo(member, _TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self._archive.writestr(info, data)


def _npy(array: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, np.ascontiguousarray(array), allow_pickle=False)
    return target.getvalue()

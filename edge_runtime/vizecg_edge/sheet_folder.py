"""A folder of photographs -> a folder of sheets: what a network is trained on that is to read such photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.sheet_files import META, READ, SheetRow, SheetsMeta, read_sheets, write_sheets
from vizecg_edge.capture import shots_of
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.sheet import RECTIFIER_VERSION

_KEPT_EVERY = 20
"""Photographs after which the table is written: so many are read anew at most after an interruption."""


@dataclass(frozen=True, kw_only=True)
class SheetFolder:
    """What is read into a folder; photographs that were read before, and are what they were, are not read again.

    Args:
        pipeline: reads; its network is not asked.
        photographs: the folder that names are told below.
        out: folder of the sheets, made if need be.

    Raises:
        UsageError: ``out`` holds sheets of other photographs, of another geometry, or of another version of the reader.
    """

    pipeline: Pipeline
    photographs: Path
    out: Path

    @property
    def meta(self) -> SheetsMeta:
        return SheetsMeta(
            sheet=self.pipeline.bundle.manifest.sheet,
            rectifier=RECTIFIER_VERSION,
            photographs=str(self.photographs.resolve()),
        )

    def read(self, files: Sequence[Path], *, advance: Callable[[], None]) -> list[SheetRow]:
        """Read every page of every file, and write sheets and table.

        Args:
            files: below ``photographs``.
            advance: called after each.

        Returns:
            The rows of all files, in their order.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        before = self._before()
        rows: list[SheetRow] = []
        try:
            for number, path in enumerate(files):
                rows += self._rows(path, before)
                if number % _KEPT_EVERY == _KEPT_EVERY - 1:
                    write_sheets(self.out, self.meta, rows)
                advance()
        finally:
            # Also of a reading that is stopped; what it had not come to yet is still known from before.
            named = {row.photo for row in rows}
            rest = [row for photo, known in before.items() if photo not in named for row in known]
            write_sheets(self.out, self.meta, [*rows, *rest] if len(named) < len(files) else rows)
        return rows

    def _before(self) -> dict[str, list[SheetRow]]:
        if not (self.out / META).is_file():
            return {}
        meta, rows = read_sheets(self.out)
        for name, was, now in (
            ("photographs", meta.photographs, self.meta.photographs),
            ("sheet", meta.sheet, self.meta.sheet),
            ("rectifier", meta.rectifier, self.meta.rectifier),
        ):
            if was != now:
                raise UsageError(
                    f"{self.out} holds sheets of another {name} ({was}, now {now}): name another folder or delete it"
                )
        found: dict[str, list[SheetRow]] = {}
        for row in rows:
            if not row.file or (self.out / row.file).is_file():
                found.setdefault(row.photo, []).append(row)
        return found

    def _rows(self, path: Path, before: dict[str, list[SheetRow]]) -> list[SheetRow]:
        photo = path.relative_to(self.photographs).as_posix()
        sha256 = sha256_file(path)
        known = before.get(photo, [])
        if known and all(row.sha256 == sha256 for row in known):
            return known
        return list(self._read(path, photo, sha256))

    def _read(self, path: Path, photo: str, sha256: str) -> Iterator[SheetRow]:
        for shot in shots_of(path):
            result = self.pipeline.read_shot(shot)
            answer, page = result.answer, "" if shot.page is None else str(shot.page)
            if not answer.answered or result.sheet is None:
                yield SheetRow(
                    photo=photo, page=page, status=answer.reasons[0], message=" ".join(answer.messages), sha256=sha256
                )
                continue
            name = f"{sha256[:16]}{f'-p{page}' if page else ''}.png"
            write_atomically(self.out / name, png(result.sheet))
            doubts = "|".join(doubt.code for doubt in answer.doubts)
            yield SheetRow(photo=photo, page=page, status=READ, sha256=sha256, file=name, doubts=doubts)


def png(sheet: np.ndarray) -> bytes:
    """uint8 RGB (H, W, 3) without loss."""
    done, data = cv2.imencode(".png", np.ascontiguousarray(sheet[..., ::-1]))
    if not done:
        raise ValueError("OpenCV cannot write PNG")
    return data.tobytes()

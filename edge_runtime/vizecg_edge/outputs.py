"""Files and folders that options name for output: checked and made before anything is read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vizecg.spec import UsageError
from vizecg_edge.answer import Input
from vizecg_edge.marks import made_of
from vizecg_edge.names import file_name

_LONGEST_STEM = 120
"""Bytes, with room for page, ending and number where names may have 143 bytes, as on encrypted folders."""


@dataclass(kw_only=True)
class Output:
    """Where an option's files go.

    Attributes:
        path: a folder, or the one file.
        folder: which of both.
        option: as it is typed, for messages.
        ending: of files in a folder.
    """

    path: Path
    folder: bool
    option: str
    ending: str
    _used: set[Path] = field(default_factory=set)

    @classmethod
    def of(
        cls, text: str | None, *, option: str, endings: Sequence[str], ending: str = "", several: bool = False
    ) -> Output | None:
        """What an option names, checked but not yet made; None where it is not given.

        An existing folder, a name that ends in a slash, and a name without an ending are folders.

        Args:
            text: the option's value.
            option: its name.
            endings: of files that can be written.
            ending: of files in a folder; the first of ``endings`` if empty.
            several: whether more than one file will be written.

        Raises:
            UsageError: an empty name, one file for several pictures, an ending that cannot be written, or a file that
                is somebody else's.
        """
        if text is None:
            return None
        if not text:
            raise UsageError(f"{option} is empty: expected a file or a folder")
        path = Path(text)
        folder = os.path.isdir(path) or text.endswith(("/", os.sep)) or not path.suffix
        made = cls(path=path, folder=folder, option=option, ending=ending or endings[0])
        if not folder:
            if path.suffix.lower() not in endings:
                raise UsageError(f"{option} {path}: expected a folder, or a file that ends in {', '.join(endings)}")
            if several:
                raise UsageError(f"{option} {path}: there are several pictures, name a folder for them")
            if _of_others(path):
                raise UsageError(f"{option} {path}: this file exists and was not made by vizecg-edge; name another")
        return made

    def make(self) -> None:
        """Make the folder, and see that files can be written into it.

        Raises:
            UsageError: it cannot be made, or nothing can be written there.
        """
        folder = self.path if self.folder else self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise UsageError(f"{self.option} {self.path}: cannot be written: {error.strerror}") from error

    def place(self, source: Input, *, mark: str, stem: str | None = None) -> Path:
        """The file for what is made of a picture.

        In a folder a name is left alone that this run has used, that is somebody else's, or that was made of another
        picture: a number is added. Made again of the same picture, the file is replaced.

        Args:
            source: the picture.
            mark: of what is to be written.
            stem: begins the name; None takes that of the picture's file.
        """
        suffix = "" if source.page is None else f"_p{source.page}"
        if self.folder:
            suffix += "" if source.sheet is None else f"_s{source.sheet}"
            suffix += "" if source.frame is None else f"_f{source.frame}"
            named = stem or Path(source.path).stem.replace(" ", "_") or "camera"
            named = file_name(named, longest_bytes=_LONGEST_STEM)
            return self._free(self.path / f"{named}{suffix}{self.ending}", mark)
        if source.page is None:
            return self.path
        return self._free(self.path.with_name(f"{self.path.stem}{suffix}{self.path.suffix}"), mark)

    def _free(self, wanted: Path, mark: str) -> Path:
        path, copy = wanted, 1
        while path in self._used or (path.exists() and made_of(path) != mark and not _is_empty(path)):
            copy += 1
            path = wanted.with_name(f"{wanted.stem}-{copy}{wanted.suffix}")
        self._used.add(path)
        return path


def make_all(outputs: Iterable[Output | None]) -> None:
    """Make the folders of all that are given, see ``Output.make``."""
    for output in outputs:
        if output is not None:
            output.make()


def _of_others(path: Path) -> bool:
    return os.path.exists(path) and made_of(path) is None and not _is_empty(path)


def _is_empty(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0

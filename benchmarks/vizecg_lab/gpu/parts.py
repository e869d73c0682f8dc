"""Files that are not larger than what may be brought back: a larger one is cut, and joined again with ``cat``."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.files import write_atomically

MOST_FILES = 8
"""That are left in the folder of the run."""
OTHER_FILES = ("report.md", "report.json", "logs.tar.gz", "figures.png")
MOST_WEIGHTS_FILES = MOST_FILES - len(OTHER_FILES)


def parts_of(path: Path, most_bytes: int) -> int:
    """In how many files it fits."""
    return max(1, -(-path.stat().st_size // most_bytes))


def put(source: Path, folder: Path, *, name: str, most_bytes: int) -> list[str]:
    """Copy into ``folder`` as ``name``, or in parts ``name.1of2``; copies of another number of parts are removed.

    Returns:
        the names, in the order in which they are joined.
    """
    content = source.read_bytes()
    count = parts_of(source, most_bytes)
    names = [name] if count == 1 else [f"{name}.{part}of{count}" for part in range(1, count + 1)]
    for place, part in enumerate(names):
        write_atomically(folder / part, content[place * most_bytes : (place + 1) * most_bytes])
    for old in [folder / name, *folder.glob(f"{name}.*of*")]:
        if old.name not in names:
            old.unlink(missing_ok=True)
    return names

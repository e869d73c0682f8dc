"""README.md and the pages of docs/: their fenced blocks, and shell blocks as single commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
RUN_MARK = "<!-- run -->"
"""The line before a fence whose content the tests really run."""
_ENDS = frozenset({"|", "||", "&&", "&", ";"})
_TO_FILE = frozenset({">", ">>"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block: where it stands (``docs/train.md:12``), its language, its text, and whether it is run."""

    place: str
    language: str
    text: str
    run: bool


def pages(repository: Path = REPOSITORY) -> list[Path]:
    """README.md, CONTRIBUTING.md, CHANGELOG.md and every page of docs/."""
    names = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    return [*(repository / name for name in names), *sorted((repository / "docs").rglob("*.md"))]


def blocks(repository: Path = REPOSITORY) -> list[Block]:
    """Every fenced block of every page, in order.

    Raises:
        AssertionError: a fence without a language, or one that is not closed.
    """
    found = []
    for page in pages(repository):
        lines = page.read_text(encoding="utf-8").splitlines()
        name = page.relative_to(repository).as_posix()
        start = None
        for number, line in enumerate(lines):
            if not line.startswith("```"):
                continue
            if start is None:
                start = number
                continue
            language = lines[start][3:]
            assert language, f"{name}:{start + 1}: a fence without a language"
            marked = start > 0 and lines[start - 1] == RUN_MARK
            text = "\n".join(lines[start + 1 : number])
            found.append(Block(place=f"{name}:{start + 2}", language=language, text=text, run=marked))
            start = None
        assert start is None, f"{name}: a fence that is not closed"
    return found


def commands(text: str) -> list[list[str]]:
    """A shell block as its commands, each a list of words: comments, variables and redirections are left out."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        tokens = iter(lexer)
        for token in tokens:
            if token in _ENDS:
                found.append(words)
                words = []
            elif token in _TO_FILE:
                next(tokens)
            elif words or not _ASSIGNMENT.fullmatch(token):
                words.append(token)
        found.append(words)
    return [words for words in found if words]

"""Every command and snippet that README and docs show is one that this version has."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import tomllib

import vizecg
from documents import REPOSITORY, blocks, commands, pages
from shown_commands import inline_refusal, refusal
from vizecg_edge.rectify.reasons import Reason, advice_of

pytestmark = pytest.mark.unit

ROOMS = ("vizecg", "export", "edge_runtime", "benchmarks", "tests")
WRITTEN = frozenset({"site/", "contract.md", "report.md"})
"""Files and folders that a command writes."""
BLOCKS = blocks()
SHELL = [(block.place, words) for block in BLOCKS if block.language == "sh" for words in commands(block.text)]
PYTHON = [block for block in BLOCKS if block.language == "python"]


def shown(place: str) -> Path:
    """Where a command of this place is run: the checkout, unless its block begins with a cd."""
    block = next(block for block in BLOCKS if block.place == place)
    first = commands(block.text)[0]
    return REPOSITORY / first[1] if first[0] == "cd" else REPOSITORY


def test_every_command_is_one_that_this_version_has() -> None:
    assert len(SHELL) > 100
    told = ((place, words, refusal(words, folder=shown(place))) for place, words in SHELL)
    wrong = [f"{place}: {' '.join(words)}: {why}" for place, words, why in told if why is not None]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "line",
    [
        "vizecg trian --out x",
        "vizecg train --out x --epoch 3",
        "vizecg train --out x --limit none",
        "vizecg-edge run --burst 99 film.mp4",
        "vizecg-export --target hailo",
        "vizecg-bench compare old.json",
        "sudo vizecg-edge run --photo ecg.jpg",
        "docker run --rm vizecg-edge run --photo ecg.jpg",
        "torchrun --nproc-per-node 4 -m vizecg.cli train --oot runs/full",
        "python -m vizecg_lab table3",
        "pip install '.[trian]'",
        "make tset",
        "sh edge_runtime/jetson/setup.sh --cis",
        "sh edge_runtime/arm/emulate.sh run --photo x",
        "vizecg-runner --modle m.pte",
        "vizecg-exprot doctor",
    ],
)
def test_a_command_that_this_version_does_not_have_is_found(line: str) -> None:
    (words,) = commands(line)
    assert refusal(words) is not None


def test_words_of_a_command_are_those_of_a_shell() -> None:
    text = 'A=1 vizecg train \\\n    --out "x y"  # why\nsudo a && b > c.txt | d'
    assert commands(text) == [["vizecg", "train", "--out", "x y"], ["sudo", "a"], ["b"], ["d"]]


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.place)
def test_python_compiles_and_its_imports_are_there(block: Any) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []
        elif isinstance(node, ast.Import):
            for name in node.names:
                importlib.import_module(name.name)


def test_inline_commands_have_verbs_that_this_version_has() -> None:
    """In running text: ``vizecg-edge watch`` and the like, with or without options."""
    wrong = []
    for page in pages():
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for inline in re.findall(r"`([^`]+)`", text):
            if re.match(r"(vizecg|python -m|make )", inline):
                wrong += [f"{page.name}: {inline}: {why}" for why in map(inline_refusal, commands(inline)) if why]
    assert not wrong, "\n".join(wrong)


def test_source_files_that_pages_name_are_there() -> None:
    there = [f"/{path.relative_to(REPOSITORY).as_posix()}" for room in ROOMS for path in (REPOSITORY / room).rglob("*")]
    wrong = []
    for page in pages():
        for name in re.findall(r"`([\w/.-]+(?:\.py|\.sh|\.mjs|\.md|\.cpp|/))`", page.read_text()):
            file = f"/{name.rstrip('/')}"
            known = name in WRITTEN or (REPOSITORY / name).exists()
            if not known and not any(path.endswith(file) for path in there):
                wrong.append(f"{page.name}: {name}")
    assert not wrong, "\n".join(wrong)


def test_the_architecture_quotes_the_rules_of_imports() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert [one["name"] for one in contracts if f"- {one['name']}\n" not in text] == []


def test_the_changelog_has_this_version() -> None:
    assert f"## [{vizecg.__version__}]" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_the_readme_fits_on_a_page() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 120


def test_every_relative_link_and_picture_is_there() -> None:
    wrong = []
    for page in pages():
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if ":" in path:
                continue
            there = page if not path else (page.parent / path)
            if not there.exists() or (anchor and anchor not in anchors(there)):
                wrong.append(f"{page.name}: {target}")
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as GitHub and mkdocs make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_the_navigation_has_every_page() -> None:
    listed = re.findall(r": ([\w-]+\.md)$", (REPOSITORY / "mkdocs.yml").read_text(), re.M)
    assert sorted(listed) == sorted(page.name for page in (REPOSITORY / "docs").glob("*.md"))


def test_every_refusal_is_explained() -> None:
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text()
    for reason in Reason:
        assert f"| `{reason.value}` | {reason.words} | {reason.advice} |" in text
    for code in ("file_not_found", "unreadable", "no_camera", "no_frames", "missing_tool"):
        assert f"| `{code}` | what is wrong stands in the message | {advice_of(code)} |" in text

"""Every command and snippet that README and docs show is one that this version has."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomllib
import typer
from typer.main import get_command

from documents import blocks, commands, pages
from vizecg_edge.rectify.reasons import Reason, advice_of

pytestmark = pytest.mark.unit

REPOSITORY = Path(__file__).resolve().parents[2]
BLOCKS = blocks(REPOSITORY)
SHELL = [(block.place, words) for block in BLOCKS if block.language == "sh" for words in commands(block.text)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
PROGRAMS = {
    "vizecg": "vizecg.cli",
    "vizecg-export": "vizecg_export.cli",
    "vizecg-edge": "vizecg_edge.cli",
    "vizecg-bench": "vizecg_bench.cli",
}
MODULES = {
    "vizecg.cli": "vizecg.cli", "vizecg_lab": "vizecg_lab.cli", "vizecg_lab.gpu": "vizecg_lab.gpu.__main__"
}  # fmt: skip
OTHERS = frozenset({
    "adb", "apt-get", "cd", "export", "git", "gst-launch-1.0", "jetson_clocks", "nvpmodel", "qemu-aarch64-static",
    "sdkmanager",
})  # fmt: skip
"""Programs that are not ours, or not Python's, as they are named in the pages."""
RUNNER_OPTIONS = frozenset(re.findall(r'"(--[a-z]+)"', (REPOSITORY / "edge_runtime/runner/options.cpp").read_text()))


def refusal(words: list[str], *, folder: Path = REPOSITORY) -> str | None:
    """Why this command cannot be run with this version; None where it can. Nothing is run, no path need exist."""
    program, *rest = words
    program = program.rpartition("/")[2]
    if program == "sudo":
        return refusal(rest, folder=folder)
    if program == "torchrun":
        return python_refusal(rest[rest.index("-m") :])
    if program == "docker":
        return refusal(rest[next(at for at, word in enumerate(rest) if word in PROGRAMS) :])
    if program in PROGRAMS:
        return parsed(PROGRAMS[program], program, rest)
    if program == "python":
        return python_refusal(rest)
    if program == "pip":
        return pip_refusal(rest)
    if program == "make":
        return make_refusal(rest)
    if program in ("sh", "node"):
        return script_refusal(rest, folder=folder)
    if program == "npm":
        return None if (folder / "package.json").is_file() else f"no package.json in {folder}"
    if program == "vizecg-runner":
        unknown = [word for word in rest if word.startswith("--") and word not in RUNNER_OPTIONS]
        return f"unknown options {unknown}" if unknown else None
    return None if program in OTHERS else f"unknown program {program}"


def parsed(module: str, program: str, arguments: list[str]) -> str | None:
    """Options of a typer application, verb included, as its own parser reads them."""
    command: Any = get_command(importlib.import_module(module).app)
    refused: Any = typer.BadParameter.__base__
    context, name = None, program
    try:
        while True:
            context = command.make_context(name, list(arguments), parent=context)
            arguments = [*context._protected_args, *context.args]
            if not arguments or not hasattr(command, "resolve_command"):
                return f"left over: {arguments}" if arguments else None
            name, command, arguments = command.resolve_command(context, arguments)
    except refused as error:
        return str(error.format_message())
    except typer.Exit:
        return None


def python_refusal(rest: list[str]) -> str | None:
    if rest[0] != "-m":
        return None if (REPOSITORY / rest[0]).is_file() else f"no file {rest[0]}"
    if rest[1] in MODULES:
        return parsed(MODULES[rest[1]], rest[1], rest[2:])
    return None if importlib.util.find_spec(rest[1]) else f"no module {rest[1]}"


def pip_refusal(rest: list[str]) -> str | None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = {name for word in rest if word.startswith(".[") for name in word[2:-1].split(",")}
    unknown = asked - set(extras)
    files = [rest[at + 1] for at, word in enumerate(rest) if word == "-c"]
    missing = [name for name in files if not (REPOSITORY / name).is_file()]
    return f"no extras {sorted(unknown)}, no files {missing}" if unknown or missing else None


def make_refusal(rest: list[str]) -> str | None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    unknown = [word for word in rest if "=" not in word and word not in targets]
    return f"no target {unknown}" if unknown else None


def script_refusal(rest: list[str], *, folder: Path) -> str | None:
    """A script that is there, and options that its text names."""
    script = folder / rest[0]
    if not script.is_file():
        return f"no file {rest[0]}"
    ours = rest[1:]
    # What follows is handed on: to vizecg-edge, or to pytest.
    if "emulate.sh" in rest[0] and ours and ours[0] != "--tests":
        return parsed(PROGRAMS["vizecg-edge"], "vizecg-edge", ours)
    options = [word for word in ours if word.startswith("--")]
    unknown = [word for word in options if word not in script.read_text()]
    return f"{rest[0]} has no {unknown}" if unknown else None


def shown(place: str) -> Path:
    """Where a command of this place is run: the checkout, unless its block begins with a cd."""
    block = next(block for block in BLOCKS if block.place == place)
    first = commands(block.text)[0]
    return REPOSITORY / first[1] if first[0] == "cd" else REPOSITORY


def test_every_command_is_one_that_this_version_has() -> None:
    assert len(SHELL) > 100
    wrong = {
        f"{place}: {' '.join(words)}": why
        for place, words in SHELL
        if (why := refusal(words, folder=shown(place))) is not None
    }
    assert wrong == {}


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
def test_python_that_is_not_run_compiles_and_its_imports_are_there(block: Any) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []
        elif isinstance(node, ast.Import):
            for name in node.names:
                importlib.import_module(name.name)


def test_inline_commands_have_verbs_that_this_version_has() -> None:
    """In running text: ``vizecg-edge watch`` and the like, with or without options."""
    wrong = {}
    for page in pages(REPOSITORY):
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for inline in re.findall(r"`([^`]+)`", text):
            (words,) = commands(inline.replace("\n", " ")) or [[""]] if "'" not in inline else [[""]]
            why = inline_refusal(words)
            if why is not None:
                wrong[f"{page.name}: {inline}"] = why
    assert wrong == {}


def inline_refusal(words: list[str]) -> str | None:
    program = words[0]
    if program == "python" and words[1:2] == ["-m"] and words[2] in MODULES:
        module, rest = MODULES[words[2]], words[3:]
    elif program in PROGRAMS:
        module, rest = PROGRAMS[program], words[1:]
    else:
        return make_refusal(words[1:]) if program == "make" else None
    command: Any = get_command(importlib.import_module(module).app)
    if rest and not rest[0].startswith("-") and hasattr(command, "commands"):
        if rest[0] not in command.commands:
            return f"no verb {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("--") and word not in known | {"--help"}]
    return f"no option {unknown}" if unknown else None


def test_the_readme_fits_on_a_page() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 120


def test_every_relative_link_and_picture_is_there() -> None:
    wrong = []
    for page in pages(REPOSITORY):
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


def result(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPOSITORY / "benchmarks" / "results" / f"{name}.json").read_text())
    return found


def interval(figure: dict[str, float], digits: int = 3) -> str:
    return f"{figure['value']:.{digits}f} ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"


def one_core_ms(run: dict[str, Any]) -> str:
    (one,) = [one for one in run["contenders"] if (one["name"], one["threads"]) == ("onnx-int8", 1)]
    return interval(one["latency"]["p50"], 2).replace(" (", " ms (")


README_FIGURES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "macro AUROC, clean prints": ("evaluate_clean", lambda one: interval(one["macro"]["auroc"])),
    "macro AUROC, photographed prints (simulated)": ("evaluate_photo", lambda one: interval(one["macro"]["auroc"])),
    "macro F1, photographed prints (simulated)": ("evaluate_photo", lambda one: interval(one["macro"]["f1"])),
    "lowest F1 of a class there: 1dAVb, 80 positives": (
        "evaluate_photo",
        lambda one: interval(min((figures["f1"] for figures in one["classes"].values()), key=lambda f1: f1["value"])),
    ),
    "simulated photographs that the whole pipeline answers": (
        "rectify",
        lambda one: f"{one['answered']} of {one['photographs']}",
    ),
    "real photographs and scans of printed PTB-XL records that it answers": (
        "photos",
        lambda one: f"{one['summary']['answered']} of {one['summary']['photographs']}",
    ),
    "their decisions that differ from the clean rendering's": (
        "photos",
        lambda one: f"{one['summary']['flips']} of {one['summary']['pairs']}",
    ),
    "one sheet through the network, one core of an AMD EPYC": ("run", one_core_ms),
    "a 12-megapixel JPEG, decoded, rectified and read, two cores": (
        "stages",
        lambda one: f"{one['milliseconds']['total']['p50']:.0f} ms",
    ),
}


def test_the_readmes_table_quotes_its_files() -> None:
    text = (REPOSITORY / "README.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (.+?) \| \[(\w+)\.json\]\(benchmarks/results/(\w+)\.json\) \|$", text, re.M)
    told = {what: (file, figure) for what, figure, file, linked in rows if file == linked}
    assert told == {what: (file, quoted(result(file))) for what, (file, quoted) in README_FIGURES.items()}
    clean = result("evaluate_clean")
    assert f"{clean['n']:,} records" in text
    assert (clean["data"], clean["positives"]["1dAVb"]) == ("PTB-XL folds 9", 80)


def test_the_table_of_the_results_quotes_its_files() -> None:
    text = (REPOSITORY / "docs" / "results.md").read_text()
    clean, photo = result("evaluate_clean"), result("evaluate_photo")
    for label, count in clean["positives"].items():
        before, after = clean["classes"][label], photo["classes"][label]
        figures = (before["auroc"], after["auroc"], after["f1"])
        assert f"| {label} | {count} | {' | '.join(map(interval, figures))} |" in text
    figures = (clean["macro"]["auroc"], photo["macro"]["auroc"], photo["macro"]["f1"])
    assert f"| macro | | {' | '.join(map(interval, figures))} |" in text


def test_every_refusal_is_explained() -> None:
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text()
    for reason in Reason:
        assert f"| `{reason.value}` | {reason.words} | {reason.advice} |" in text
    for code in ("file_not_found", "unreadable", "no_camera", "no_frames", "missing_tool"):
        assert f"| `{code}` | what is wrong stands in the message | {advice_of(code)} |" in text

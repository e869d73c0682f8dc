"""Whether a command that a page shows is one that this version has: parsed by the applications, never run."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import tomllib
import typer
from typer.main import get_command

from documents import REPOSITORY

PROGRAMS = {
    "vizecg": "vizecg.cli",
    "vizecg-export": "vizecg_export.cli",
    "vizecg-edge": "vizecg_edge.cli",
    "vizecg-bench": "vizecg_bench.cli",
}
MODULES = {"vizecg.cli": "vizecg.cli", "vizecg_lab": "vizecg_lab.cli"}
OTHERS = frozenset({
    "adb", "apt-get", "cd", "export", "git", "gst-launch-1.0", "jetson_clocks", "nvpmodel", "qemu-aarch64-static",
    "sbatch", "sdkmanager",
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
    theirs = not rest[1].startswith("vizecg") and importlib.util.find_spec(rest[1])
    return None if theirs else f"no command python -m {rest[1]}"


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


def inline_refusal(words: list[str]) -> str | None:
    program = words[0]
    if program == "python" and words[1:2] == ["-m"] and words[2] in MODULES:
        module, rest = MODULES[words[2]], words[3:]
    elif program in PROGRAMS:
        module, rest = PROGRAMS[program], words[1:]
    else:
        return make_refusal(words[1:]) if program == "make" else None
    command: Any = get_command(importlib.import_module(module).app)
    while rest and not rest[0].startswith("-") and hasattr(command, "commands"):
        if rest[0] not in command.commands:
            return f"no verb {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("--") and word not in known | {"--help"}]
    return f"no option {unknown}" if unknown else None

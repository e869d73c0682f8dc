"""All commands of all programs have one shape: a verb is a file, and an option is the same thing wherever it stands."""

from __future__ import annotations

import importlib
import inspect
import types
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
import typer
from typer.models import ArgumentInfo, OptionInfo

from vizecg.spec import UsageError

pytestmark = pytest.mark.unit

PROGRAMS = ("vizecg", "vizecg_export", "vizecg_edge", "vizecg_bench", "vizecg_lab")
OTHER_TYPES = {
    "--format": "files of a data set (synth), of pictures (render, photograph)",
    "--report": "the edge takes a path's closing slash for a folder, and Path drops it",
    "--target": "one export is of one target or `all`, a release of those that are named",
}
ONE_OR_SEVERAL = {
    "--artefact": "one answers, several are measured",
    "--backend": "one answers, several are measured",
    "--threads": "one setting answers, several are measured",
    "--bundle": "one answers, several are set beside each other",
    "--checkpoint": "one is measured or exported, several are set beside each other",
    "--condition": "a photograph is of one, an evaluation of several",
    "--fold": "one is measured, rare findings are looked for in several",
    "--photos": "a gate takes several folders, photos.csv names the images of one",
    "--split": "a store holds several, everything else reads one",
    "--target": "one export or all of them; a release is of several",
}
HANDFUL = 7


@dataclass(frozen=True, kw_only=True)
class Declared:
    """An option or argument of a verb as it is written down."""

    verb: str
    name: str
    type: Any
    several: bool
    flag: bool
    info: OptionInfo | ArgumentInfo
    default: Any


def verbs(program: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Name and function of each command; the exporter's main command is none of its verbs, and counts too. One of a
    group has two words, as ``runs list``."""
    app = importlib.import_module(f"{program}.cli").app
    for command in app.registered_commands:
        yield command.name or command.callback.__name__.replace("_", "-"), command.callback
    for group in app.registered_groups:
        for command in group.typer_instance.registered_commands:
            yield f"{group.name} {command.name or command.callback.__name__.replace('_', '-')}", command.callback
    if app.info.invoke_without_command or app.registered_callback.callback.__name__ == "export":
        yield "export", app.registered_callback.callback


def declared(program: str) -> Iterator[Declared]:
    for verb, function in verbs(program):
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
            if parameter.annotation is typer.Context:
                continue
            assert get_origin(parameter.annotation) is Annotated, f"{program} {verb}: {name}"
            annotation, info = get_args(parameter.annotation)
            one, several = _bare(annotation)
            names = [text for text in (info.default, *(info.param_decls or ())) if isinstance(text, str)]
            spelled = next((text for text in names if text.startswith("--")), "--" + name.replace("_", "-"))
            yield Declared(
                verb=f"{program} {verb}", name=spelled if isinstance(info, OptionInfo) else name.upper(), type=one,
                several=several, flag=one is bool, info=info, default=parameter.default,
            )  # fmt: skip


def _bare(annotation: Any) -> tuple[Any, bool]:
    """``list[X] | None`` -> X, True."""
    if get_origin(annotation) in (Union, types.UnionType):
        (annotation,) = [part for part in get_args(annotation) if part is not types.NoneType]
    if get_origin(annotation) is list:
        return get_args(annotation)[0], True
    return annotation, False


ALL = [one for program in PROGRAMS for one in declared(program)]
OPTIONS = [one for one in ALL if isinstance(one.info, OptionInfo)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_verb_is_a_file_of_its_name(program: str) -> None:
    found = dict(verbs(program))
    assert found
    for verb, function in found.items():
        assert function.__module__ == f"{program}.verbs.{verb.split()[0].replace('-', '_')}"
        assert function.__doc__, verb


def test_every_option_says_what_it_is() -> None:
    assert [f"{one.verb} {one.name}" for one in ALL if not (one.info.help or "").strip()] == []


def test_an_option_is_the_same_thing_everywhere() -> None:
    by_name = defaultdict(list)
    for one in OPTIONS:
        by_name[one.name].append(one)
    for name, found in by_name.items():
        told = {one.verb: one.type for one in found}
        assert name in OTHER_TYPES or len(set(told.values())) == 1, f"{name}: {told}"
        kinds = {one.verb: one.several for one in found}
        assert name in ONE_OR_SEVERAL or len(set(kinds.values())) == 1, f"{name}: {kinds}"
    # An exception that is none any more goes.
    assert {name for name in OTHER_TYPES if len({one.type for one in by_name[name]}) == 1} == set()
    assert {name for name in ONE_OR_SEVERAL if len({one.several for one in by_name[name]}) == 1} == set()


def test_a_flag_that_is_off_has_no_second_name() -> None:
    off = [one for one in OPTIONS if one.flag and one.default is False]
    assert [f"{one.verb} {one.name}" for one in off if one.info.default is ... and not one.info.param_decls] == []


def test_more_than_a_handful_of_options_are_one_dataclass() -> None:
    for program in PROGRAMS:
        for verb, function in verbs(program):
            many = [one for one in ALL if one.verb == f"{program} {verb}"]
            whole = inspect.unwrap(function)
            assert len(many) <= HANDFUL or list(inspect.signature(whole).parameters) == ["options"], verb


def test_a_result_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    for program in PROGRAMS:
        for option in (one for one in declared(program) if one.name in ("--figures", "--markdown", "--html", "--plot")):
            assert isinstance(option.info, OptionInfo)
            assert option.info.callback is not None
            for wrong in (tmp_path / "none" / "x.png", tmp_path):
                with pytest.raises(UsageError):
                    option.info.callback(wrong)

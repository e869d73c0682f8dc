"""What the command line tools have in common: ``-h`` beside ``--help``, ``--version``, options as dataclasses."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

import typer

import vizecg

HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
"""``context_settings`` of an application; its commands inherit them."""


def version_option(program: str) -> Any:
    """``--version`` of the callback of ``program``'s application: prints its name and version, then ends."""

    def tell(asked: bool) -> None:
        if asked:
            print(f"{program} {vizecg.__version__}")
            raise typer.Exit

    return typer.Option("--version", callback=tell, is_eager=True, help="Print it and end.")


Options = TypeVar("Options")


def takes(options: type[Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Makes a verb of a function of one frozen dataclass: its fields are the options, each declared there alone.

    The command line reads the fields as it would read parameters: ``Annotated`` with ``typer.Option`` or
    ``typer.Argument``, and the default; a class's own fields come before those of its bases. The classes of their types
    must be imported when the module is.
    """

    def decorate(verb: Callable[[Options], None]) -> Callable[..., None]:
        @functools.wraps(verb)
        def called(**given: Any) -> None:
            verb(options(**given))

        called.__signature__ = _signature(options)  # type: ignore[attr-defined]
        called.__annotations__ = {}
        return called

    return decorate


def _signature(options: type[Any]) -> inspect.Signature:
    types = get_type_hints(options, include_extras=True)
    own = inspect.get_annotations(options)
    fields = sorted(dataclasses.fields(options), key=lambda field: field.name not in own)
    return inspect.Signature(
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=types[field.name],
                default=inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
            )
            for field in fields
        ]
    )

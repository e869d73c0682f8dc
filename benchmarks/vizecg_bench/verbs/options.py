"""Options that several verbs of ``vizecg-bench`` have."""

from __future__ import annotations

from typing import Annotated

import typer

SectionOption = Annotated[list[str] | None, typer.Option("--section", help="Of the pack; repeatable. Default: all.")]

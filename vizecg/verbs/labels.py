"""``vizecg labels show|check TABLE``: what a table offers as labels, and what a label set makes of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec.commands import HELP
from vizecg.spec.options import IgnoreOption, JsonFlag

if TYPE_CHECKING:
    from vizecg.records.label_tables import TableCheck

labels_app = typer.Typer(
    no_args_is_help=True, context_settings=HELP, help="What a table offers as labels, and what is made of it."
)
TableArgument = Annotated[Path, typer.Argument(help="A CSV with one line for each record.")]
_CODES_SHOWN = 24


@labels_app.command()
def show(table: TableArgument, as_json: JsonFlag = False) -> None:
    """What the columns hold: labels of their own, codes, or something else."""
    from vizecg.records.label_tables import show_table

    columns = show_table(table)
    if as_json:
        print(json.dumps({"path": str(table), "columns": [asdict(column) for column in columns]}))
        return
    for column in columns:
        if column.kind == "label":
            print(f"{column.name}: true and false; " + ", ".join(f"{n} {key}" for key, n in column.values.items()))
        elif column.kind == "codes":
            print(f"{column.name}: codes; {_some(column.values)}")
    for kind, words in (("known", "no labels"), ("other", "something else")):
        if names := [column.name for column in columns if column.kind == kind]:
            print(f"{words}: {', '.join(names)}")
    print(f"next: a label set of the names that are wanted, and `vizecg labels check {table} --labels SET`")


@labels_app.command()
def check(
    table: TableArgument,
    labels: Annotated[str, typer.Option(help="Label set: code6, a YAML file, or names with commas between.")] = "code6",
    ignore_columns: IgnoreOption = None,
    seed: Annotated[int, typer.Option(help="Of the split by patients, where the table has none.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """What would be trained on: records of every label and split, what is not known, ignored or unused."""
    from vizecg.records.label_files import parsed_label_set
    from vizecg.records.label_tables import check_table
    from vizecg.records.splits import SplitRule

    asked = parsed_label_set(labels, told="--labels").ignoring(ignore_columns or ())
    found = check_table(table, asked, rule=SplitRule(seed=seed))
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        _tell(found)


def _tell(found: TableCheck) -> None:
    from rich.console import Console
    from rich.table import Table

    labels, splits = found.label_set, [split for split, n in found.records.items() if n]
    source = f"codes of {labels.column}, absent: {labels.absent}" if labels.column else "columns of their names"
    print(f"{found.path}: {sum(found.records.values())} records; label set {labels.name}, by {source}")
    table = Table("label", "stands for" if labels.column else "words", *(f"{one} +/-/?" for one in splits))
    for label in labels.labels:
        counts = [found.labels[label.name][split] for split in splits]
        words = ", ".join(label.stands_for) if labels.column else label.words
        table.add_row(label.name, words, *(f"{one.present}/{one.absent}/{one.unknown}" for one in counts))
    table.add_row("usable", "", *(f"{found.usable[split]} of {found.records[split]}" for split in splits))
    Console().print(table)
    if found.unused_codes:
        print(f"codes of no label: {_some(found.unused_codes)}")
    for names, words in ((found.ignored, "ignored"), (found.other, "no labels")):
        if names:
            print(f"{words}: {', '.join(names)}")
    for warning in found.warnings:
        print(f"warning: {warning}")


def _some(values: dict[str, int]) -> str:
    told = ", ".join(f"{code} {n}" for code, n in list(values.items())[:_CODES_SHOWN])
    return told + (f" and {len(values) - _CODES_SHOWN} more" if len(values) > _CODES_SHOWN else "")

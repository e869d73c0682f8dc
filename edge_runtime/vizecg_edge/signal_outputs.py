"""What ``--signal`` names."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from vizecg_edge.answer import Answer
from vizecg_edge.leads.files import SIGNALS, WFDB, check_record_name, check_signal_file, write_leads
from vizecg_edge.marks import mark_of
from vizecg_edge.outputs import Output

DIGEST = 24
"""Digits of the picture's digest in a mark: EDF's header has no room for more."""


def signal_output(text: str | None, *, several: bool = False) -> Output | None:
    """A file of signals, or a folder of them, see ``Output.of``.

    Raises:
        UsageError: see ``Output.of``; or a name that WFDB cannot have.
        MissingToolError: what writes files of this ending is not installed.
    """
    output = Output.of(text, option="--signal", endings=SIGNALS, several=several)
    if output is not None:
        check_signal_file(output.ending if output.folder else output.path.suffix)
        if not output.folder and output.path.suffix.lower() == WFDB:
            check_record_name(output.path)
    return output


def save_signal(output: Output, answer: Answer, *, read_at: datetime) -> None:
    """Write the leads of one answer; nothing where none were read.

    Raises:
        OSError: the file cannot be written; nothing of it is left behind.
    """
    if answer.leads is None or not answer.leads.traces:
        return
    source = answer.input
    short = None if source.sha256 is None else source.sha256[:DIGEST]
    mark = mark_of(replace(source, sha256=short), read_at=read_at)
    write_leads(output.place(source, mark=mark), answer.leads, mark=mark)

"""``table1``: eight peers beside VizECGNet."""

from __future__ import annotations

from vizecg.spec.commands import takes
from vizecg_lab.verbs.options import TableOptions


@takes(TableOptions)
def table1(options: TableOptions) -> None:
    """Table 1 of the paper: eight peers, and VizECGNet by signal and by image, on the same data and budget."""
    from vizecg_lab.tables.commands import chosen, run_table
    from vizecg_lab.tables.rows import TABLE1

    run_table(
        chosen(TABLE1, options.row), plan=options.plan(), kind="table1", title="Table 1: systems",
        finished=options.finished, json_path=options.figures, markdown_path=options.markdown,
    )  # fmt: skip

"""``table2``: VizECGNet without some of its parts."""

from __future__ import annotations

from vizecg.spec.commands import takes
from vizecg_lab.verbs.options import TableOptions


@takes(TableOptions)
def table2(options: TableOptions) -> None:
    """Table 2 of the paper: VizECGNet without CMAM, SMAM, both; and, which the paper left out, without distillation."""
    from vizecg_lab.tables.commands import chosen, run_table
    from vizecg_lab.tables.rows import TABLE2

    run_table(
        chosen(TABLE2, options.row), plan=options.plan(), kind="table2", title="Table 2: ablation",
        finished=options.finished, json_path=options.figures, markdown_path=options.markdown,
    )  # fmt: skip

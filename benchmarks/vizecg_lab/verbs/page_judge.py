"""``page-judge``: how well the page network sees."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.options import FiguresOption
from vizecg_lab.verbs.options import PtbxlOption


def page_judge(
    root: PtbxlOption,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Pages of each kind of picture.")] = 40,
    figures: FiguresOption = None,
) -> None:
    """The shipped page network on drawn pages of fold 9 in faces of type that it never learned from."""
    from vizecg_lab.page_net.judge import judge_page_net

    judge_page_net(ptbxl=root, count=count, out=figures)

"""Reports of a run: nothing is hidden, nothing breaks out of its cell, and nothing that is missing stops them."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from bench_results import (
    bare_result,
    made_up_accuracy,
    made_up_contender,
    made_up_latency,
    made_up_result,
    made_up_section,
    made_up_sustained,
    with_contender,
)
from vizecg.spec import UsageError
from vizecg_bench.report.html import render_html
from vizecg_bench.report.markdown import render_markdown
from vizecg_bench.report.plots.run import front, peak_figure
from vizecg_bench.report.plots.style import styles_of, svg
from vizecg_bench.report.read import read_result
from vizecg_bench.report.robustness import strength_figure
from vizecg_bench.report.table import print_result
from vizecg_bench.report.write import write_reports
from vizecg_bench.run.schema import Accuracy, Environment, Interval, LeftOut, Monitor, Result

pytestmark = pytest.mark.unit

INVALID = made_up_result(is_valid=False, invalid_because=("other programs kept 0.97 cores busy (at most 0.10)",))
HOSTILE = '<script>alert("x")</script>|[red]'


@pytest.fixture(scope="module")
def page() -> str:
    result = with_contender(INVALID, "onnx-int8 x1", sustained=made_up_sustained(4.5))
    return render_html(result)


def terminal(result: Result, width: int = 120) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    print_result(result, console)
    return console.export_text()


class Tags(HTMLParser):
    """Tags of a document, and whether each that was opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_invalid_is_said_before_any_figure(page: str) -> None:
    for text in (terminal(INVALID), render_markdown(INVALID), page):
        assert "0.97 cores busy" in text
        assert text.index("NOT VALID") < text.index("executorch-int8")
    assert terminal(INVALID).count("NOT VALID") == 2


def test_valid_is_said_too() -> None:
    text = render_markdown(made_up_result())
    assert "NOT VALID" not in text
    assert "**Valid: " in text


def test_an_invalid_run_without_reasons_is_still_invalid() -> None:
    assert "the run gives no reason" in terminal(bare_result())


def test_what_was_slowed_on_purpose_is_named_as_such() -> None:
    result = with_contender(made_up_result(), "onnx-int8 x1", handicap_ms=1.5)
    for text in (terminal(result), render_markdown(result)):
        assert "slowed on purpose" in text
        assert "onnx-int8 (slowed by 1.50 ms)" in text.replace("\\", "")


def test_the_page_loads_nothing_and_is_well_formed(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "script" not in tags.seen
    assert not re.search(r'(src|href)="(?!data:)', page)
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert len(images) == tags.seen.count("img") == 6
    for image in images:
        assert ElementTree.fromstring(base64.b64decode(image)).tag.endswith("svg")


def test_names_from_devices_do_not_break_out() -> None:
    environment = Environment(device="local", machine=HOSTILE, cpu=HOSTILE, cores=1, system="L\nx", versions={},
                              details={HOSTILE: HOSTILE})  # fmt: skip
    result = bare_result(environment=environment, left_out=(LeftOut(name=HOSTILE, why=HOSTILE),), command=HOSTILE)
    tags = Tags()
    page = render_html(result)
    tags.feed(page)
    assert "script" not in tags.seen
    assert "<script" not in render_markdown(result)
    row = next(line for line in render_markdown(result).splitlines() if line.startswith("| &lt;script"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    assert HOSTILE in terminal(result, width=200)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_narrow_terminal_loses_no_column(width: int) -> None:
    text = terminal(made_up_result(), width)
    for figure in ("4.50 (4.41 to 4.59)", "0.214", "89 %", "1,536", "412", "96.5", "36 of 26,040", "0.081"):
        assert figure in text, figure


def test_everything_that_may_be_missing_may_be() -> None:
    result = bare_result()
    assert "onnx-int8" in terminal(result)
    assert "| onnx-int8 | 1 | int8 |" in render_markdown(result)
    assert render_html(result).count("<img") == 1
    assert peak_figure(result) is None
    unknown = made_up_latency(4.5, p50=Interval(value=None), p90=Interval(value=None), p99=Interval(value=None),
                              quantiles=(), peak_share=None)  # fmt: skip
    nothing = bare_result(contenders=(result.contenders[0].model_copy(update={"latency": unknown}),))
    assert "onnx-int8" in render_html(nothing)
    assert "onnx-int8" in terminal(nothing)
    assert "no temperature to be read" in render_markdown(made_up_result(monitor=Monitor()))


def test_ratios_and_what_is_kept_are_shown() -> None:
    text = render_markdown(made_up_result())
    line = next(line for line in text.splitlines() if line.startswith("| onnx-int8 | 1 | int8"))
    assert "| 0.214 (0.210 to 0.219) | 0.500 |" in line
    assert "36 of 26,040" in text
    assert "openvino is not installed" in text
    assert "-0.010 (-0.030 to +0.005)" in text


def test_every_strength_is_in_the_tables() -> None:
    result = with_contender(made_up_result(), "onnx-int8 x1", accuracy=made_up_accuracy(strengths=True))
    lines = [line for line in render_markdown(result).splitlines() if line.startswith("| scan@")]
    assert [line.split(" | ")[0] for line in lines] == ["| scan@0.25", "| scan@0.5", "| scan@0.75", "| scan@1"]
    assert strength_figure(result) is not None
    assert strength_figure(made_up_result()) is None
    sections = {name: made_up_section() for name in ("clean", "odd@name", "scan@1")}
    odd = with_contender(made_up_result(), "onnx-int8 x1", accuracy=Accuracy(rule="its own", sections=sections))
    assert strength_figure(odd) is None
    assert "## Accuracy on odd@name" in render_markdown(odd).replace("\\", "")


def test_an_engine_has_one_colour_and_a_contender_one_line() -> None:
    names = ("onnx-fp32", "onnx-int8", "onnx-int8-aarch64", "executorch-int8", "torch-eager")
    styles = styles_of([made_up_contender(name, 5.0) for name in names])
    assert len({styles[name].colour for name in names[:3]}) == 1
    assert len({(style.colour, style.line) for style in styles.values()}) == len(names)
    assert len({style.colour for style in styles.values()}) == 3


def test_a_figure_is_the_same_bytes_again() -> None:
    first, second = (peak_figure(made_up_result()) for _ in range(2))
    assert first is not None
    assert second is not None
    assert svg(first) == svg(second)


def test_the_front_holds_what_nothing_dominates() -> None:
    assert front([(5.0, 0.7), (4.0, 0.6), (6.0, 0.65), (4.0, 0.5), (9.0, 0.8)]) == [(4.0, 0.6), (5.0, 0.7), (9.0, 0.8)]
    assert front([]) == []


def test_reports_are_written_and_read_again(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"run.{name}" for name in ("json", "markdown")}
    result = made_up_result()
    write_reports(result, json=paths["json"], markdown=paths["markdown"])
    assert read_result(paths["json"]) == result
    assert paths["markdown"].read_text(encoding="utf-8") == render_markdown(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json", "run.markdown"]


def test_a_path_that_cannot_be_written_is_refused_before_anything_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        write_reports(made_up_result(), json=tmp_path / "run.json", html=tmp_path / "nowhere" / "run.html")
    with pytest.raises(UsageError, match="is a folder"):
        write_reports(made_up_result(), json=tmp_path)
    assert list(tmp_path.iterdir()) == []

"""Text, HTML, PDF and overlay of an answer: what stands in them, in which order, and what never may."""

from __future__ import annotations

import base64
import html
import io
import re
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vizecg.spec import CODE6, INTENDED_USE, Label, LabelSet, MissingToolError, SheetSpec
from vizecg_edge.answer import ANSWERED, REFUSED, Answer, BundleId, Doubt, Geometry, Input, Quality, Timings
from vizecg_edge.overlay import WIDTH, draw_reading
from vizecg_edge.pipeline import Result
from vizecg_edge.rectify.reasons import Reason, advice_of, refusal
from vizecg_edge.report.html import render_html
from vizecg_edge.report.kinds import ReportFormat
from vizecg_edge.report.outputs import report_output
from vizecg_edge.report.pdf import render_pdf
from vizecg_edge.report.pen import AMBER, Pen
from vizecg_edge.report.reading import Reading
from vizecg_edge.words import percent

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
READ_AT = datetime(2026, 11, 27, 19, 20, tzinfo=timezone.utc)
BUNDLE = BundleId(name="tiny", sha256="b" * 64, artefact="onnx-int8", backend="onnxruntime-cpu")
EVIL = 'a"><script>alert(1)</script><img src=x onerror=y>\x1b[2K\n.jpg'


def reading(present: tuple[str, ...] = ("AF",), unsure: tuple[str, ...] = (), **changes: object) -> Reading:
    answer = Answer(
        input=Input(path="ward 2/Jane Doe 1950.jpg", sha256="0123456789abcdef" * 4, width=600, height=400, page=2),
        status=ANSWERED, bundle=BUNDLE,
        probabilities={name: 0.931 if name in present else 0.0004 for name in CODE6.names},
        decisions={name: None if name in unsure else name in present for name in CODE6.names},
        thresholds=dict.fromkeys(CODE6.names, 0.412),
        quality=Quality(score=0.83, least=0.36, px_per_mm=6.0), timings_ms=Timings(total=162.0),
        geometry=Geometry(layout="3x4+R", speed_mm_s=25.0, speed_source="assumed"),
    )  # fmt: skip
    picture = np.full((400, 600, 3), 200, np.uint8)
    answer = replace(answer, **changes)  # type: ignore[arg-type]
    sheet = np.full((640, 1152, 3), 255, np.uint8) if answer.answered else None
    return Reading(result=Result(answer=answer, photo=picture, sheet=sheet), spec=SPEC, read_at=READ_AT)


def refused(reason: Reason = Reason.TOO_BLURRED, *, path: str = "ward 2/x.jpg") -> Reading:
    source = Input(path=path, sha256="f" * 64, width=600, height=400)
    return reading(
        input=source, status=REFUSED, reasons=(reason.value,), probabilities=None, decisions=None, thresholds=None,
        messages=(f"{source.name}: {refusal(reason, 'slope 0.21')}",), advice=(advice_of(reason.value),),
    )  # fmt: skip


def pdf_text(one: Reading) -> str:
    """The words of a document of one A4 page, in one line."""
    pdfium = pytest.importorskip("pypdfium2", reason="pip install '.[pdf]' brings the reader of PDFs")
    with pdfium.PdfDocument(render_pdf(one, mark="vizecg-edge made this of 0a")) as document:
        assert len(document) == 1
        assert tuple(round(side) for side in document[0].get_size()) == (595, 842)
        return " ".join(document[0].get_textpage().get_text_bounded().split())


def html_text(one: Reading) -> str:
    body = re.sub(r"<title>.*?</style>|<[^>]+>", " ", render_html(one), flags=re.DOTALL)
    return " ".join(html.unescape(body).split())


def plain_text(one: Reading) -> str:
    return " ".join(one.answer.to_text(read_at=READ_AT).split())


FORMS = pytest.mark.parametrize("form", [plain_text, html_text, pdf_text])


@FORMS
def test_every_form_tells_which_picture_when_and_the_decision_before_the_figures(form: object) -> None:
    told = form(reading())  # type: ignore[operator]
    source = "ward 2/Jane Doe 1950.jpg page 2 (sha256 0123456789ab), read 2026-11-27 19:20 UTC"
    order = [source, "Found: atrial fibrillation (AF)", "Others, such as infarction, are not checked."]
    order += ["PRESENT"]
    at = [told.index(words) for words in order]
    assert at == sorted(at)
    assert re.search(r"PRESENT (atrial fibrillation \(AF\) )?93\.1 % \(?present from 41\.2 %", told)
    assert told.count("under 0.1 %") == 5
    assert INTENDED_USE in told
    for label in CODE6.labels:
        assert label.english in told


@FORMS
def test_finding_nothing_says_in_the_same_breath_what_is_not_checked(form: object) -> None:
    told = form(reading(present=()))  # type: ignore[operator]
    assert "None of these six findings; others, such as infarction, are not checked" in told
    assert told.count("infarction") == 1


@FORMS
def test_what_is_open_or_doubtful_is_told_before_the_figures(form: object) -> None:
    doubt = Doubt(code="speed_assumed", message="25 mm/s assumed: check the printout")
    told = form(reading(("RBBB",), ("AF",), doubts=(doubt,)))  # type: ignore[operator]
    assert "Found: right bundle branch block (RBBB); undecided: atrial fibrillation (AF)" in told
    assert told.index("25 mm/s assumed: check the printout") < told.index("93.1 %")
    assert "too near to the threshold" in told


def test_an_open_finding_alone_does_not_hide_the_others() -> None:
    assert reading((), ("SB",)).title == "Undecided: sinus bradycardia (SB); none of the other five"
    assert reading((), ("SB",)).scope == "Others, such as infarction, are not checked."
    assert reading((), tuple(CODE6.names)).title.endswith("sinus tachycardia (ST)")


@FORMS
def test_a_refusal_says_what_is_wrong_and_once_what_to_do(form: object) -> None:
    told = form(refused())  # type: ignore[operator]
    for words in (
        "The picture is blurred",
        "old the camera still and wait for it to focus",
        "slope 0.21",
        "too_blurred",
    ):
        assert told.count(words) == 1
    assert "x.jpg" in told
    if form is not plain_text:
        assert told.index("Not answered") < told.index("The picture is blurred") < told.index("Hold the camera")


def test_a_refusal_is_one_line_of_text_whatever_its_file_is_called() -> None:
    assert plain_text(refused()) == (
        "refused (too_blurred): ward 2/x.jpg: The picture is blurred; hold the camera still and wait for it to focus."
        " (slope 0.21)"
    )
    assert refused(path=EVIL).answer.to_text().isprintable()


@FORMS
@pytest.mark.parametrize("make", [lambda path: refused(path=path), lambda path: reading(input=Input(path=path))])
def test_no_name_becomes_markup_or_an_escape_code(form: object, make: object) -> None:
    told = form(make(EVIL))  # type: ignore[operator]
    assert told.isprintable()
    assert "onerror=y>\\x1b[2K\\n.jpg" in told
    assert "\n" not in make(EVIL).answer.input.name  # type: ignore[operator]
    document = render_html(make(EVIL))  # type: ignore[operator]
    assert "<script" not in document
    assert "<img src=x" not in document


def test_html_stands_alone() -> None:
    document = render_html(
        reading(doubts=(Doubt(code="x", message="look & <see>"),)), mark="vizecg-edge made this of 0a"
    )
    assert "width=device-width" in document
    assert "made this of 0a" in document[:1024]
    assert "Look &amp; &lt;see&gt;." in document
    assert not re.search(r"<script|javascript:|https?:|<link|@import|url\(", document, re.IGNORECASE)
    assert not re.search(r"\son\w+=", document)
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', document)
    assert len(pictures) == 2
    for picture in pictures:
        opened = Image.open(io.BytesIO(base64.b64decode(picture)))
        opened.load()
        assert not opened.getexif()


def test_pdf_has_no_reason_to_fail_for_letters_that_its_fonts_lack() -> None:
    other = reading(input=Input(path="палата/é.jpg"))
    assert "é.jpg" in pdf_text(other)
    assert "палата/é.jpg" in html_text(other)


def test_the_overlay_frames_doubts_and_nothing_is_cut_off() -> None:
    plain, doubtful = reading(), reading(doubts=(Doubt(code="x", message="a doubt " * 40),))
    for one in (
        plain,
        doubtful,
        reading((), tuple(CODE6.names)),
        refused(),
        reading(input=Input(path="w" * 400 + ".jpg")),
    ):
        picture = draw_reading(one)
        assert picture.shape[1:] == (WIDTH, 3)
        for margin in (picture[:, :20], picture[:, -20:], picture[-10:]):
            assert margin.min() == 255, "text or pictures run over the margin"
    amber = [(draw_reading(one) == AMBER).all(axis=2).sum() for one in (plain, doubtful)]
    assert amber[0] == 0
    assert amber[1] > 5000


def test_shares_are_never_rounded_to_certainty() -> None:
    assert [percent(share) for share in (0.0, 0.0009, 0.001, 0.5, 0.999, 0.9996)] == [
        "under 0.1 %", "under 0.1 %", "0.1 %", "50.0 %", "99.9 %", "over 99.9 %"
    ]  # fmt: skip


def test_a_pdf_without_what_writes_it_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    needs = r"reports in PDF need fpdf2: pip install .*\[pdf\]'; \.html needs nothing"
    with pytest.raises(MissingToolError, match=needs):
        report_output(str(tmp_path / "r.pdf"), kind=ReportFormat.HTML)
    with pytest.raises(MissingToolError, match=needs):
        report_output(f"{tmp_path}/", kind=ReportFormat.PDF)
    assert report_output(f"{tmp_path}/", kind=ReportFormat.HTML) is not None


def test_lines_are_broken_where_they_must_be() -> None:
    pen = Pen(image=Image.new("RGB", (10, 10)))
    rows = pen.wrap("a word and " + "f" * 64, 200)
    assert all(pen.width(row) <= 200 for row in rows)
    assert "".join(rows).replace(" ", "") == "awordand" + "f" * 64
    assert pen.wrap("", 200) == []


def of_labels(count: int, *, present: int, unsure: int = 0) -> Reading:
    """The first labels are present, the next undecided, the others absent; every third has no words."""
    labels = LabelSet(
        name="many",
        labels=tuple(
            Label(name=f"finding-{n}", english="" if n % 3 == 2 else f"finding number {n} of many words")
            for n in range(count)
        ),
    )
    decisions = [True] * present + [None] * unsure + [False] * (count - present - unsure)
    return reading(
        labels=labels,
        probabilities={name: 0.931 if one else 0.004 for name, one in zip(labels.names, decisions, strict=True)},
        decisions=dict(zip(labels.names, decisions, strict=True)),
        thresholds=dict.fromkeys(labels.names, 0.412),
    )


@pytest.mark.parametrize(("count", "present"), [(1, 0), (1, 1), (30, 3), (200, 2), (200, 200)])
def test_any_number_of_labels_is_laid_out(count: int, present: int) -> None:
    one = of_labels(count, present=present, unsure=min(1, count - present))
    picture = draw_reading(one)
    for margin in (picture[:, :20], picture[:, -20:], picture[-10:]):
        assert margin.min() == 255, "text or pictures run over the margin"
    for told in (html_text(one), plain_text(one)):
        assert told.count("PRESENT") == present
        assert all(label.words in told for label in one.answer.labels.labels)
    assert "infarction" not in html_text(one), "of other labels nobody knows what is not checked"


def test_one_label_that_is_absent_is_named_in_the_headline() -> None:
    assert of_labels(1, present=0).title == "No finding number 0 of many words (finding-0); others are not checked"
    assert of_labels(30, present=0).title == "None of these 30 findings; others are not checked"
    assert of_labels(3, present=0, unsure=1).title == (
        "Undecided: finding number 0 of many words (finding-0); none of the other two"
    )


def test_many_labels_fit_on_a_page_with_what_was_found_first() -> None:
    told = pdf_text(of_labels(30, present=3, unsure=1))
    assert told.count("PRESENT") == 3
    assert told.index("undecided") < told.index("Absent: finding number 4 of many words 0.4 %, finding-5 0.4 %")

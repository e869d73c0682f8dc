"""An answer as one HTML file: pictures inside, no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import io
from html import escape

from PIL import Image

from vizecg.spec import INTENDED_USE, Label
from vizecg_edge import words
from vizecg_edge.report.pictures import photo_picture, sheet_picture
from vizecg_edge.report.reading import Reading

PHOTO_BOX = 900, 900
SHEET_WIDTH = 1152
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; color: #1c2026; max-width: 1152px; margin: 0 auto; padding: .8em; }
body, h1 { overflow-wrap: anywhere; }
h1 { font-size: 1.55em; line-height: 1.25; font-weight: 600; margin: .3em 0; }
h1.alert { color: #be1e2d; } p { margin: .4em 0; }
.source, .note { font-size: .85em; color: #5a626c; } .scope { font-weight: 600; }
.measured { border-top: 1px solid #e3e7ec; padding-top: .5em; }
.use { color: #be1e2d; font-weight: 600; border-bottom: 2px solid #d6dbe1; padding-bottom: .5em; }
.doubts { background: #fff4de; border: 2px solid #c87800; padding: .4em .8em; margin: .7em 0; }
.doubts b { color: #8a5200; }
.top { margin-bottom: 1em; display: flex; flex-wrap: wrap; gap: 1em 1.5em; align-items: flex-start; }
.top > * { flex: 1 1 340px; min-width: 0; }
img { max-width: 100%; border: 1px solid #d6dbe1; display: block; box-sizing: border-box; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .4em .5em .4em 0; vertical-align: top; font-weight: 400; }
.answers tr { border-bottom: 1px solid #e3e7ec; } .soft, .details th { color: #5a626c; }
.soft { display: block; font-size: .85em; }
.bar { position: relative; height: 10px; background: #f3f5f8; border: 1px solid #d6dbe1; margin-top: .35em; }
.bar i { position: absolute; left: 0; top: 0; bottom: 0; background: #7d96b4; }
.bar b { position: absolute; top: -4px; bottom: -4px; width: 3px; background: #1c2026; }
.answers td { width: 35%; } .answers .word { width: 30%; }
.present .word { color: #be1e2d; font-weight: 700; } .present .bar i { background: #be1e2d; }
.undecided { background: #fff4de; } .undecided .word { color: #8a5200; font-weight: 700; }
.undecided .bar i { background: #c87800; }
.details { display: flex; flex-wrap: wrap; gap: 0 2em; font-size: .85em; border-top: 2px solid #d6dbe1; }
.details > * { flex: 1 1 300px; width: auto; align-self: flex-start; } .details th { width: 7.5em; }
@media print { body { font-size: 12px; padding: 0; } }
"""


def render_html(reading: Reading, *, mark: str = "") -> str:
    """The whole document: the decision, what to be careful with, all labels, the pictures. ``mark`` is not shown."""
    answer = reading.answer
    photo, sheet = photo_picture(reading, PHOTO_BOX), sheet_picture(reading, SHEET_WIDTH)
    alert = not answer.answered or any(one.decision for one in answer.findings)
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f'<meta name="generator" content="{escape(mark)}">' if mark else "",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>ECG reading</title><style>{_STYLE}</style></head><body>",
        _paragraph("source", reading.source),
        f"<h1{' class=alert' if alert else ''}>{escape(reading.title)}</h1>",
        _paragraph("scope", reading.scope),
        _doubts(reading),
        _paragraph("use", INTENDED_USE),
        f'<div class="top"><div>{_answers(reading) if answer.answered else _refusal(reading)}</div>',
        "" if photo is None else f'<img alt="the photograph, the found sheet outlined" src="{_inline(photo)}">',
        "</div>",
    ]
    if sheet is not None:
        parts.append(f'<p><img alt="the rectified sheet" src="{_inline(sheet)}"></p>')
        parts.append(_paragraph("note", reading.sheet_note))
    tables = [_table(rows) for rows in (reading.quality, reading.provenance) if rows]
    parts.append(f'<div class="details">{"".join(tables)}</div></body></html>\n')
    return "\n".join(part for part in parts if part)


def _paragraph(kind: str, text: str) -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""


def _doubts(reading: Reading) -> str:
    if not reading.doubts:
        return ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in reading.doubts)
    return f'<div class="doubts"><b>{words.CAUTION}</b>{lines}</div>'


def _answers(reading: Reading) -> str:
    rows = [
        f'<tr class="{one.word.lower()}"><td>{escape(one.label.words)}{_short(one.label)}</td>'
        f'<td class="word">{one.word}</td><td>{one.likely} <span class="soft">{_unbroken(one.limit)}</span>'
        f'<div class="bar"><i style="width:{one.probability:.1%}"></i><b style="left:{one.threshold:.1%}"></b></div>'
        "</td></tr>"
        for one in reading.answer.findings
    ]
    notes = "".join(_paragraph("note", note) for note in reading.notes) + _paragraph("measured", reading.measured)
    return f'<table class="answers">{"".join(rows)}</table>{notes}'


def _short(label: Label) -> str:
    """The name, where there are words beside it."""
    return f' <span class="soft">{label.name}</span>' if label.english else ""


def _unbroken(text: str) -> str:
    """A number stays with its unit where lines are short."""
    return escape(text).replace(" %", "&nbsp;%")


def _refusal(reading: Reading) -> str:
    sentences = "".join(f"<p><strong>{escape(sentence)}</strong></p>" for sentence in reading.refusal)
    sentences += "".join(f"<p>{escape(sentence)}</p>" for sentence in reading.answer.advice)
    details = [*reading.details, f"Reason for programs: {', '.join(reading.answer.reasons)}"]
    return sentences + "".join(_paragraph("note", detail) for detail in details)


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _inline(image: Image.Image) -> str:
    # A new file: what a camera wrote about place and time into the old one is not in it.
    data = io.BytesIO()
    image.save(data, format="JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"

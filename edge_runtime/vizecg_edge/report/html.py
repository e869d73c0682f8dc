"""An answer as one HTML file: pictures inside, no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import io
from html import escape

from PIL import Image

from vizecg.spec import INTENDED_USE, Label
from vizecg_edge.report.pictures import photo_picture, sheet_picture
from vizecg_edge.report.reading import WORDS, Reading

PHOTO_BOX = 900, 900
SHEET_WIDTH = 1152
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2026; max-width: 1152px; margin: 1.2em auto; padding: 0 1em; }
.use { color: #be1e2d; font-weight: 600; border-bottom: 2px solid #d6dbe1; padding-bottom: .5em; }
h1 { font-size: 1.6em; font-weight: 500; margin: .6em 0; }
.top { display: flex; flex-wrap: wrap; gap: 1.5em; align-items: flex-start; }
.top > * { flex: 1 1 420px; min-width: 0; }
img { max-width: 100%; border: 1px solid #d6dbe1; display: block; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3em .5em .3em 0; vertical-align: top; }
.answers td { border-bottom: 1px solid #e8ebef; } .soft, th { color: #606872; font-weight: 400; }
.bar { position: relative; height: 12px; background: #f3f5f8; border: 1px solid #d6dbe1; min-width: 110px; }
.bar i { position: absolute; left: 0; top: 0; bottom: 0; background: #7d96b4; }
.bar b { position: absolute; top: -4px; bottom: -4px; width: 3px; background: #1c2026; }
.present { color: #be1e2d; font-weight: 600; } .present .bar i { background: #be1e2d; }
.undecided { color: #a86400; font-weight: 600; outline: 2px solid #c87800; } .undecided .bar i { background: #c87800; }
.details { display: flex; flex-wrap: wrap; gap: 2em; font-size: .87em; border-top: 2px solid #d6dbe1; margin-top: 1em; }
.details > * { flex: 1 1 300px; width: auto; overflow-wrap: anywhere; } .note { font-size: .87em; color: #606872; }
@media print { body { font-size: 12px; margin: 0; } }
"""


def render_html(reading: Reading) -> str:
    """The whole document. It names the picture by its fingerprint only."""
    photo, sheet = photo_picture(reading, PHOTO_BOX), sheet_picture(reading, SHEET_WIDTH)
    answered = reading.answer.answered
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>ECG reading</title><style>{_STYLE}</style></head><body>",
        f'<p class="use">{escape(INTENDED_USE)}</p><h1>{escape(reading.title)}</h1><div class="top">',
        "" if photo is None else f'<img alt="the photograph, the found sheet outlined" src="{_inline(photo, "JPEG")}">',
        f"<div>{_answers(reading) if answered else _refusal(reading)}</div></div>",
    ]
    if sheet is not None:
        parts.append(f'<p><img alt="the rectified sheet" src="{_inline(sheet, "JPEG")}"></p>')
        told = "The sheet as the model reads it. Frames: where each lead is expected."
        if reading.explanation is not None:
            told += " " + reading.explanation.text
        parts.append(f'<p class="note">{escape(told)}</p>')
    tables = [_table(rows) for rows in (reading.quality, reading.provenance) if rows]
    parts.append(f'<div class="details">{"".join(tables)}</div></body></html>\n')
    return "\n".join(part for part in parts if part)


def _answers(reading: Reading) -> str:
    answer = reading.answer
    assert answer.probabilities is not None
    assert answer.decisions is not None
    rows = []
    for label in Label:
        probability, decision = answer.probabilities[label.value], answer.decisions[label.value]
        threshold = reading.threshold(label)
        mark = "" if threshold is None else f'<b style="left:{threshold:.1%}"></b>'
        limit = "" if threshold is None else f"{threshold:.1%}"
        rows.append(
            f'<tr class="{WORDS[decision].lower()}"><td>{label.value} <span class="soft">{escape(label.description)}'
            f"</span></td><td>{probability:.1%}</td>"
            f'<td><div class="bar"><i style="width:{probability:.1%}"></i>{mark}</div></td>'
            f'<td class="soft">{limit}</td><td>{WORDS[decision]}</td></tr>'
        )
    head = "<tr><th>finding</th><th>probability</th><th></th><th>present from</th><th>decision</th></tr>"
    note = ""
    if None in answer.decisions.values():
        note = '<p class="note">Undecided: nearer to the threshold than this model file computes exactly.</p>'
    return f'<table class="answers">{head}{"".join(rows)}</table>{note}'


def _refusal(reading: Reading) -> str:
    sentences = "".join(f"<p><strong>{escape(sentence)}</strong></p>" for sentence in reading.refusal)
    sentences += "".join(f"<p>{escape(detail)}</p>" for detail in reading.refusal_details)
    return f'{sentences}<p class="note">Reason for programs: {escape(", ".join(reading.answer.reasons))}</p>'


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _inline(image: Image.Image, kind: str) -> str:
    # A new file: what a camera wrote about place and time into the old one is not in it.
    data = io.BytesIO()
    image.save(data, format=kind, quality=88)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"

"""A hook of mkdocs: what lies in ``benchmarks/results`` is part of the site.

Pages link to it as it lies in the checkout (``../benchmarks/results/demo.jpg``), so that they read well there too.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

RESULTS = "benchmarks/results"
_INTERVAL = re.compile(r"\(([+-]?[\d.]+) to ([+-]?[\d.]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every result file; tables in Markdown become pages."""
    root = Path(config.config_file_path).parent
    for path in sorted((root / RESULTS).iterdir()):
        files.append(File.generated(config, f"{RESULTS}/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links from the checkout's places to the site's; intervals stay on one line in a narrow table."""
    told = markdown.replace(f"](../{RESULTS}/", f"]({RESULTS}/")
    return _INTERVAL.sub(r"(\1&nbsp;to&nbsp;\2)", told)

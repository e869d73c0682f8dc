"""``vizecg-edge sheets``: photographs read onto sheets, to train and evaluate networks on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.options import BundleOption, JsonFlag, ThreadsOption
from vizecg_edge.backends.kinds import BackendKind
from vizecg_edge.verbs.options import BackendOption

_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which photographs are read, and where their sheets go."""

    folder: Annotated[Path, typer.Argument(help="Folder of photographs, scans and PDFs.", show_default=False)]
    out: Annotated[Path, typer.Option(help="Folder of the sheets; what is there is not read again.")]
    recursive: Annotated[bool, typer.Option("--recursive", help="The folders in it, too.")] = False
    bundle: BundleOption = None
    threads: ThreadsOption = 0
    backend: BackendOption = BackendKind.AUTO
    as_json: JsonFlag = False


@takes(Options)
def sheets(options: Options) -> None:
    """Read photographs onto sheets for `vizecg train --data sheets:OUT`; what is refused is told by reason.

    sheets.csv names every photograph, with its sheet or the reason why there is none. No network is asked. A reading
    that was stopped goes on with the same command.
    """
    from vizecg_edge.capture.folders import find_files
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.process import use_threads
    from vizecg_edge.sheet_folder import SheetFolder
    from vizecg_edge.verbs.run import progress

    if not options.folder.is_dir():
        raise UsageError(f"{options.folder} is not a folder")
    out, folder = options.out.resolve(), options.folder.resolve()
    if out == folder or (options.recursive and out.is_relative_to(folder)):
        raise UsageError(f"--out {options.out} lies among the photographs: sheets would be read as such")
    files = find_files([options.folder], recursive=options.recursive).files
    pipeline = Pipeline(bundle=options.bundle, threads=options.threads, backend=options.backend)
    use_threads(options.threads)
    with progress(len(files)) as advance:
        rows = SheetFolder(pipeline=pipeline, photographs=options.folder, out=options.out).read(files, advance=advance)
    refused = Counter(row.status for row in rows if not row.file)
    done = sum(1 for row in rows if row.file)
    if options.as_json:
        print(json.dumps({"out": str(options.out), "read": done, "refused": dict(refused.most_common())}))
        return
    print(f"{options.out}: {done} of {len(rows)} pages read")
    for reason, n in refused.most_common():
        of = [row.photo for row in rows if row.status == reason]
        more = f" and {n - _EXAMPLES} more" if n > _EXAMPLES else ""
        print(f"refused, {reason}: {n} ({', '.join(of[:_EXAMPLES])}{more})")

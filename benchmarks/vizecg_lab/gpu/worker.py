"""The process of one step: ``python -m vizecg_lab.gpu.worker MODULE:FUNCTION REQUEST RESULT``."""

from __future__ import annotations

import faulthandler
import importlib
import json
import logging
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from vizecg.spec.files import write_atomically
from vizecg_lab.gpu.request import Request

COMPLAINT = "complaint"
"""Key of a result whose step completed and found something wrong: one line that says what."""
ERROR = "error"
"""Key of a result whose step failed: one line."""
_LONGEST = 300


def main(target: str, request: Path, result: Path) -> int:
    """Run a step and write its result; that of one that fails is what it has kept so far, with ``ERROR``."""
    # What a step that hangs is doing, when its parent asks.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Its tips and hints; its warnings stay.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    module, _, name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)(Request.read(request))
        write_atomically(result, json.dumps(found))
    except Exception as error:
        traceback.print_exc()
        lines = str(error).strip().splitlines()
        line = f"{type(error).__name__}: {lines[0][:_LONGEST]}" if lines else type(error).__name__
        known = json.loads(result.read_text()) if result.is_file() else {}
        write_atomically(result, json.dumps({**known, ERROR: line}))
        return 1
    return 0


def _end_with_parent() -> None:
    """The parent holds the other end of stdin: when it is gone, so are this process and all that it has started."""
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))

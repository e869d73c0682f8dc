"""Draws one page of a PDF in a process of its own: ``python -m vizecg_edge.pdf_page PAGE SCALE < FILE``.

A few hundred bytes of PDF can ask for hours and for all memory, and the library that draws cannot be interrupted. What
``capture.pdf`` reads from stdout: a line with width, height, bytes a row and channels, then padded rows of RGB or grey.
"""

from __future__ import annotations

import sys

SECONDS, MEMORY_BYTES = 20, 1 << 30
DAMAGED = 7
"""Exit code: the library refuses the page, and says why on stderr."""


def draw(data: bytes, page: int, scale: float) -> int:
    """Write the page to stdout; the exit code."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        bitmap = document[page].render(scale=scale, rev_byteorder=True)
    except (pypdfium2.PdfiumError, MemoryError) as error:
        print(error, file=sys.stderr)
        return DAMAGED
    sys.stdout.buffer.write(f"{bitmap.width} {bitmap.height} {bitmap.stride} {bitmap.n_channels}\n".encode())
    sys.stdout.buffer.write(bytes(bitmap.buffer))
    sys.stdout.buffer.flush()
    return 0


def limit() -> None:
    """Hold this process to ``SECONDS`` and ``MEMORY_BYTES``, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    limit()
    sys.exit(draw(sys.stdin.buffer.read(), int(sys.argv[1]), float(sys.argv[2])))

"""How long a report takes to write and to print, by CPU time, for each made-up person of the contract suite.

    .venv/bin/python benchmarks/report_speed.py

The first print opens the typefaces; the others find them open. The goal of a PDF is 500 ms.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pypdf

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "contract"))
from report_people import STATES, library

from kneeline.report.physio.build import write
from kneeline.report.physio.page import report_html
from kneeline.report.physio.pdf import report_pdf

T = TypeVar("T")


def timed(do: Callable[[], T]) -> tuple[T, float]:
    begun = time.process_time()
    made = do()
    return made, 1000 * (time.process_time() - begun)


def main() -> None:
    library()
    print(f"{'person':<12}{'write':>9}{'PDF':>9}{'again':>9}{'HTML':>9}   pages  kB")
    for name, records in STATES.items():
        person = records()
        report, write_ms = timed(lambda person=person: write(person, library()))
        printed, first_ms = timed(lambda report=report: report_pdf(report))
        _, again_ms = timed(lambda report=report: report_pdf(report))
        _, html_ms = timed(lambda report=report: report_html(report))
        pages = len(pypdf.PdfReader(io.BytesIO(printed)).pages)
        print(
            f"{name:<12}{write_ms:6.0f} ms{first_ms:6.0f} ms{again_ms:6.0f} ms{html_ms:6.0f} ms{pages:7}"
            f"{len(printed) // 1000:5}"
        )


if __name__ == "__main__":
    main()

"""Reports: the calls of a window at a glance, as a page for a browser and as JSON for programs.

In: a question about a source of rows; out: its aggregates, one HTML file. It writes nothing itself.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.report.billed import Billed, billed_of
    from aitrail.report.document import About, document_of
    from aitrail.report.making import Report, report_of
    from aitrail.report.metered import Metered
    from aitrail.report.page import html_of
    from aitrail.report.proof import proof_of
    from aitrail.report.question import Question
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        billed=("Billed", "billed_of"),
        document=("About", "document_of"),
        making=("Report", "report_of"),
        metered=("Metered",),
        page=("html_of",),
        proof=("proof_of",),
        question=("Question",),
    )

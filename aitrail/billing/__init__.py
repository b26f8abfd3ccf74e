"""What calls cost by the bill: exports of AWS (CUR 2.0, FOCUS) added up by day, and their costs divided among calls.

In: the files of an export, rows; out: costs that add up to those of the bill, each with what it is.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.billing.allocation import rounded
    from aitrail.billing.answer import billed_costs
    from aitrail.billing.bill import Bill, Days, read_bill
    from aitrail.billing.charges import known_charges
    from aitrail.billing.columns import SCALE
    from aitrail.billing.folders import BillDeniedError, folder_at
    from aitrail.billing.formats import BillError, cost_names
    from aitrail.billing.parts import Answer, Group, Part, Question
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        allocation=("rounded",),
        answer=("billed_costs",),
        bill=("Bill", "Days", "read_bill"),
        charges=("known_charges",),
        folders=("BillDeniedError", "folder_at"),
        formats=("BillError", "cost_names"),
        columns=("SCALE",),
        parts=("Answer", "Group", "Part", "Question"),
    )

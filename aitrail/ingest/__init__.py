"""A message in; rows, rejects and an entry of the ledger out: the one path into the tables.

It knows nothing of Lambda, Powertools or the environment, which `lambdas/` wires to it.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.ingest.ahead import FILES_AHEAD
    from aitrail.ingest.events_table import WRITERS, EventsTable
    from aitrail.ingest.ingestion import Ingestion, expiry
    from aitrail.ingest.outcomes import Ingested, with_sums
    from aitrail.ingest.review import Review

__all__, __getattr__ = exports(
    __name__,
    ahead=("FILES_AHEAD",),
    events_table=("EventsTable", "WRITERS"),
    ingestion=("Ingestion", "expiry"),
    outcomes=("Ingested", "with_sums"),
    review=("Review",),
)

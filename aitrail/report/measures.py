"""The numbers of each combination in a report, as integers that can be added. Pure."""

from aitrail.questions import CHARACTERS, Amounts

# Costs are integers of this part of a unit of the currency: JavaScript adds integers up to 2**53 exactly.
COST_UNIT = 10**9
# Successful calls and streams whose amount is not known are counted apart: what is not known is not 0. `priced` and
# `unpriced` are the calls that have a cost, and those that should have one, but do not tell enough.
COLUMNS = (
    *("calls", "characters", "unknownCharacters", "streamSeconds", "unknownStreams"),
    *("cost", "priced", "unpriced"),
)


def numbers_of(amounts: Amounts) -> tuple[int, ...]:
    """The numbers of COLUMNS for some calls."""
    unpriced = sum(calls for calls, characters in amounts.unpriced_engines.values() if characters)
    return (
        amounts.calls,
        amounts.sums.get(CHARACTERS, 0),
        amounts.unknown.get(CHARACTERS, 0),
        amounts.stream_seconds,
        amounts.unknown_streams,
        round((amounts.cost or 0) * COST_UNIT),
        sum(calls for calls, _ in amounts.priced.values()),
        amounts.unpriceable + unpriced,
    )

"""Log files of a busy month, and of the one before, for the picture of `aitrail report`: invented, and reproducible.

Four things in them are odd: a call of root, a burst of denied calls, calls from a network that made none before, and a
campaign that nobody calls.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from demo.sample_callers import ALICE, HOME_ACCOUNT, PARTNER, RETIRED, ROOT, Caller
from demo.sample_calls import (
    EARLIER,
    FORGOTTEN_CAMPAIGN,
    LEX_V1,
    LEX_V2,
    PERSONALIZE,
    POLLY,
    RECOMMENDATION,
    TRANSCRIBE,
    Call,
)
from demo.sample_logs import REGIONS, Writer

DAYS = 30
BURST_DAYS_AGO, BURST_HOUR, BURST_CALLS = 9, 3, 140
ROOT_DAYS_AGO, ABROAD_DAYS_AGO = 4, 2
CAMPAIGN_DAYS_AGO = 44
# The calls of an hour of work; there are fewer at night and on weekends.
_BUSY = 18
_WORK = range(7, 19)
_SATURDAY = 5
_ABROAD = replace(ALICE, source_address="198.18.7.41")


def write_month(folder: Path, now: datetime, *, seed: int = 11) -> int:
    """Writes the log files of the sixty days before `now` (aware) to a folder; returns the number of their records."""
    random, written = Random(seed), 0  # noqa: S311 - reproducible, nothing here is secret
    writer = Writer(now, random)
    for days_ago in range(2 * DAYS, 0, -1):
        day = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days_ago - 1)
        for region in REGIONS:
            calls = [each for each in _calls(day, days_ago, random) if each[2] == region]
            records = [record for at, call, _ in calls for record in writer.records(call, HOME_ACCOUNT, region, at)]
            file = writer.log_file(HOME_ACCOUNT, region, day + timedelta(days=1), records)
            path = folder / file.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.body)
            written += len(records)
    return written


def _calls(day: datetime, days_ago: int, random: Random) -> Iterator[tuple[datetime, Call, str]]:
    """The time, the call and the Region of each call of a day."""
    usual = [
        call
        for call in (*POLLY, *POLLY, *TRANSCRIBE, *LEX_V2, *LEX_V1, *PERSONALIZE, RECOMMENDATION)
        if _is_usual(call)
    ]
    retired = [call for call in EARLIER[35] if call.caller is RETIRED]
    for hour in range(24):
        is_work = hour in _WORK and day.weekday() < _SATURDAY
        rate = _BUSY * (1 if is_work else 0.12) * (1.25 if days_ago <= DAYS else 1)
        for _ in range(round(random.expovariate(1) * rate / 3 + rate * 2 / 3)):
            yield _at(day, hour, random), random.choices(usual, _weights(usual))[0], random.choices(REGIONS, (4, 1))[0]
        if hour == 2 and days_ago > DAYS:  # noqa: PLR2004 - at night, in the month before
            yield from ((_at(day, hour, random), call, REGIONS[0]) for call in retired)
    yield from _odd(day, days_ago, random)


def _is_usual(call: Call) -> bool:
    """Whether a call is made every day: not by root, not denied, few that fail, and no new campaign."""
    code = (call.error or ("",))[0]
    return call.caller is not ROOT and "Denied" not in code and not call.shared and call.name != "CreateCampaign"


def _weights(calls: list[Call]) -> list[float]:
    return [0.2 if call.error else 1 for call in calls]


def _odd(day: datetime, days_ago: int, random: Random) -> Iterator[tuple[datetime, Call, str]]:
    denied = [call for call in (*POLLY, *LEX_V2, *PERSONALIZE) if call.error and "Denied" in call.error[0]]
    if days_ago % 3 == 0:
        yield _at(day, random.choice(_WORK), random), random.choice(denied), REGIONS[0]
    if days_ago == CAMPAIGN_DAYS_AGO:
        yield _at(day, 10, random), FORGOTTEN_CAMPAIGN, REGIONS[0]
    if days_ago == BURST_DAYS_AGO:
        (stolen,) = (call for call in denied if call.caller is PARTNER)
        yield from ((_at(day, BURST_HOUR, random), stolen, REGIONS[0]) for _ in range(BURST_CALLS))
    if days_ago == ROOT_DAYS_AGO:
        yield _at(day, 22, random), next(call for call in LEX_V2 if call.caller is ROOT), REGIONS[1]
    if days_ago == ABROAD_DAYS_AGO:
        own = [call for call in POLLY if call.caller is ALICE and not call.error]
        yield from ((_at(day, 23, random), _by(_ABROAD, call), REGIONS[0]) for call in own)
        yield _at(day, 23, random), _by(_ABROAD, EARLIER[12][2]), REGIONS[0]


def _by(caller: Caller, call: Call) -> Call:
    return replace(call, caller=caller)


def _at(day: datetime, hour: int, random: Random) -> datetime:
    """When the log file of a call in this hour is delivered: some minutes after the call."""
    return day + timedelta(hours=hour, minutes=random.randrange(9, 60), seconds=random.randrange(60))

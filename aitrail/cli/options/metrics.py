"""CloudWatch's metrics for a question on the command line: the same window, in whole hours, accounts and Regions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aitrail.cli.options.aws import UnreachableError
from aitrail.cli.options.question import Asked
from aitrail.questions import excluded_of, wanted_of
from aitrail.window import Window, parse_time

if TYPE_CHECKING:
    from aitrail.costs import Prices
    from aitrail.metering import CloudWatch, Comparison, Group, Part, Place, Running

_HOUR = timedelta(hours=1)


def metrics_of(asked: Asked) -> "CloudWatch":
    """CloudWatch with the credentials of the question. Raises botocore's errors."""
    from functools import cache  # noqa: PLC0415 (few commands need it)

    from aitrail.metering import CloudWatch  # noqa: PLC0415 (imports botocore)

    access = asked.place.access_of({})
    own = access.client("sts").get_caller_identity()["Account"]
    return CloudWatch(cache(lambda region: access.client("cloudwatch", region=region)), own)


def whole_hours(asked: Asked, *, until: datetime | None = None) -> Window:
    """The window of the question in whole hours, which begins with the first call if it has no other begin."""
    end = min(asked.window.until, until or asked.now + _HOUR)
    begin = asked.window.since
    if asked.window.since.year <= 1:
        rows = asked.store.events(since=begin, until=end, oldest_first=True, limit=1, columns=("eventTime",))
        begin = next((parse_time(row["eventTime"]) for row in rows), end)
    since, last = _hour_of(begin.astimezone(UTC)), _hour_of(end.astimezone(UTC))
    return Window(since=since, until=max(since, last if last == end else last + _HOUR))


def amounts_of(
    asked: Asked, by: Sequence[str], prices: "Prices | None", report: Callable[[str], None]
) -> "tuple[Mapping[Group, Part], Window]":
    """The amounts of the question's calls, and the window that was read. Raises UnreachableError."""
    from aitrail.metering import Question, measured_amounts  # noqa: PLC0415 (as above)

    window = whole_hours(asked)
    _tell_what_is_kept(window, asked.now, report)
    metrics = metrics_of(asked)
    question = Question(
        by=by,
        window=window,
        zone=asked.zone,
        prices=prices,
        services=asked.services,
        naming=asked.naming,
        places=_places(asked, metrics),
    )
    with _readable():
        return measured_amounts(question, asked.store, metrics, report=report, **asked.conditions), window


def comparisons_of(asked: Asked, report: Callable[[str], None]) -> "tuple[list[Comparison], Window]":
    """The comparison of the question's calls with CloudWatch's counts, and its window. Raises UnreachableError."""
    from aitrail.metering import KEPT, Reconciliation  # noqa: PLC0415 (as above)

    # CloudTrail delivers calls after 5 to 15 minutes.
    window = whole_hours(asked, until=_hour_of(asked.now - _HOUR))
    kept = _hour_of(asked.now - KEPT + _HOUR)
    if window.since < kept:
        report(f"CloudWatch keeps points of an hour for {KEPT.days} days: older calls are not compared.")
        window = Window(since=kept, until=max(kept, window.until))
    metrics = metrics_of(asked)
    comparison = Reconciliation(
        window=window,
        services=asked.services,
        zone=asked.zone,
        places=_places(asked, metrics),
    )
    with _readable():
        return comparison.compare(asked.store, metrics, report=report, **asked.conditions), window


def requests_of(
    asked: Asked, resources: "Sequence[Running]", span: timedelta, report: Callable[[str], None]
) -> "list[Running]":
    """The resources with the requests of the last `span` of the question's window. Raises UnreachableError."""
    from aitrail.metering import with_requests  # noqa: PLC0415 (as above)

    until = whole_hours(asked).until
    window = Window(since=until - -(-span // _HOUR) * _HOUR, until=until)
    with _readable():
        return with_requests(resources, metrics_of(asked), window, report)


def estimates_of(
    asked: Asked, window: Window, report: Callable[[str], None]
) -> "Callable[[str, Sequence[str]], dict[tuple[str, tuple[str | None, ...]], Part]]":
    """A function: the amounts of the recorded calls of a service, by amount and values of dimensions.

    It raises UnreachableError.
    """
    from aitrail.metering import Question, measured_amounts  # noqa: PLC0415 (as above)

    _tell_what_is_kept(window, asked.now, report)
    metrics = metrics_of(asked)

    def estimates(service: str, names: Sequence[str]) -> "dict[tuple[str, tuple[str | None, ...]], Part]":
        question = Question(by=names, window=window, zone=asked.zone, services=[service], naming=asked.naming)
        with _readable():
            found = measured_amounts(question, asked.store, metrics, report=report, **asked.conditions)
        return {(group.amount, group.key): part for group, part in found.items() if group.is_recorded}

    return estimates


def _tell_what_is_kept(window: Window, now: datetime, report: Callable[[str], None]) -> None:
    from aitrail.metering import KEPT  # noqa: PLC0415 (as above)

    if window.since < now - KEPT:
        report(f"CloudWatch keeps points of an hour for {KEPT.days} days: of older calls, only records tell amounts.")


@contextmanager
def _readable() -> Iterator[None]:
    """A context in which metrics that cannot be read are an error of reaching AWS. Raises UnreachableError."""
    from aitrail.metering import MetricsError  # noqa: PLC0415 (as above)

    try:
        yield
    except MetricsError as error:
        raise UnreachableError(str(error)) from error


def _hour_of(moment: datetime) -> datetime:
    """The start of the hour of a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _places(asked: Asked, metrics: "CloudWatch") -> list["Place"]:
    """The account of the credentials in the wanted Regions, or in that of the stack: also if rows have no calls there.

    Without that, a trail that is off would look as if nobody had called.
    """
    from aitrail.metering import Place  # noqa: PLC0415 (as above)

    accounts = asked.conditions.get("account", ())
    if metrics.own in excluded_of(accounts) or metrics.own not in (wanted_of(accounts) or [metrics.own]):
        return []
    regions, usual = asked.conditions.get("region", ()), asked.place.access_of({}).region_name
    found = [*wanted_of(regions)] or [usual or ""]
    return [Place(metrics.own, region) for region in found if region and region not in excluded_of(regions)]

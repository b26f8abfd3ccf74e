"""Reads CloudWatch's metrics with GetMetricData: what a search finds, and what the caller names.

A search finds only metrics that had points in the last two weeks, so those that rows name are read in any case
(Amazon CloudWatch User Guide, "Search expression syntax").
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from botocore.exceptions import ClientError

from aitrail.aws import code_of, known_regions
from aitrail.metering.metrics import PERIOD, Asked, Measure, MetricsError, Place, Series, fixed, is_possible

# GetMetricData accepts 500 (Amazon CloudWatch API Reference).
_MOST_QUERIES = 100
# A search returns at most as many series, and does not say that there are more.
_MOST_FOUND = 500
_SEPARATOR = "|"
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_ACCOUNT = re.compile(r"[0-9]{12}")
_SECONDS = int(PERIOD / timedelta(seconds=1))

_Found = dict[tuple[Measure, tuple[str, ...]], Series]


class CloudWatch:
    """The metrics of AWS; `client` returns a CloudWatch client of a Region, `own` is the account of the credentials.

    Metrics of other accounts can be read only where CloudWatch observes several accounts (a monitoring account).
    """

    def __init__(self, client: Callable[[str], Any], own: str) -> None:
        self._client, self.own = client, own
        self._regions = frozenset(known_regions())

    def series(self, place: Place, asked: Sequence[Asked], since: datetime, until: datetime) -> list[Series]:
        """See Metrics."""
        # Log files of others may name anything.
        if not _ACCOUNT.fullmatch(place.account) or place.region not in self._regions:
            raise MetricsError(f"{place.account} in {place.region} is no account and Region of AWS that is known here.")
        found: _Found = {}
        queries = [*self._searches(place, asked), *self._named(place, asked)]
        for start in range(0, len(queries), _MOST_QUERIES):
            chunk = {f"q{number}": each for number, each in enumerate(queries[start : start + _MOST_QUERIES])}
            self._read(place, chunk, since, until, found)
        return [series for _, series in sorted(found.items(), key=lambda each: each[0][1])]

    def _searches(self, place: Place, asked: Sequence[Asked]) -> Iterator["_Query"]:
        other = "" if place.account == self.own else f' :aws.AccountId="{place.account}"'
        for measure, _ in asked:
            schema = ",".join((measure.namespace, *measure.names))
            places = dict(measure.dimensions)
            only = "".join(f' {name}="{fixed(places[name])}"' for name in measure.search)
            label = _SEPARATOR.join(f"${{PROP('{name}')}}" for name in ("AccountId", *_properties(measure)))
            for statistic in measure.statistics:
                text = f"SEARCH('{{{schema}}} MetricName=\"{measure.metric}\"{only}{other}', '{statistic}', {_SECONDS})"
                yield _Query(measure, statistic, None, {"Expression": text, "Label": label})

    def _named(self, place: Place, asked: Sequence[Asked]) -> Iterator["_Query"]:
        account = {} if place.account == self.own else {"AccountId": place.account}
        for measure, named in asked:
            for values in sorted(each for each in named if all(map(is_possible, each))):
                dimensions = [{"Name": name, "Value": value} for name, value in zip(measure.names, values, strict=True)]
                metric = {"Namespace": measure.namespace, "MetricName": measure.metric, "Dimensions": dimensions}
                for statistic in measure.statistics:
                    query = {"MetricStat": {"Metric": metric, "Period": _SECONDS, "Stat": statistic}, **account}
                    yield _Query(measure, statistic, values, query)

    def _read(
        self, place: Place, queries: "dict[str, _Query]", since: datetime, until: datetime, found: _Found
    ) -> None:
        pages = (
            self._client(place.region)
            .get_paginator("get_metric_data")
            .paginate(
                MetricDataQueries=[{"Id": name, **query.parameters} for name, query in queries.items()],
                StartTime=since,
                EndTime=until,
                ScanBy="TimestampAscending",
            )
        )
        latest: dict[tuple[str, str], Any] = {}
        try:
            for page in pages:
                for result in page.get("MetricDataResults", ()):
                    _refuse_impossible(result, since, until)
                    latest[result["Id"], result.get("Label", "")] = result
                    self._add(place, queries[result["Id"]], result, found)
        except ClientError as error:
            raise self._refusal(error, place) from error
        for result in latest.values():
            _refuse_incomplete(result, place)
        for name, number in Counter(name for name, _ in latest).items():
            if queries[name].values is None and number >= _MOST_FOUND:
                measure = queries[name].measure
                raise MetricsError(
                    f"CloudWatch has {_MOST_FOUND} or more metrics {measure.metric} in {place.region}, and a search "
                    "returns no more: ask for one Region, account or service."
                )

    def _add(self, place: Place, query: "_Query", result: Any, found: _Found) -> None:  # noqa: ANN401 (botocore's)
        values = query.values
        points = dict(zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True))
        if not points:
            return
        if values is None:
            account, *rest = str(result.get("Label", "")).split(_SEPARATOR)
            if account.isdigit() and account != place.account:  # a monitoring account has those of others as well
                return
            values = tuple(rest)
            if len(values) != len(query.measure.names):
                raise MetricsError(
                    f"CloudWatch's answer does not tell the dimensions of {query.measure.metric} in {place.region}: "
                    f"its label is {result.get('Label')!r}."
                )
        series = found.setdefault((query.measure, values), Series(measure=query.measure, values=values))
        series.points.setdefault(query.statistic, {}).update(points)

    def _refusal(self, error: ClientError, place: Place) -> Exception:
        """What to do about an error, if that is known."""
        if code_of(error) in _DENIED:
            return MetricsError(
                f"CloudWatch refuses the metrics of account {place.account} in {place.region}. Allow "
                "cloudwatch:GetMetricData on all resources."
            )
        if place.account != self.own:
            return MetricsError(
                f"CloudWatch's metrics of account {place.account} in {place.region} cannot be read with credentials of "
                f"account {self.own}: use those of that account, or of a monitoring account that it is linked to. "
                f"({error})"
            )
        return error


class _Query:
    """One query of a request: a statistic of one series, or of all that a search finds (`values` is None)."""

    def __init__(
        self, measure: Measure, statistic: str, values: tuple[str, ...] | None, parameters: dict[str, Any]
    ) -> None:
        self.measure, self.statistic, self.values, self.parameters = measure, statistic, values, parameters


def _properties(measure: Measure) -> Iterator[str]:
    return (f"Dim.{name}" for name in measure.names)


def _refuse_impossible(result: Any, since: datetime, until: datetime) -> None:  # noqa: ANN401 (botocore's)
    times, values = result.get("Timestamps", ()), result.get("Values", ())
    are_possible = all(since <= each < until for each in times) and all(isfinite(each) and each >= 0 for each in values)
    if len(times) != len(values) or not are_possible:
        raise MetricsError(
            f"CloudWatch's answer for {result.get('Label') or result['Id']} has points that are no amounts of the "
            "hours that were asked for."
        )


def _refuse_incomplete(result: Any, place: Place) -> None:  # noqa: ANN401 (botocore's)
    """The last page with a series tells whether it has all points: a part of a total is none."""
    if result.get("StatusCode", "Complete") != "Complete":
        raise MetricsError(
            f"CloudWatch could not read {result.get('Label') or result['Id']} in {place.region} "
            f"({result['StatusCode']}): try again."
        )

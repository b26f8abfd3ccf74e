"""GetMetricData: the queries that are asked, and answers in the shape of botocore's model of the service."""

import math
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import ANY, Stubber

from aitrail.metering import CloudWatch, MetricsError, Place, amounts
from aitrail.metering.metrics import Asked, counts

OWN, OTHER, REGION = "111122223333", "444455556666", "eu-central-1"
HERE = Place(OWN, REGION)
SINCE, UNTIL = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
NINE, TEN = datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 20, 10, tzinfo=UTC)
CHARACTERS = amounts()[0]
SECONDS = amounts()[1]


@pytest.fixture
def client():
    """A client whose requests and answers the Stubber checks against the model."""
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "example"}
    return boto3.client("cloudwatch", region_name=REGION, **keys)


def result(number, label, points, **changes):
    times = list(points)
    return {
        "Id": f"q{number}",
        "Label": label,
        "Timestamps": times,
        "Values": [points[time] for time in times],
    } | changes


def asking(client, *answers, measure=CHARACTERS, named=(), place=HERE):
    """The series for a measure, from these pages of results; each page but the last has a token."""
    with Stubber(client) as stub:
        for number, results in enumerate(answers):
            token = {} if number == len(answers) - 1 else {"NextToken": f"token-{number}"}
            stub.add_response("get_metric_data", {"MetricDataResults": results, **token})
        found = CloudWatch(lambda _: client, OWN).series(place, [Asked(measure, frozenset(named))], SINCE, UNTIL)
        stub.assert_no_pending_responses()
    return [(series.values, dict(series.hours())) for series in found]


def test_query_is_a_search_for_each_statistic_and_each_named_series_in_whole_hours(client):
    with Stubber(client) as stub:
        label = "${PROP('AccountId')}|${PROP('Dim.Operation')}"
        search = "SEARCH('{{AWS/Polly,Operation}} MetricName=\"RequestCharacters\"', '{}', 3600)"
        metric = {
            "Namespace": "AWS/Polly",
            "MetricName": "RequestCharacters",
            "Dimensions": [{"Name": "Operation", "Value": "SynthesizeSpeech"}],
        }
        expected = {
            "MetricDataQueries": [
                {"Id": "q0", "Expression": search.format("Sum"), "Label": label},
                {"Id": "q1", "Expression": search.format("SampleCount"), "Label": label},
                {"Id": "q2", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}},
                {"Id": "q3", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "SampleCount"}},
            ],
            "StartTime": SINCE,
            "EndTime": UNTIL,
            "ScanBy": "TimestampAscending",
        }
        stub.add_response("get_metric_data", {"MetricDataResults": []}, expected)
        asked = [Asked(CHARACTERS, frozenset({("SynthesizeSpeech",)}))]

        assert CloudWatch(lambda _: client, OWN).series(HERE, asked, SINCE, UNTIL) == []


def test_series_that_a_search_finds_and_a_name_reads_counts_once(client):
    found = f"{OWN}|SynthesizeSpeech"
    named = "RequestCharacters"

    assert asking(
        client,
        [
            result(0, found, {NINE: 100.0, TEN: 50.0}),
            result(1, found, {NINE: 2.0, TEN: 1.0}),
            result(2, named, {NINE: 100.0, TEN: 50.0}),
            result(3, named, {NINE: 2.0, TEN: 1.0}),
        ],
        named=[("SynthesizeSpeech",)],
    ) == [(("SynthesizeSpeech",), {NINE: (100.0, 2.0), TEN: (50.0, 1.0)})]


def test_quiet_series_is_read_by_its_name_although_no_search_finds_it(client):
    answer = [result(0, "", {}), result(1, "", {}), result(2, "x", {NINE: 7.0}), result(3, "x", {NINE: 1.0})]
    answer = answer[2:]

    assert asking(client, answer, named=[("SynthesizeSpeech",)]) == [(("SynthesizeSpeech",), {NINE: (7.0, 1.0)})]


def test_points_of_several_pages_belong_together(client):
    label = f"{OWN}|SynthesizeSpeech"

    assert asking(
        client,
        [result(0, label, {NINE: 100.0}, StatusCode="PartialData"), result(1, label, {NINE: 2.0})],
        [result(0, label, {TEN: 50.0}), result(1, label, {TEN: 1.0})],
    ) == [(("SynthesizeSpeech",), {NINE: (100.0, 2.0), TEN: (50.0, 1.0)})]


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_series_whose_last_page_does_not_complete_it_is_refused(client, status):
    label = f"{OWN}|SynthesizeSpeech"
    first = [result(0, label, {NINE: 100.0}, StatusCode=status), result(1, label, {NINE: 2.0})]
    completed = [result(0, label, {TEN: 50.0}, StatusCode="Complete"), result(1, label, {TEN: 1.0})]
    other = [result(0, f"{OWN}|Other", {TEN: 50.0}, StatusCode="Complete")]

    assert asking(client, first, completed) == [(("SynthesizeSpeech",), {NINE: (100.0, 2.0), TEN: (50.0, 1.0)})]
    for pages in ([first], [completed, first], [first, other]):
        with pytest.raises(MetricsError, match=status):
            asking(client, *pages)


IMPOSSIBLE = {
    "no number": {NINE: math.nan},
    "infinite": {NINE: math.inf},
    "negative": {NINE: -1.0},
    "before": {SINCE - timedelta(hours=1): 1.0},
    "after": {UNTIL: 1.0},
}


@pytest.mark.parametrize("points", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_points_that_are_no_amounts_of_the_window_are_refused(client, points):
    with pytest.raises(MetricsError, match="points that are no amounts of the hours that were asked for"):
        asking(client, [result(0, f"{OWN}|SynthesizeSpeech", points)])


def test_points_without_a_value_are_refused(client):
    with pytest.raises(MetricsError, match="no amounts"):
        asking(client, [result(0, f"{OWN}|SynthesizeSpeech", {NINE: 1.0, TEN: 1.0}, Values=[1.0])])


def test_order_of_points_does_not_matter(client):
    label = f"{OWN}|SynthesizeSpeech"

    assert asking(client, [result(0, label, {TEN: 2.0, NINE: 1.0}), result(1, label, {NINE: 3.0, TEN: 4.0})]) == [
        (("SynthesizeSpeech",), {NINE: (1.0, 3.0), TEN: (2.0, 4.0)})
    ]


def test_total_of_a_metric_without_a_sum_is_the_mean_times_the_number_of_samples(client):
    label = f"{OWN}|Transcribe|en-US|batch"

    assert asking(client, [result(0, label, {NINE: 90.5}), result(1, label, {NINE: 4.0})], measure=SECONDS) == [
        (("Transcribe", "en-US", "batch"), {NINE: (362.0, 4.0)})
    ]


def test_metrics_of_other_accounts_are_not_those_of_this_one(client):
    assert (
        asking(client, [result(0, f"{OTHER}|SynthesizeSpeech", {NINE: 1.0}), result(1, f"{OTHER}|x", {NINE: 1.0})])
        == []
    )


def test_another_account_is_named_in_searches_and_queries(client):
    with Stubber(client) as stub:
        queries = [ANY] * 4
        stub.add_response(
            "get_metric_data",
            {"MetricDataResults": []},
            {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY, "ScanBy": ANY},
        )
        asked = []
        client.meta.events.register("provide-client-params.cloudwatch.*", lambda params, **_: asked.append(params))
        question = [Asked(CHARACTERS, frozenset({("SynthesizeSpeech",)}))]

        CloudWatch(lambda _: client, OWN).series(Place(OTHER, REGION), question, SINCE, UNTIL)

    queries = asked[0]["MetricDataQueries"]
    assert f':aws.AccountId="{OTHER}"' in queries[0]["Expression"]
    assert [each.get("AccountId") for each in queries] == [None, None, OTHER, OTHER]


ERRORS = {
    "denied": (
        HERE,
        "AccessDenied",
        f"CloudWatch refuses the metrics of account {OWN} in {REGION}. Allow cloudwatch:GetMetricData on all",
    ),
    "of another account": (
        Place(OTHER, REGION),
        "ValidationError",
        f"CloudWatch's metrics of account {OTHER} in {REGION} cannot be read with credentials of account {OWN}: use",
    ),
}


@pytest.mark.parametrize(("place", "code", "message"), ERRORS.values(), ids=ERRORS)
def test_error_says_what_to_do(client, place, code, message):
    with Stubber(client) as stub:
        stub.add_client_error("get_metric_data", code, "no")

        with pytest.raises(MetricsError) as raised:
            CloudWatch(lambda _: client, OWN).series(place, [Asked(CHARACTERS, frozenset())], SINCE, UNTIL)

    assert str(raised.value).startswith(message)


def test_search_that_may_have_more_series_than_it_returns_is_an_error(client):
    several = [result(0, f"{OWN}|Operation{number}", {NINE: 1.0}) for number in range(500)]

    with pytest.raises(MetricsError, match="CloudWatch has 500 or more metrics RequestCharacters in eu-central-1"):
        asking(client, several)


def test_result_that_failed_is_an_error_and_no_missing_amount(client):
    with pytest.raises(MetricsError, match=r"CloudWatch could not read here in eu-central-1 \(InternalError\)"):
        asking(client, [result(0, "here", {}, StatusCode="InternalError")])


def test_label_without_the_values_of_dimensions_is_an_error(client):
    with pytest.raises(MetricsError, match="CloudWatch's answer does not tell the dimensions of RequestCharacters"):
        asking(client, [result(0, "RequestCharacters", {NINE: 1.0})])


def test_many_named_series_are_asked_for_in_several_requests(client):
    named = frozenset((f"Operation{number}",) for number in range(60))
    with Stubber(client) as stub:
        for _ in range(2):
            stub.add_response("get_metric_data", {"MetricDataResults": []})

        assert CloudWatch(lambda _: client, OWN).series(HERE, [Asked(CHARACTERS, named)], SINCE, UNTIL) == []
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("value", ["", " ", "caf\u00e9", "a\nb", "\x1b[2J", "a" * 1025])
def test_name_in_a_row_that_no_metric_can_have_is_not_asked_for(client, value):
    asked = [Asked(CHARACTERS, frozenset({(value,), ("SynthesizeSpeech",)}))]
    with Stubber(client) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": []})
        requested = []
        client.meta.events.register("before-parameter-build.*.*", lambda params, **_: requested.append(params))

        CloudWatch(lambda _: client, OWN).series(HERE, asked, SINCE, UNTIL)

    named = [each["MetricStat"]["Metric"] for each in requested[0]["MetricDataQueries"] if "MetricStat" in each]
    assert {metric["Dimensions"][0]["Value"] for metric in named} == {"SynthesizeSpeech"}


STRANGE = {
    "Region that is none": Place(OWN, "evil.example"),
    "account that ends the search": Place('1" OR "', REGION),
    "nothing": Place("", ""),
}


@pytest.mark.parametrize("place", STRANGE.values(), ids=STRANGE)
def test_place_that_a_log_file_invents_is_never_asked(place):
    def client(_):
        pytest.fail("no client is needed")

    with pytest.raises(MetricsError, match="is no account and Region of AWS that is known here"):
        CloudWatch(client, OWN).series(place, [Asked(CHARACTERS, frozenset())], SINCE, UNTIL)


def test_search_in_a_namespace_of_all_services_is_for_one_of_them(client):
    asked = []
    client.meta.events.register("provide-client-params.cloudwatch.*", lambda params, **_: asked.append(params))
    lex = next(each for each in counts() if (each.service, each.namespace) == ("lex", "AWS/Usage"))

    asking(client, [], measure=lex)

    (query,) = asked[0]["MetricDataQueries"]
    schema = "{AWS/Usage,Class,Resource,Service,Type}"
    assert query["Expression"] == f"SEARCH('{schema} MetricName=\"CallCount\" Service=\"Amazon Lex\"', 'Sum', 3600)"


def test_searches_of_namespaces_that_services_share_are_narrowed():
    shared = [each for each in (*amounts(), *counts()) if each.namespace == "AWS/Usage"]

    assert shared
    assert {each.search for each in shared} == {("Service",)}

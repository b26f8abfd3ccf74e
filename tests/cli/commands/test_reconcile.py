"""`aitrail reconcile` over log files, with the metrics of calls that are known."""

import json
from dataclasses import replace

import pytest

from aitrail.metering import MetricsError, Place
from tests.shared.metered_month import BEGIN, OWN, SPOKEN, CountedMetrics

CALL = replace(SPOKEN, amount=10)
HERE = Place(OWN, "eu-central-1")


@pytest.fixture
def logs(record, log_file):
    """Two calls of Polly."""
    call = {"eventName": "SynthesizeSpeech", "eventTime": "2026-11-01T09:00:00Z", "awsRegion": "eu-central-1"}
    return log_file("logs/a.json", *(record(number, recipientAccountId=OWN, **call) for number in range(2)))


@pytest.fixture
def count(monkeypatch):
    """Sets the number of calls that CloudWatch has counted; returns its reader."""

    def count(number, **settings):
        metrics = CountedMetrics([CALL] * number, **settings)
        monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: metrics)
        return metrics

    return count


WINDOW = ("--since", "2026-11-01", "--until", "2026-11-02")


def test_calls_that_agree_end_with_0(aitrail, logs, count):
    count(2)

    ended = aitrail("reconcile", "--from", logs, *WINDOW)

    assert ended.exit_code == 0
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [
        {
            "day": "2026-11-01",
            "account": OWN,
            "region": "eu-central-1",
            "service": "polly",
            "operation": "SynthesizeSpeech",
            "verdict": "agree",
            "rows": 2,
            "failed": 0,
            "metrics": 2,
            "difference": 0,
            "metric": "AWS/Polly 4XXCount",
            "cause": None,
            "whatToDo": None,
        }
    ]


def test_missing_calls_end_with_4_and_say_what_to_do(aitrail, logs, count):
    count(5)

    ended = aitrail("reconcile", "--from", logs, *WINDOW, "-o", "table")

    assert ended.exit_code == 4
    assert ended.stdout == (
        "day         account       region        operation         verdict       rows  failed  metrics  difference\n"
        "2026-11-01  111122223333  eu-central-1  SynthesizeSpeech  rows-missing     2       0        5           3\n"
    )
    assert "Of 1 operation on a day: 1 lack calls that CloudWatch has counted." in ended.stderr
    assert "Log files are missing or late, or rows have expired. `aitrail verify` for that day" in ended.stderr
    assert "1 difference of more than 1 percent." in ended.stderr


def test_threshold_decides_what_needs_attention(aitrail, logs, count):
    count(3)

    ended = aitrail("reconcile", "--from", logs, *WINDOW, "--threshold", "34")

    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["difference"] == 1


def test_table_shows_what_agrees_only_if_asked(aitrail, logs, count):
    count(2)

    assert aitrail("reconcile", "--from", logs, *WINDOW, "-o", "table").stdout == ""
    assert "agree" in aitrail("reconcile", "--from", logs, *WINDOW, "-o", "table", "--all").stdout


def test_metrics_that_cannot_be_read_end_with_3(aitrail, logs, count):
    count(2, denied={HERE: MetricsError("Allow cloudwatch:GetMetricData on all resources.")})

    ended = aitrail("reconcile", "--from", logs, *WINDOW)

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == "Error: Allow cloudwatch:GetMetricData on all resources.\n"


def test_window_ends_an_hour_ago_in_whole_hours(aitrail, logs, count):
    metrics = count(2)

    aitrail("reconcile", "--from", logs)

    ((place, since, until),) = metrics.asked
    assert (place, since) == (HERE, BEGIN.replace(hour=9))
    assert (until.minute, until.second) == (0, 0)


def test_calls_older_than_the_points_of_cloudwatch_are_not_compared(aitrail, record, log_file, count):
    count(0)
    old = log_file("logs/a.json", record(1, eventName="SynthesizeSpeech", eventTime="2019-11-01T09:00:00Z"))

    ended = aitrail("reconcile", "--from", old)

    assert (ended.exit_code, ended.stdout) == (4, "")
    assert "CloudWatch keeps points of an hour for 455 days: older calls are not compared." in ended.stderr


def test_condition_that_metrics_do_not_have_is_none(aitrail, logs):
    assert aitrail("reconcile", "--from", logs, "--principal", "user/alice").exit_code == 2


def test_several_places_of_which_one_refuses_end_with_4(aitrail, record, log_file, count):
    count(1, denied={Place(OWN, "us-east-1"): MetricsError("No.")})
    call = {"eventName": "SynthesizeSpeech", "eventTime": "2026-11-01T09:00:00Z", "recipientAccountId": OWN}
    logs = log_file(
        "logs/a.json", *(record(n, awsRegion=r, **call) for n, r in enumerate(["eu-central-1", "us-east-1"]))
    )

    ended = aitrail("reconcile", "--from", logs, *WINDOW)

    assert ended.exit_code == 4
    assert "No. What only these metrics tell is not known." in ended.stderr
    assert "us-east-1" not in ended.stdout


def test_region_of_the_stack_is_read_even_if_no_row_names_it(aitrail, record, log_file, count, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    count(3)
    nothing = log_file("logs/a.json", record(1, eventSource="s3.amazonaws.com"))

    ended = aitrail("reconcile", "--from", nothing, *WINDOW)

    assert ended.exit_code == 4
    assert json.loads(ended.stdout) | {"rows": 0, "metrics": 3, "verdict": "rows-missing"} == json.loads(ended.stdout)
    assert "the trail was off" in json.loads(ended.stdout)["cause"]

"""`aitrail usage --metrics` over log files, with the metrics of a month whose amounts are known."""

import json
from dataclasses import replace

import pytest

from aitrail.metering import MetricsError, Place
from tests.shared.metered_month import OWN, SPOKEN, CountedMetrics

CALL = replace(SPOKEN, amount=2_000)
CALLS = [CALL, replace(CALL, principal="user/bob", amount=1_001), replace(CALL, is_recorded=False, amount=999)]


@pytest.fixture
def logs(record, log_file):
    """Two calls of Polly without characters."""
    return log_file(
        "logs/a.json",
        *(
            record(
                number,
                eventName="SynthesizeSpeech",
                eventTime="2026-11-01T09:00:00Z",
                awsRegion="eu-central-1",
                recipientAccountId=OWN,
                userIdentity={"type": "IAMUser", "userName": name, "accountId": OWN},
                requestParameters={"engine": "neural"},
                responseElements=None,
            )
            for number, name in enumerate(("alice", "bob"))
        ),
    )


@pytest.fixture
def metrics(monkeypatch):
    """What CloudWatch counts; returns its reader."""
    metrics = CountedMetrics(CALLS)
    monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: metrics)
    return metrics


def test_every_number_is_in_the_column_that_says_what_it_is(aitrail, logs, metrics):
    ended = aitrail("usage", "--metrics", "--by", "principal", "--cost", "--from", logs)

    assert ended.exit_code == 0
    common = {"amount": "characters", "unknownCalls": 0, "totalIsAtLeast": False, "currency": "USD"}
    shares = {"calls": 1, "measured": 0, "recorded": True, "costIsAtLeast": False}
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [
        {"principal": "user/alice", "shared": 1_334, "total": 1_334, "cost": 0.021344, **shares, **common},
        {"principal": "user/bob", "shared": 1_333, "total": 1_333, "cost": 0.021328, **shares, **common},
        {
            "principal": None,
            "recorded": False,
            "calls": 1,
            "measured": 1_333,
            "shared": 0,
            "total": 1_333,
            "cost": None,
            "costIsAtLeast": True,
            **common,
        },
    ]
    assert metrics.asked[0][0] == Place(OWN, "eu-central-1")


def test_table_has_sums_that_are_exact_and_the_rule(aitrail, logs, metrics):  # noqa: ARG001 (used by the command)
    ended = aitrail("usage", "--metrics", "--by", "principal", "--from", logs, "-o", "table")

    assert ended.stdout == (
        "principal       amount      calls  measured  shared  total  unknownCalls\n"
        "user/alice      characters      1         0   1,334  1,334             0\n"
        "user/bob        characters      1         0   1,333  1,333             0\n"
        "(not recorded)  characters      1     1,333       0  1,333             0\n"
        "total           characters      3     1,333   2,667  4,000             0\n"
    )
    assert "calls x mean characters of a call of that operation, day, account and Region." in ended.stderr
    assert "Calls and metrics from 2026-11-01T09:00:00Z until" in ended.stderr


def test_amount_that_nobody_tells_is_empty_and_not_zero(aitrail, logs, monkeypatch):
    monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: CountedMetrics([]))

    ended = aitrail("usage", "--metrics", "--from", logs, "-o", "csv")

    assert ended.stdout == (
        "service,recorded,amount,calls,measured,shared,total,unknownCalls,totalIsAtLeast\n"
        "polly,true,characters,2,0,0,,2,true\n"
    )


def test_denied_metrics_name_the_permission(aitrail, logs, metrics):
    metrics.denied = {Place(OWN, "eu-central-1"): MetricsError("Allow cloudwatch:GetMetricData on all resources.")}

    ended = aitrail("usage", "--metrics", "--from", logs)

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == "Error: Allow cloudwatch:GetMetricData on all resources.\n"


REFUSED = {
    "condition that metrics do not have": (["--principal", "user/alice"], "leave out the condition on principal"),
    "teams that have no names": (["--by", "team"], "No teams are defined"),
    "measure": (["--measure", "calls"], "--measure has no effect with --metrics: leave it out."),
    "comparison": (["--compare", "previous"], "--compare has no effect with --metrics: leave it out."),
    "first and last calls": (["--first-last"], "--first-last has no effect with --metrics: leave it out."),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_option_without_an_effect_is_refused(aitrail, logs, metrics, arguments, message):
    ended = aitrail("usage", "--metrics", "--from", logs, *arguments)

    assert (ended.exit_code, metrics.asked) == (2, [])
    assert message in ended.stderr


def test_only_metrics_of_the_wanted_services_are_asked_for(aitrail, logs, monkeypatch):
    asked = []

    class Metrics(CountedMetrics):
        def series(self, place, measures, since, until):
            asked.extend(each.measure.service for each in measures)
            return super().series(place, measures, since, until)

    monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: Metrics(CALLS))

    aitrail("usage", "--metrics", "--from", logs, "--service", "!lex", "--service", "!transcribe")

    assert set(asked) == {"polly", "personalize"}

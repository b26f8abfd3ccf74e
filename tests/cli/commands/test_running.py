"""`aitrail running` over log files."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.shared.metered_month import RECOMMENDED, CountedMetrics

ARN = "arn:aws:personalize:eu-central-1:111122223333:"


@pytest.fixture
def call(record):
    """Makes records of Personalize."""

    def call(number, operation, response=None, **parameters):
        return record(
            number,
            eventSource="personalize.amazonaws.com",
            eventName=operation,
            userIdentity={"type": "IAMUser", "userName": "bob", "accountId": "111122223333"},
            requestParameters=parameters,
            responseElements=response,
            awsRegion="eu-central-1",
            recipientAccountId="111122223333",
        )

    return call


@pytest.fixture
def logs(call, log_file):
    """A campaign, an older one, a recommender that was deleted, and a solution."""
    return log_file(
        "logs/a.json",
        call(1, "CreateCampaign", {"campaignArn": f"{ARN}campaign/shop"}, name="shop", minProvisionedTPS=2),
        call(2, "DescribeCampaign", campaignArn=f"{ARN}campaign/old"),
        call(3, "CreateRecommender", {"recommenderArn": f"{ARN}recommender/r"}, name="r"),
        call(4, "DeleteRecommender", recommenderArn=f"{ARN}recommender/r"),
        call(5, "CreateSolution", {"solutionArn": f"{ARN}solution/s"}, name="s", performAutoTraining=True),
    )


def as_json(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_resource_has_who_created_it_and_what_it_costs_a_day(aitrail, logs):
    ended = aitrail("running", "--from", logs)

    assert ended.exit_code == 0
    assert as_json(ended)[0] == {
        "resource": "campaign/shop",
        "account": "111122223333",
        "region": "eu-central-1",
        "costPerDay": 9.6,
        "costPerDayIsAtLeast": False,
        "currency": "USD",
        "priceDate": "unknown",
        "quantity": 2,
        "quantityName": "minProvisionedTPS",
        "createdTime": "2026-03-14T00:00:01Z",
        "createdBy": "user/bob",
        "changedTime": None,
        "changedBy": None,
        "calls": 0,
        "requests": None,
        "lastCallTime": None,
        "lastCaller": None,
        "billed": True,
        "bills": "the higher of minProvisionedTPS and the average TPS of five minutes, always",
    }
    assert [row["resource"] for row in as_json(ended)] == ["campaign/shop", "campaign/old", "solution/s"]


def test_table_says_what_it_cannot_know(aitrail, logs):
    ended = aitrail("running", "--from", logs, "-o", "table")

    assert [line.split()[:4] for line in ended.stdout.splitlines()[1:]] == [
        ["campaign/shop", "111122223333", "eu-central-1", "9.60"],
        ["campaign/old", "111122223333", "eu-central-1", ">=4.80"],
        ["solution/s", "111122223333", "eu-central-1", "2026-03-14T00:00:05Z"],
        ["total,", "3", ">=14.40"],
    ]
    assert "before the rows" in ended.stdout
    assert ended.stderr.startswith("3 resources billed.\n")
    assert (
        "Rows begin at 2026-03-14T00:00:01Z: what was created before, and no row names since, may exist" in ended.stderr
    )
    assert "No row is a call of GetActionRecommendations, GetPersonalizedRanking, GetRecommendations:" in ended.stderr
    assert "Some prices have no date" in ended.stderr


def test_idle_leaves_out_what_nobody_can_be_seen_to_use(aitrail, logs):
    ended = aitrail("running", "--from", logs, "--idle", "1d", "--until", "2026-03-15")

    assert [row["resource"] for row in as_json(ended)] == ["campaign/shop", "campaign/old"]
    assert "Of solution, rows cannot tell who uses it: --idle leaves it out." in ended.stderr


def test_own_prices_are_used_and_a_missing_price_is_not_zero(aitrail, logs, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("currency = 'EUR'\ndate = '2026-11'\nregion = 'eu-west-1'\nsource = 'a contract'\n")

    assert [row["costPerDay"] for row in as_json(aitrail("running", "--from", logs, "--prices", path))] == [None] * 3
    assert ">=" not in aitrail("running", "--from", logs, "--prices", path, "-o", "table").stdout


def test_nothing_is_said_to_be_nothing(aitrail, log_file, record):
    ended = aitrail("running", "--from", log_file("logs/a.json", record(1)))

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr.startswith("No events in ")


def test_options_about_callers_are_none(aitrail, logs):
    assert aitrail("running", "--from", logs, "--principal", "user/bob").exit_code == 2


def test_metrics_tell_which_resources_are_used_without_a_row(aitrail, logs, monkeypatch):
    call = replace(RECOMMENDED, at=datetime(2026, 3, 14, 20, tzinfo=UTC))
    metrics = CountedMetrics([call] * 1_500)
    monkeypatch.setattr("aitrail.cli.options.metrics.metrics_of", lambda _: metrics)
    question = ("running", "--from", logs, "--metrics", "--until", "2026-03-15")

    ended = aitrail(*question)
    table = aitrail(*question, "-o", "table")
    idle = aitrail(*question, "--idle", "14d")

    assert {row["resource"]: row["requests"] for row in as_json(ended)} == {
        "campaign/shop": 1_500,
        "campaign/old": 0,
        "solution/s": None,
    }
    assert [since.isoformat() for _, since, _ in metrics.asked] == ["2026-03-01T00:00:00+00:00"] * 3
    assert table.stdout.splitlines()[1].split()[6:8] == ["0", "1,500"]
    assert [row["resource"] for row in as_json(idle)] == ["campaign/old"]
    assert "No row is a call of" not in ended.stderr


def test_resources_that_may_not_be_billed_are_counted_apart(aitrail, call, log_file):
    logs = log_file("logs/b.json", call(1, "DescribeSolution", solutionArn=f"{ARN}solution/old"))

    ended = aitrail("running", "--from", logs, "-o", "table")

    assert ended.stderr.startswith("0 resources billed; of 1 more, it is not known.\n")

"""What is billed without being called: the life of a campaign, a recommender and a solution, told by rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.aws import known_operations
from aitrail.costs import Price, Prices
from aitrail.metering import MetricsError, Place, billed_kinds, idle_resources, running_resources, with_requests
from aitrail.questions import EventStore, usage_fields
from aitrail.services import load
from aitrail.window import BEGINNING, Window
from tests.shared.call_rows import MINUTE, NOW, START, Rows, call_row
from tests.shared.fuzzing import law
from tests.shared.metered_month import BEGIN, RECOMMENDED, CountedMetrics

WINDOW = Window(since=BEGINNING, until=NOW)
PRICES = Prices(
    currency="USD",
    date="2026-11",
    region="us-east-1",
    source="a test",
    usage={
        "us-east-1": {"personalize": {"TPS-hours": Price(price=Decimal("0.2"), per=Decimal(1))}},
        "eu-west-1": {"personalize": {"TPS-hours": Price(price=Decimal("0.25"), per=Decimal(1))}},
    },
)
LAW = law(300)


def row(minute, operation, resource="campaign/shop", **changes):
    return call_row(
        changes.pop("event_id", f"{operation}-{resource}-{minute}"),
        START + minute * MINUTE,
        operation=operation,
        resource=resource,
        **{"service": "personalize", "usage": {}} | changes,
    )


def found(*rows, **conditions):
    return running_resources(EventStore(Rows(*rows), now=lambda: NOW), WINDOW, PRICES, **conditions)


def names(*rows):
    return [each.resource for each in found(*rows).resources]


def tps(number):
    return {"usage": {"minProvisionedTPS": number}}


def test_campaign_is_billed_from_its_creation_with_what_is_provisioned():
    (campaign,) = found(
        row(0, "CreateCampaign", principal="role/builder", **tps(2)),
        row(5, "UpdateCampaign", principal="user/bob", **tps(Decimal(3))),
        row(9, "DescribeCampaign"),
    ).resources

    assert (campaign.created, campaign.created_by) == ("2026-11-21T00:00:00Z", "role/builder")
    assert (campaign.changed, campaign.changed_by) == ("2026-11-21T00:05:00Z", "user/bob")
    assert (campaign.quantity, campaign.is_least) == (3, False)
    assert campaign.cost_of_a_day == Decimal("14.4")


def test_update_that_does_not_say_what_is_provisioned_leaves_it():
    (campaign,) = found(row(0, "CreateCampaign", **tps(2)), row(5, "UpdateCampaign")).resources

    assert campaign.quantity == 2


def test_campaign_without_provisioned_tps_has_the_least_that_there_is():
    (campaign,) = found(row(0, "CreateCampaign", awsRegion="eu-west-1")).resources

    assert (campaign.quantity, campaign.is_least, campaign.cost_of_a_day) == (1, False, Decimal(6))


LIVES = {
    "created": (["CreateCampaign"], True),
    "deleted": (["CreateCampaign", "DeleteCampaign"], False),
    "deleted, and looked at while it is being deleted": (
        ["CreateCampaign", "DeleteCampaign", "DescribeCampaign"],
        False,
    ),
    "created again": (["CreateCampaign", "DeleteCampaign", "CreateCampaign"], True),
    "older than the rows": (["DescribeCampaign"], True),
    "older than the rows, and used": (["GetRecommendations"], True),
    "older than the rows, and deleted": (["DescribeCampaign", "DeleteCampaign"], False),
}


@pytest.mark.parametrize(("operations", "is_billed"), LIVES.values(), ids=LIVES)
def test_life_of_a_campaign(operations, is_billed):
    assert names(*(row(minute, each) for minute, each in enumerate(operations))) == ["campaign/shop"] * is_billed


def test_calls_that_failed_change_nothing_and_prove_nothing():
    denied = {"outcome": "denied"}

    assert names(row(0, "CreateCampaign", **denied), row(1, "DescribeCampaign", **denied)) == []
    assert names(row(0, "CreateCampaign"), row(1, "DeleteCampaign", **denied)) == ["campaign/shop"]


def test_older_campaign_costs_at_least_the_least_until_a_row_tells_more():
    (campaign,) = found(row(0, "DescribeCampaign")).resources
    (updated,) = found(row(0, "DescribeCampaign"), row(1, "UpdateCampaign", **tps(5))).resources

    assert (campaign.created, campaign.created_by, campaign.is_least) == (None, None, True)
    assert campaign.cost_of_a_day == Decimal("4.8")
    assert (updated.created, updated.is_least, updated.cost_of_a_day) == (None, False, 24)


def test_same_name_in_another_account_or_region_is_another_resource():
    rows = [
        row(0, "CreateCampaign"),
        row(1, "CreateCampaign", recipientAccountId="444455556666"),
        row(2, "CreateCampaign", awsRegion="us-east-1"),
        row(3, "DeleteCampaign", awsRegion="us-east-1"),
    ]

    assert [(each.account, each.region) for each in found(*rows).resources] == [
        ("111122223333", "eu-central-1"),
        ("444455556666", "eu-central-1"),
    ]


STOPS = {
    "stopped": (["CreateRecommender", "StopRecommender"], False),
    "started again": (["CreateRecommender", "StopRecommender", "StartRecommender"], True),
    "stopped, and changed": (["CreateRecommender", "StopRecommender", "UpdateRecommender"], False),
}


@pytest.mark.parametrize(("operations", "is_billed"), STOPS.values(), ids=STOPS)
def test_stopped_recommender_is_not_billed(operations, is_billed):
    rows = [row(minute, each, "recommender/shop") for minute, each in enumerate(operations)]

    assert names(*rows) == ["recommender/shop"] * is_billed


def test_cost_of_a_recommender_is_not_known_without_a_price():
    (recommender,) = found(row(0, "CreateRecommender", "recommender/shop")).resources

    assert (recommender.price, recommender.cost_of_a_day, recommender.quantity) == (None, None, 1)


TRAINING = {
    "turned on": ([("CreateSolution", True)], [True]),
    "turned off": ([("CreateSolution", False)], []),
    "on, as no record says it": ([("CreateSolution", None)], [True]),
    "turned off later": ([("CreateSolution", True), ("UpdateSolution", False)], []),
    "turned on later": ([("CreateSolution", False), ("UpdateSolution", True)], [True]),
    "older than the rows": ([("DescribeSolution", None)], [False]),
    "older than the rows, and turned on": ([("UpdateSolution", True)], [True]),
}


@pytest.mark.parametrize(("calls", "certain"), TRAINING.values(), ids=TRAINING)
def test_solution_is_billed_if_it_is_trained_automatically(calls, certain):
    rows = [
        row(minute, operation, "solution/shop", usage={} if value is None else {"performAutoTraining": value})
        for minute, (operation, value) in enumerate(calls)
    ]

    assert [each.is_certain for each in found(*rows).resources] == certain


def test_version_of_a_solution_is_not_another_solution():
    assert names(
        row(0, "CreateSolution", "solution/shop"), row(1, "DescribeSolutionVersion", "solution/shop/1a2b")
    ) == ["solution/shop"]


def test_last_call_is_that_of_who_uses_it_and_not_of_who_looks_at_it():
    answer = found(
        row(0, "CreateCampaign"),
        row(1, "GetRecommendations", principal="role/web"),
        row(2, "GetPersonalizedRanking", principal="role/app", outcome="throttled"),
        row(3, "DescribeCampaign", principal="user/alice"),
    )

    (campaign,) = answer.resources
    assert (campaign.calls, campaign.last_call, campaign.last_caller) == (2, "2026-11-21T00:02:00Z", "role/app")
    assert answer.uses_are_recorded


def test_copy_of_a_call_at_an_endpoint_neither_counts_nor_proves_anything():
    copy = {"eventCategory": "NetworkActivity"}
    answer = found(row(0, "CreateCampaign"), row(1, "GetRecommendations", **copy), row(2, "DeleteCampaign", **copy))

    assert [each.calls for each in answer.resources] == [0]
    assert not answer.uses_are_recorded
    assert names(row(0, "GetRecommendations", **copy, outcome="denied", errorCode="VpceAccessDenied")) == []


def test_correction_of_a_call_that_uses_a_resource_is_no_further_call():
    (campaign,) = found(
        row(0, "CreateCampaign"),
        row(1, "GetRecommendations", event_id="a", principal="role/shop"),
        row(2, "GetRecommendations", event_id="b", principal="role/app", usage={"originalEventID": "a"}),
    ).resources

    assert (campaign.calls, campaign.last_caller) == (1, "role/app")


def test_correction_of_what_is_not_billed_changes_nothing():
    data = row(1, "CreateDataset", "dataset/films", event_id="a")
    corrected = row(2, "CreateDataset", "dataset/films", event_id="b", usage={"originalEventID": "a"})
    unnamed = row(3, "ListCampaigns", None, event_id="c")
    corrected_unnamed = row(4, "ListCampaigns", None, event_id="d", usage={"originalEventID": "c"})

    assert names(row(0, "CreateCampaign"), data, corrected, unnamed, corrected_unnamed) == ["campaign/shop"]


def test_correction_takes_the_place_of_what_it_corrects():
    created = row(0, "CreateCampaign", event_id="a")
    failed = row(9, "CreateCampaign", event_id="b", outcome="server-error", usage={"originalEventID": "a"})
    deleted = row(5, "DeleteCampaign", event_id="c", outcome="throttled")
    done = row(9, "DeleteCampaign", event_id="d", usage={"originalEventID": "c"})

    assert names(created, failed) == []
    assert names(created, deleted) == ["campaign/shop"]
    assert names(created, deleted, done) == []


def test_idle_are_those_that_nobody_used_in_the_last_part_of_the_window():
    answer = found(
        *(row(0, "CreateCampaign", f"campaign/{name}") for name in ("used", "old", "never")),
        row(1, "GetRecommendations", "campaign/old"),
        row(60, "GetRecommendations", "campaign/used"),
        row(2, "CreateSolution", "solution/shop"),
    )

    idle = idle_resources(answer.resources, WINDOW, NOW - START - timedelta(hours=1))

    assert [each.resource for each in idle] == ["campaign/never", "campaign/old"]


def test_conditions_select_resources():
    rows = [row(0, "CreateCampaign"), row(0, "CreateCampaign", "campaign/other")]

    assert [each.resource for each in found(*rows, resource="campaign/o*").resources] == ["campaign/other"]


def test_nothing_at_all_is_not_said_to_be_complete():
    assert found() == found(row(0, "SynthesizeSpeech", service="polly"))
    assert (found().resources, found().first, found().uses_are_recorded) == ([], None, False)


OPERATIONS = ("CreateRecommender", "UpdateRecommender", "DeleteRecommender", "StopRecommender", "StartRecommender")


@given(
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(["ok", "denied"]), st.integers(0, 9)), max_size=12),
    st.randoms(use_true_random=False),
)
@LAW
def test_state_is_that_after_one_call_after_the_other_in_any_order_of_rows(calls, random):
    rows = [
        row(minute, operation, "recommender/r", outcome=outcome, usage={"minRecommendationRequestsPerSecond": number})
        for minute, (operation, outcome, number) in enumerate(calls)
    ]
    # Step by step, with nothing but the words of the documentation.
    exists = stopped = False
    number = None
    for operation, outcome, given_number in calls:
        if outcome == "ok":
            exists = operation != "DeleteRecommender"
            stopped = {"StopRecommender": True, "StartRecommender": False, "CreateRecommender": False}.get(
                operation, stopped
            )
            number = given_number
    random.shuffle(rows)

    assert [each.quantity for each in found(*rows).resources] == [number] * (exists and not stopped)


def test_every_kind_of_the_file_names_operations_and_fields_that_services_have(known_services):
    operations, counts, kinds = known_services

    for cycle in billed_kinds():
        assert {*cycle.operations, *cycle.used_by} <= operations
        assert {cycle.quantity, cycle.only_if} - {""} <= counts
        assert cycle.kind in kinds


@pytest.fixture
def known_services():
    """The operations, the fields of `usage` and the kinds of resources of all services."""
    registry = load()
    names = (service.name for service in registry.services)
    return known_operations(names), {*usage_fields(registry)}, registry.resource_kinds


def test_price_file_has_the_prices_of_the_kinds_that_have_one():
    assert {cycle.usage_type for cycle in billed_kinds()} - {""} == {"TPS-hours"}
    assert Prices.read().of_usage("personalize", "TPS-hours", "us-east-1").price == Decimal("0.20")
    assert datetime(2026, 11, 21, tzinfo=UTC) == START


WEEK = Window(since=BEGIN, until=BEGIN + timedelta(days=7))
USED = replace(RECOMMENDED, at=BEGIN + timedelta(days=2))


def counted_requests(rows, metrics, said=None):
    report = pytest.fail if said is None else said.append
    answer = with_requests(found(*rows).resources, metrics, WEEK, report)
    return {each.resource: each.requests for each in answer}


def test_requests_are_those_that_cloudwatch_has_counted_of_each_resource():
    rows = [
        row(0, "CreateCampaign"),
        row(0, "CreateCampaign", "campaign/other"),
        row(0, "CreateSolution", "solution/s"),
    ]
    calls = [USED, USED, replace(USED, operation="GetPersonalizedRanking"), replace(USED, at=BEGIN + timedelta(days=8))]

    requests = {"campaign/shop": 3, "campaign/other": 0, "solution/s": None}
    assert counted_requests(rows, CountedMetrics(calls)) == requests
    assert counted_requests(rows, CountedMetrics(calls, only_named=True)) == requests


def test_requests_of_another_account_are_not_those_of_this_one():
    assert counted_requests([row(0, "CreateCampaign")], CountedMetrics([replace(USED, account="444455556666")])) == {
        "campaign/shop": 0
    }


def test_requests_that_cannot_be_read_are_unknown_and_not_zero():
    denied = {Place("444455556666", "eu-central-1"): MetricsError("No.")}
    rows = [row(0, "CreateCampaign"), row(0, "CreateCampaign", "campaign/theirs", recipientAccountId="444455556666")]
    said = []

    assert counted_requests(rows, CountedMetrics([USED], denied=denied), said) == {
        "campaign/shop": 1,
        "campaign/theirs": None,
    }
    assert said == ["No. What only these metrics tell is not known."]


def test_resource_with_requests_is_not_idle_although_no_row_is_a_call():
    answer = found(row(0, "CreateCampaign"), row(0, "CreateCampaign", "campaign/other"))

    used = with_requests(answer.resources, CountedMetrics([USED]), WEEK, pytest.fail)

    assert [each.resource for each in idle_resources(used, WINDOW, timedelta(days=1))] == ["campaign/other"]

from datetime import UTC, datetime, timedelta

import pytest

from aitrail.dynamodb.tables import BY_PRINCIPAL, BY_RESOURCE, BY_SERVICE
from aitrail.questions import Filter
from aitrail.questions.planner import Plan
from aitrail.services import load
from aitrail.window import Day, Window

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
WINDOW = Window(since=NOON - timedelta(days=1), until=NOON)
TODAY = Day("2026-03-14", "2026-03-14T00:00:00Z", "2026-03-14T11:59:59Z")
YESTERDAY = Day("2026-03-13", "2026-03-13T12:00:00Z", "2026-03-13T23:59:59Z")
ALL_SERVICES = ("lex", "personalize", "polly", "transcribe")


def plan_of(window=WINDOW, **conditions):
    return Plan.of(Filter(**conditions), window, load())


@pytest.mark.parametrize(
    ("conditions", "index", "values"),
    [
        ({}, BY_SERVICE, ALL_SERVICES),
        ({"service": ("polly", "lex")}, BY_SERVICE, ("polly", "lex")),
        ({"service": ("polly", "polly")}, BY_SERVICE, ("polly",)),
        ({"principal": ("root",)}, BY_PRINCIPAL, ("root",)),
        ({"resource": ("bot/A", "bot/B")}, BY_RESOURCE, ("bot/A", "bot/B")),
        ({"principal": ("root",), "resource": ("bot/A",), "service": ("lex",)}, BY_PRINCIPAL, ("root",)),
        ({"principal": ("user/*",), "resource": ("bot/A",)}, BY_RESOURCE, ("bot/A",)),
        ({"principal": ("root", "user/*"), "resource": ("bot/?",)}, BY_SERVICE, ALL_SERVICES),
        ({"operation": ("ListBots",)}, BY_SERVICE, ALL_SERVICES),
        ({"principal": ("!root",), "resource": ("!bot/A",)}, BY_SERVICE, ALL_SERVICES),
        ({"principal": ("!root",), "resource": ("bot/A", "!bot/*")}, BY_RESOURCE, ("bot/A",)),
        ({"principal": ("root", "!user/*")}, BY_PRINCIPAL, ("root",)),
        ({"service": ("!polly", "!lex")}, BY_SERVICE, ("personalize", "transcribe")),
        ({"service": ("lex", "polly", "!polly")}, BY_SERVICE, ("lex",)),
    ],
    ids=str,
)
def test_index_is_the_one_with_the_fewest_rows_of_those_whose_values_are_known(conditions, index, values):
    plan = plan_of(**conditions)

    assert plan.index is index
    assert sorted(plan.values) == sorted(values)


@pytest.mark.parametrize(
    ("conditions", "beside"),
    [
        ({"resource": ("lexicon/a",)}, ("polly",)),
        ({"resource": ("lexicon/a", "voice/vc-1", "vocabulary/b", "bot/A")}, ("polly", "transcribe")),
        ({"resource": ("lexicon/a",), "service": ("polly", "lex")}, ("polly",)),
        ({"resource": ("lexicon/a",), "service": ("lex",)}, ()),
        ({"resource": ("bot/A",)}, ()),
        ({"resource": ("lexicon/*",)}, ()),
        ({"resource": ("lexicon/a",), "principal": ("root",)}, ()),
    ],
    ids=str,
)
def test_services_whose_calls_may_have_the_resource_as_a_further_one_are_read_as_well(conditions, beside):
    assert plan_of(**conditions).beside == beside


def test_query_of_further_resources_leaves_out_rows_without_any_and_compares_no_key():
    plan = plan_of(resource=("lexicon/a",), service=("polly",), outcome=("ok",))

    query = plan.query_beside("polly", TODAY)

    assert query["IndexName"] == "by-service"
    assert query["FilterExpression"] == "attribute_exists(#usage.#resources) AND #f0 IN (:f0v0)"
    assert query["ExpressionAttributeNames"] | {"#f0": "outcome"} == query["ExpressionAttributeNames"]
    assert "service" in plan.query("lexicon/a", TODAY)["ExpressionAttributeNames"].values()
    assert str(plan) == "index by-resource, 1 value, and by-service, 1 value x 2 days"


def test_resource_that_may_be_a_further_one_is_not_compared_by_dynamodb():
    columns = {
        name: [column for column, _ in plan_of(principal=("root",), resource=(f"{name}/A",)).compared]
        for name in ("lexicon", "bot")
    }

    assert columns == {"lexicon": [], "bot": ["resource"]}


@pytest.mark.parametrize(
    ("conditions", "is_exact"),
    [
        ({}, True),
        ({"service": ("polly",)}, True),
        ({"principal": ("root",)}, True),
        ({"resource": ("bot/A",)}, True),
        ({"resource": ("lexicon/a",)}, False),
        ({"principal": ("user/*",)}, False),
        ({"principal": ("root",), "service": ("lex",)}, False),
        ({"service": ("polly",), "read_only": False}, False),
        ({"outcome": ("denied",)}, False),
        ({"service": ("!polly",)}, True),
        ({"user_agent": ("Boto3/*",)}, False),
        ({"mfa": False}, False),
    ],
    ids=str,
)
def test_plan_is_exact_where_every_row_of_the_index_is_wanted(conditions, is_exact):
    assert plan_of(**conditions).is_exact is is_exact


def test_days_are_those_of_the_window_newest_first():
    assert plan_of().days == (TODAY, YESTERDAY)


def test_empty_window_has_no_days():
    assert plan_of(Window(since=NOON, until=NOON)).days == ()


@pytest.mark.parametrize(
    ("conditions", "compared"),
    [
        ({"service": ("polly",)}, {}),
        ({"principal": ("root",), "service": ("lex",)}, {"service": ("lex",)}),
        ({"resource": ("bot/A",), "principal": ("user/*",)}, {}),
        ({"operation": ("ListBots", "DeleteBot")}, {"operation": ("ListBots", "DeleteBot")}),
        ({"operation": ("ListBots", "Delete*")}, {}),
        ({"account": ("111122223333",)}, {"recipientAccountId": ("111122223333",)}),
        ({"principal_account": ("444455556666",)}, {"principalAccount": ("444455556666",)}),
        ({"region": ("eu-west-1",)}, {"awsRegion": ("eu-west-1",)}),
        ({"outcome": ("denied",)}, {"outcome": ("denied",)}),
        ({"credentials": ("root",)}, {"credentials": ("root",)}),
        ({"access_key": ("AKIAIOSFODNN7EXAMPLE",)}, {"accessKeyId": ("AKIAIOSFODNN7EXAMPLE",)}),
        ({"source_ip": ("192.0.2.41",)}, {"sourceIPAddress": ("192.0.2.41",)}),
        ({"source_ip": ("192.0.2.41", "192.0.2.0/24")}, {}),
        ({"source_ip": ("2001:db8::1",)}, {}),
        ({"event_category": ("Data",)}, {}),
        ({"session": ("build",)}, {"sessionName": ("build",)}),
        ({"outcome": ("!ok",), "region": ("eu-west-1", "!us-east-1")}, {"awsRegion": ("eu-west-1",)}),
        ({"error_code": ("AccessDenied",), "engine": ("neural",)}, {}),
        ({"read_only": True}, {}),
    ],
    ids=str,
)
def test_what_rows_have_to_equal_is_compared_by_dynamodb(conditions, compared):
    assert dict(plan_of(**conditions).compared) == compared


def texts(count):
    return tuple(f"Operation{number}" for number in range(count))


def test_more_values_than_an_expression_takes_are_not_compared():
    assert dict(plan_of(operation=texts(100)).compared) == {"operation": texts(100)}
    assert plan_of(operation=texts(101)).compared == ()


def test_conditions_with_the_fewest_values_come_first_and_all_together_fit_into_an_expression():
    many = ("operation", "account", "region", "outcome", "source_ip")

    plan = plan_of(principal=("root",), **dict.fromkeys(many, texts(100)), access_key=texts(1), credentials=texts(2))

    compared = [(column, len(values)) for column, values in plan.compared]
    assert compared == [
        ("accessKeyId", 1),
        ("credentials", 2),
        ("operation", 100),
        ("recipientAccountId", 100),
        ("awsRegion", 100),
    ]
    assert len(plan.query("root", TODAY)["FilterExpression"]) <= 4096


def test_the_longest_filter_is_no_longer_than_dynamodb_takes():
    columns = ("operation", "account", "region", "outcome", "source_ip", "access_key", "credentials", "service")

    plan = plan_of(principal=("root",), **dict.fromkeys(columns, texts(50)))

    assert sum(len(values) for _, values in plan.compared) == 400
    assert len(plan.query("root", TODAY)["FilterExpression"]) <= 4096


def test_query_names_index_key_day_and_times():
    assert plan_of(service=("polly",)).query("polly", YESTERDAY) == {
        "IndexName": "by-service",
        "KeyConditionExpression": "#key = :key AND #day = :day AND #time BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#key": "service", "#day": "eventDay", "#time": "eventTime"},
        "ExpressionAttributeValues": {
            ":key": {"S": "polly"},
            ":day": {"S": "2026-03-13"},
            ":first": {"S": "2026-03-13T12:00:00Z"},
            ":last": {"S": "2026-03-13T23:59:59Z"},
        },
    }


def test_query_has_a_filter_of_what_is_compared():
    query = plan_of(principal=("root",), service=("lex", "polly"), outcome=("denied",)).query("root", TODAY)

    assert query["FilterExpression"] == "#f0 IN (:f0v0) AND #f1 IN (:f1v0, :f1v1)"
    assert query["ExpressionAttributeNames"].items() >= {("#f0", "outcome"), ("#f1", "service")}
    values = query["ExpressionAttributeValues"]
    assert [values[name]["S"] for name in (":f0v0", ":f1v0", ":f1v1")] == ["denied", "lex", "polly"]


def test_plan_says_in_words_what_it_asks():
    assert str(plan_of()) == "index by-service, 4 values x 2 days"

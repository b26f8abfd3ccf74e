"""Teams and networks: the first team that a call matches, and the smallest network that its address is in."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions import NOTHING_NAMED, ConditionError, Filter, Naming, Network, PlacedResource, Team, checked
from aitrail.questions.planner import Plan
from aitrail.services import load
from aitrail.window import Window
from tests.shared.wanted_rows import LONG, NAMING, filters, is_wanted, network_of, rows, team_of

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)
ROWS = rows(st.just("2026-03-14T12:00:00Z"))
ODD = [None, 7, 1.5, True, [], ["user/Alice"], {"a": "b"}, "", "\ud800"]


def some(*values):
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


PLACED = st.builds(
    PlacedResource,
    st.sampled_from(["lexicon/names", "lexicon/*", f"lexicon/{LONG}", "campaign/shop", "transcription-job/call-17"]),
    st.sampled_from([None, "111122223333"]),
    st.sampled_from([None, "eu-west-1"]),
)
TEAMS = st.lists(
    st.builds(
        lambda **values: values,
        principals=some("user/Alice", "user/Bob", "role/*", "root"),
        accounts=some("111122223333", "444455556666"),
        sessions=some("session", "i-*"),
        resources=st.lists(PLACED, max_size=2).map(tuple),
    ),
    max_size=4,
).map(lambda found: tuple(Team(name=f"team-{number}", **values) for number, values in enumerate(found)))


@LAW
@given(teams=TEAMS, row=ROWS, seed=st.randoms())
def test_call_belongs_to_the_first_team_in_any_order_of_teams_that_any_of_its_attributes_matches(teams, row, seed):
    naming = Naming(teams=teams)
    shuffled = Naming(teams=tuple(seed.sample(teams, len(teams))))
    alone = {team.name: Naming(teams=(team,)) for team in shuffled.teams}

    assert naming.team_of(row) == team_of(row, naming)
    assert shuffled.team_of(row) == next((name for name, one in alone.items() if one.team_of(row)), None)


@LAW
@given(row=ROWS)
def test_narrow_columns_are_enough(row):
    narrow = {name: value for name, value in row.items() if name in NARROW_COLUMNS}

    assert (NAMING.team_of(narrow), NAMING.network_of(narrow)) == (NAMING.team_of(row), NAMING.network_of(row))


def test_further_resources_of_a_call_count_in_its_account_and_region():
    team = Team(name="a", resources=(PlacedResource("lexicon/b", "111122223333", "eu-west-1"),))
    call = {"recipientAccountId": "111122223333", "awsRegion": "eu-west-1", "usage": {"resources": ["lexicon/b"]}}

    assert Naming(teams=(team,)).team_of(call) == "a"
    for other in ({"awsRegion": "eu-west-2"}, {"recipientAccountId": 7}, {"usage": {"resources": "lexicon/b"}}):
        assert Naming(teams=(team,)).team_of(call | other) is None


BITS = {4: 32, 6: 128}
# Few bits differ, so that networks contain each other and addresses.
NUMBERS = st.lists(st.sampled_from([0, 1, 2, 5, 30, 31]), max_size=4).map(lambda bits: sum(1 << bit for bit in {*bits}))


@st.composite
def addresses(draw):
    version = draw(st.sampled_from([4, 6]))
    number = draw(NUMBERS) << (BITS[version] - 32 if draw(st.booleans()) else 0)
    return str(ip_address(number.to_bytes(BITS[version] // 8, "big")))


BLOCKS = st.builds(
    lambda address, length: str(ip_network(f"{address}/{length % (33 if '.' in address else 129)}", strict=False)),
    addresses(),
    st.integers(0, 128),
)


@LAW
@given(blocks=st.lists(BLOCKS, max_size=8, unique=True), asked=st.lists(addresses(), min_size=1, max_size=8))
def test_network_is_the_one_with_the_longest_prefix(blocks, asked):
    naming = Naming(networks=tuple(Network(name=block, blocks=(block,)) for block in blocks))

    for address in asked:
        row = {"sourceIPAddress": address}
        containing = [ip_network(block) for block in blocks if ip_address(address) in ip_network(block)]
        longest = max(containing, key=lambda block: block.prefixlen, default=None)
        assert naming.network_of(row) == network_of(row, naming) == (longest and str(longest))


@pytest.mark.parametrize("value", [*ODD, "AWS Internal", "lex.amazonaws.com", "192.0.2.0/24", "192.0.2.041"], ids=ascii)
def test_what_is_no_address_is_in_no_network(value):
    every = Naming(networks=(Network(name="all", blocks=("0.0.0.0/0", "::/0")),))

    assert every.network_of({"sourceIPAddress": value}) is None
    assert every.network_of({}) is None
    assert every.network_of({"sourceIPAddress": "2001:0db8::0:1"}) == "all"


@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_rows_of_any_shape_belong_to_no_team(value):
    columns = ("principal", "recipientAccountId", "sessionName", "resource", "awsRegion", "usage")

    for row in ({}, dict.fromkeys(columns, value), {"usage": {"resources": value}}, {"usage": {"resources": [value]}}):
        assert NAMING.team_of(row) is None


@LAW
@given(row=ROWS, wanted=filters(("team", "network", "principal", "resource", "account")))
def test_what_a_plan_reads_or_compares_is_never_less_than_what_is_wanted(row, wanted):
    if is_wanted(row, wanted):
        assert wanted.of_indexes().matcher()(row)
        for name in ("principal", "account", "session"):
            column = {"principal": "principal", "account": "recipientAccountId", "session": "sessionName"}[name]
            assert row.get(column) in (wanted.exact(name) or [row.get(column)])


@pytest.mark.parametrize(
    ("wanted", "condition", "values"),
    [
        (("owners",), "principal", ("root", "user/Alice", "user/Bob")),
        (("people",), "principal", ()),
        (("owners", "people"), "principal", ()),
        (("OWN*",), "principal", ("root", "user/Alice", "user/Bob")),
        (("Lexicons",), "resource", (f"lexicon/{LONG}", "lexicon/names")),
        (("shop",), "resource", ()),
        (("Lexicons", "owners"), "resource", ()),
        (("billing",), "account", ("444455556666",)),
        (("billing",), "principal", ()),
        ((), "principal", ()),
    ],
    ids=str,
)
def test_values_of_teams_are_exact_if_all_wanted_teams_have_only_these(wanted, condition, values):
    assert NAMING.exact(wanted, condition) == values


@pytest.mark.parametrize(
    ("conditions", "index", "count"),
    [
        ({"team": "owners"}, "by-principal", 3),
        ({"team": "Lexicons"}, "by-resource", 2),
        ({"team": ["owners", "!people"]}, "by-principal", 3),
        ({"team": "owners", "principal": "role/*"}, "by-principal", 3),
        ({"team": "owners", "principal": "root"}, "by-principal", 1),
        ({"team": "people"}, "by-service", 4),
        ({"team": ["owners", "people"]}, "by-service", 4),
        ({"team": "!owners"}, "by-service", 4),
        ({"network": "office", "service": "lex"}, "by-service", 1),
    ],
    ids=str,
)
def test_plan_reads_the_index_of_what_all_wanted_teams_consist_of(conditions, index, count):
    window = Window(since=NOON - timedelta(hours=12), until=NOON)
    plan = Plan.of(Filter.of(naming=NAMING, **conditions), window, load())

    assert (plan.index.name, len(plan.values), plan.is_exact) == (index, count, False)


def test_filter_without_these_conditions_is_the_same_with_any_names():
    assert Filter.of(naming=NAMING, principal="root") == Filter.of(principal="root")
    assert Filter.of(naming=NAMING, team="owners").naming == NAMING.only(["team"])
    assert Filter.of(naming=NAMING, team=()).naming == NOTHING_NAMED


def test_names_are_spelled_as_in_the_file_and_patterns_have_to_match_one():
    spelled = checked({"team": ["LEXICONS", "!own*"], "network": "Desk"}, naming=NAMING)

    assert spelled == {"team": ("Lexicons", "!own*"), "network": ("desk",)}
    messages = {
        "owner": "'owner' is not a known team: did you mean owners?",
        "!x*": "'x*' is not a known team.",
    }
    for text, message in messages.items():
        with pytest.raises(ConditionError) as refused:
            checked({"team": text}, naming=NAMING)
        assert str(refused.value).startswith(message)
        assert str(refused.value).endswith(" Choose from people, owners, shop, Lexicons, billing.")
        assert (refused.value.condition, refused.value.text) == ("team", text)


def test_few_of_many_names_are_listed():
    many = Naming(networks=tuple(Network(name=f"net-{number}", blocks=()) for number in range(1000)))

    with pytest.raises(ConditionError) as refused:
        checked({"network": "\x1b" * 1000}, naming=many)

    assert str(refused.value).endswith("Choose from " + ", ".join(f"net-{n}" for n in range(12)) + " and 988 more.")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 420


@pytest.mark.parametrize("kind", ["team", "network"])
@pytest.mark.parametrize("text", ["search", "!*", "\x1b"], ids=ascii)
def test_without_names_the_error_says_how_to_give_some(kind, text):
    with pytest.raises(ConditionError, match=f"^No {kind}s are defined: .*configuration file.* shows how.$"):
        checked({kind: text})


def test_fingerprint_is_that_of_names_meanings_and_order():
    teams = NAMING.teams
    others = [Naming(teams=teams), Naming(teams=teams[::-1]), Naming(networks=NAMING.networks), NOTHING_NAMED]

    assert len({each.fingerprint for each in (NAMING, *others)}) == 5
    assert Naming(teams=teams, networks=NAMING.networks).fingerprint == NAMING.fingerprint

"""What the name of a log file says of its events, compared with what a question needs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.deliveries import Needed, Origins
from aitrail.window import LATEST, Window
from tests.shared.fuzzing import law

ACCOUNTS, REGIONS = ("111122223333", "444455556666"), ("eu-west-1", "us-gov-east-1")
DAY = Window(since=datetime(2026, 3, 14, tzinfo=UTC), until=datetime(2026, 3, 15, tzinfo=UTC))
BEFORE, AFTER = "delivered before the window", "delivered over a week after the window"


def key(time="20260314T0925", account=ACCOUNTS[0], region=REGIONS[0], folder="CloudTrail", home="AWSLogs"):
    day = f"{time[:4]}/{time[4:6]}/{time[6:8]}"
    return f"{home}/{account}/{folder}/{region}/{day}/{account}_CloudTrail_{region}_{time}Z_Zr5tYh2kQw8eLp0N.json.gz"


NAMES = {
    "in the window": (key(), None),
    "an hour before": (key("20260313T2300"), None),
    "a minute more": (key("20260313T2259"), BEFORE),
    "a week after": (key("20260322T0000"), None),
    "a week and a minute after": (key("20260322T0001"), AFTER),
    "network activity": (key("20260401T0000", folder="CloudTrail-NetworkActivity"), AFTER),
    "organization": (key("20260401T0000", home="/mnt/AWSLogs/o-a1b2c3d4e5"), AFTER),
    "another account": (key(account=ACCOUNTS[1]), "of another account"),
    "another Region": (key(region=REGIONS[1]), "of another Region"),
    "without folders": (key("20200101T0000", account=ACCOUNTS[1]).rpartition("/")[2], None),
    "no name of CloudTrail's": ("AWSLogs/111122223333/CloudTrail/eu-west-1/2020/01/01/copy.json.gz", None),
    "impossible time": (key("20201399T9999"), None),
    "folder of another day": (key("20200101T0000").replace("2020/01/01", "2020/01/02"), None),
    "folder of another account": (key("20200101T0000").replace("AWSLogs/1111", "AWSLogs/2222"), None),
    "folder of another Region": (key("20200101T0000").replace("/eu-west-1/", "/eu-west-2/"), None),
}


@pytest.mark.parametrize(("name", "expected"), NAMES.values(), ids=NAMES)
def test_a_log_file_is_needed_unless_its_name_and_folders_agree_that_it_is_not(name, expected):
    origins = Origins(accounts=frozenset(ACCOUNTS[:1]), regions=frozenset(REGIONS[:1]))

    assert Needed(window=DAY, origins=origins).why_not()(name) == expected
    assert Needed().why_not()(name) is None


MOMENTS = st.one_of(
    st.sampled_from([datetime.min.replace(tzinfo=UTC), LATEST, LATEST - timedelta(days=7)]),
    st.integers(0, 40).map(lambda days: DAY.since + timedelta(days=days - 20)),
)
NEEDED = st.builds(
    lambda ends, accounts, regions: Needed(
        window=Window(since=min(ends), until=max(ends)), origins=Origins(accounts=accounts, regions=regions)
    ),
    st.tuples(MOMENTS, MOMENTS),
    st.frozensets(st.sampled_from(ACCOUNTS)),
    st.frozensets(st.sampled_from(REGIONS)),
)
KEYS = st.builds(
    lambda at, account, region: key(f"{at:%Y%m%dT%H%M}", account, region),
    st.integers(0, 50).map(lambda days: DAY.since + timedelta(days=days - 25)),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(REGIONS),
)


@law(300)
@given(some=NEEDED, others=NEEDED, name=KEYS)
def test_what_includes_others_needs_at_least_their_log_files(some, others, name):
    if some.includes(others) and some.why_not()(name):
        assert others.why_not()(name)
    assert some.includes(some)
    assert Needed().includes(some)

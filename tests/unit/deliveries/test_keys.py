from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aitrail.deliveries import (
    DIGEST_FOLDER,
    Kind,
    LogKey,
    Scope,
    is_digest_folder,
    kind_of,
    log_key_of,
    origin_of,
)
from tests.shared.fuzzing import law

LAW = law(300)

HOME = "AWSLogs/111122223333"
LOG_NAME = "111122223333_CloudTrail_us-east-2_20260314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
LOG_KEY = f"{HOME}/CloudTrail/us-east-2/2026/03/14/{LOG_NAME}"
LOG = LogKey(
    kind=Kind.LOG_FILE,
    prefix="",
    organization=None,
    account="111122223333",
    region="us-east-2",
    delivery_day="2026-03-14",
    delivered_at="2026-03-14T09:25:00Z",
)


def log_key(name, region="us-east-2", day="2026/03/14", folder="CloudTrail"):
    return f"{HOME}/{folder}/{region}/{day}/{name}"


PARSED = {
    "log file": (LOG_KEY, LOG),
    "log file below a prefix": (f"my/logs/{LOG_KEY}", replace(LOG, prefix="my/logs/")),
    "prefix of odd characters": (f"a b+c%2F=\nü/{LOG_KEY}", replace(LOG, prefix="a b+c%2F=\nü/")),
    "prefix that is a slash": (f"/{LOG_KEY}", replace(LOG, prefix="/")),
    "prefix that looks like a path of CloudTrail": (f"{HOME}/Config/{LOG_KEY}", replace(LOG, prefix=f"{HOME}/Config/")),
    "organization": (
        LOG_KEY.replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/"),
        replace(LOG, organization="o-a1b2c3d4e5"),
    ),
    "organization as prefix and as segment": (
        f"o-a1b2c3d4e5/{LOG_KEY}".replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/"),
        replace(LOG, prefix="o-a1b2c3d4e5/", organization="o-a1b2c3d4e5"),
    ),
    "China": (LOG_KEY.replace("us-east-2", "cn-northwest-1"), replace(LOG, region="cn-northwest-1")),
    "GovCloud": (LOG_KEY.replace("us-east-2", "us-gov-west-1"), replace(LOG, region="us-gov-west-1")),
    "isolated region": (LOG_KEY.replace("us-east-2", "eu-isoe-west-1"), replace(LOG, region="eu-isoe-west-1")),
    "name of 2014 without underscore before the unique string": (
        log_key("111122223333_CloudTrail_us-east-2_20140620T1255ZHdkvFTXOA3Vnhbc.json.gz", day="2014/06/20"),
        replace(LOG, delivery_day="2014-06-20", delivered_at="2014-06-20T12:55:00Z"),
    ),
    "name without a time": (
        log_key("111122223333_CloudTrail_us-east-2_copy.json.gz"),
        replace(LOG, delivered_at=None),
    ),
    "name without anything": (log_key("111122223333_CloudTrail_.json.gz"), replace(LOG, delivered_at=None)),
    "name with an impossible month": (
        log_key("111122223333_CloudTrail_us-east-2_20261314T0925Z_x.json.gz"),
        replace(LOG, delivered_at=None),
    ),
    "name with 30 February": (
        log_key("111122223333_CloudTrail_us-east-2_20260230T0925Z_x.json.gz"),
        replace(LOG, delivered_at=None),
    ),
    "name with hour 24": (
        log_key("111122223333_CloudTrail_us-east-2_20260314T2400Z_x.json.gz"),
        replace(LOG, delivered_at=None),
    ),
    "name with year 0": (
        log_key("111122223333_CloudTrail_us-east-2_00000314T0925Z_x.json.gz"),
        replace(LOG, delivered_at=None),
    ),
    "name with year 1": (
        log_key("111122223333_CloudTrail_us-east-2_00010314T0925Z_x.json.gz"),
        replace(LOG, delivered_at=None),
    ),
    "path with an impossible day": (
        LOG_KEY.replace("2026/03/14", "2026/13/99"),
        replace(LOG, delivery_day="2026-13-99"),
    ),
    "network activity under its own name": (
        LOG_KEY.replace("CloudTrail", "CloudTrail-NetworkActivity"),
        replace(LOG, kind=Kind.NETWORK_ACTIVITY),
    ),
    "network activity under the common name": (
        LOG_KEY.replace("/CloudTrail/", "/CloudTrail-NetworkActivity/"),
        replace(LOG, kind=Kind.NETWORK_ACTIVITY),
    ),
    "digest": (
        log_key(
            "111122223333_CloudTrail-Digest_us-east-2_my_trail.1_eu-west-1_20260314T092501Z.json.gz",
            folder="CloudTrail-Digest",
        ),
        replace(LOG, kind=Kind.DIGEST, delivered_at="2026-03-14T09:25:01Z"),
    ),
    "backfilled digest": (
        log_key(
            "111122223333_CloudTrail-Digest_us-east-2_trail_us-east-2_20260314T092501Z_backfill.json.gz",
            folder="CloudTrail-Digest",
        ),
        replace(LOG, kind=Kind.DIGEST, delivered_at="2026-03-14T09:25:01Z"),
    ),
    "digest of a trail named like a time": (
        log_key(
            "111122223333_CloudTrail-Digest_us-east-2_t_20200101T000000Z_us-east-2_20260314T092501Z.json.gz",
            folder="CloudTrail-Digest",
        ),
        replace(LOG, kind=Kind.DIGEST, delivered_at="2026-03-14T09:25:01Z"),
    ),
    "digest with second 60": (
        log_key(
            "111122223333_CloudTrail-Digest_us-east-2_trail_us-east-2_20260314T092560Z.json.gz",
            folder="CloudTrail-Digest",
        ),
        replace(LOG, kind=Kind.DIGEST, delivered_at=None),
    ),
}

NOT_PARSED = {
    "digest with a time of minutes": (
        log_key(
            "111122223333_CloudTrail-Digest_us-east-2_trail_us-east-2_20260314T0925Z.json.gz",
            folder="CloudTrail-Digest",
        ),
        Kind.OTHER,
    ),
    "digest of no trail": (
        log_key("111122223333_CloudTrail-Digest_us-east-2_20260314T092501Z.json.gz", folder="CloudTrail-Digest"),
        Kind.OTHER,
    ),
    "empty key": ("", Kind.OTHER),
    "bare log file name": (LOG_NAME, Kind.OTHER),
    "name without path of CloudTrail": (f"archive/2026/{LOG_NAME}", Kind.OTHER),
    "path without name of CloudTrail": (log_key("notes.json.gz"), Kind.OTHER),
    "AWSLogs as end of another segment": (f"my{LOG_KEY}", Kind.OTHER),
    "account of 11 digits": (LOG_KEY.replace("111122223333", "11112222333"), Kind.OTHER),
    "account with an Arabic digit": (
        LOG_KEY.replace("111122223333", "1111222233\N{ARABIC-INDIC DIGIT THREE}3"),
        Kind.OTHER,
    ),
    "day with a fullwidth digit": (LOG_KEY.replace("/14/", "/\N{FULLWIDTH DIGIT ONE}4/"), Kind.OTHER),
    "day without padding": (LOG_KEY.replace("/03/", "/3/"), Kind.OTHER),
    "organization in capitals": (LOG_KEY.replace("AWSLogs/", "AWSLogs/o-A1B2C3D4E5/"), Kind.OTHER),
    "not compressed": (LOG_KEY.removesuffix(".gz"), Kind.OTHER),
    "more after the suffix": (f"{LOG_KEY}.part", Kind.OTHER),
    "newline after the suffix": (f"{LOG_KEY}\n", Kind.OTHER),
    "one more folder": (LOG_KEY.replace("/14/", "/14/09/"), Kind.OTHER),
    "percent-encoded": (LOG_KEY.replace("/", "%2F"), Kind.OTHER),
    "other letter case": (LOG_KEY.lower(), Kind.OTHER),
    "digest among the log files": (LOG_KEY.replace("_CloudTrail_", "_CloudTrail-Digest_"), Kind.OTHER),
    "insight file among the log files": (LOG_KEY.replace("_CloudTrail_", "_CloudTrail-Insight_"), Kind.OTHER),
    "unknown folder of CloudTrail": (LOG_KEY.replace("CloudTrail", "CloudTrail-Future"), Kind.OTHER),
    "folder of CloudTrail Lake": (f"{HOME}/CloudTrail-Lake/Query/2026/03/14/result_1.csv.gz", Kind.OTHER),
    "insight": (LOG_KEY.replace("CloudTrail", "CloudTrail-Insight"), Kind.INSIGHT),
    "insight of an organization": (
        f"p/AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail-Insight/us-east-2/2026/03/14/{LOG_NAME}",
        Kind.INSIGHT,
    ),
    "aggregated": (LOG_KEY.replace("/CloudTrail/", "/CloudTrail-Aggregated/"), Kind.AGGREGATED),
    "configuration history": (
        f"{HOME}/Config/us-east-2/2026/3/4/ConfigHistory/111122223333_Config_us-east-2_AWS::RDS::DBInstance_1.json.gz",
        Kind.CONFIG,
    ),
    "configuration snapshot of an organization": (
        "AWSLogs/o-a1b2c3d4e5/111122223333/Config/us-east-2/2026/3/4/ConfigSnapshot/111122223333_Config_1a2b.json.gz",
        Kind.CONFIG,
    ),
    "configuration writability check": (f"{HOME}/Config/ConfigWritabilityCheckFile", Kind.CONFIG),
    "load balancer": (
        f"{HOME}/elasticloadbalancing/us-east-2/2026/03/14/111122223333_elasticloadbalancing_us-east-2_app.web_1.log.gz",
        Kind.OTHER,
    ),
    "flow log": (
        f"{HOME}/vpcflowlogs/us-east-2/2026/03/14/111122223333_vpcflowlogs_us-east-2_fl-0a1b_20260314T0925Z_1a.log.gz",
        Kind.OTHER,
    ),
    "web firewall": (
        f"{HOME}/WAFLogs/us-east-2/acl/2026/03/14/09/25/111122223333_waflogs_us-east-2_acl_20260314T0925Z_1a2b.log.gz",
        Kind.OTHER,
    ),
    "GuardDuty": (f"{HOME}/GuardDuty/us-east-2/2026/03/14/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9.jsonl.gz", Kind.OTHER),
    "folder of a day": (f"{HOME}/CloudTrail/us-east-2/2026/03/14/", Kind.FOLDER),
    "folder of AWSLogs": ("AWSLogs/", Kind.FOLDER),
    "folder of Config": (f"{HOME}/Config/", Kind.FOLDER),
    "folder named like a log file": (f"{LOG_KEY}/", Kind.FOLDER),
    "folder marker of Hadoop": (f"{HOME}/CloudTrail_$folder$", Kind.FOLDER),
}


@pytest.mark.parametrize(("key", "expected"), PARSED.values(), ids=PARSED.keys())
def test_log_key_says_what_path_and_name_say(key, expected):
    assert log_key_of(key) == expected
    assert kind_of(key) is expected.kind


@pytest.mark.parametrize(("key", "expected"), NOT_PARSED.values(), ids=NOT_PARSED.keys())
def test_every_other_key_is_sorted_by_its_kind_and_not_parsed(key, expected):
    assert kind_of(key) is expected
    assert log_key_of(key) is None


def test_only_log_files_and_network_activity_are_ingested():
    ingested = {kind for kind in Kind if kind.ingested}

    assert ingested == {Kind.LOG_FILE, Kind.NETWORK_ACTIVITY}


def test_kinds_are_the_words_of_the_ledger():
    assert [str(kind) for kind in Kind] == [
        "log-file",
        "network-activity",
        "digest",
        "insight",
        "aggregated",
        "folder",
        "config",
        "other",
    ]


@LAW
@given(prefix=st.text())
def test_any_prefix_leaves_the_log_file_what_it_is(prefix):
    found = log_key_of(f"{prefix}/{LOG_KEY}")

    assert found == replace(LOG, prefix=f"{prefix}/")


@LAW
@given(
    pieces=st.lists(
        st.sampled_from(LOG_KEY.replace("/", "\0/\0").replace("_", "\0_\0").split("\0"))
        | st.sampled_from(["o-a1", "Config", "CloudTrail-Digest", "\n", "%", "\N{ARABIC-INDIC DIGIT ONE}"])
        | st.text(max_size=3),
        max_size=40,
    )
)
def test_any_key_has_exactly_one_kind_and_parses_only_if_that_is_of_cloudtrail(pieces):
    key = "".join(pieces)

    kind = kind_of(key)

    assert (log_key_of(key) is not None) == (kind in {Kind.LOG_FILE, Kind.NETWORK_ACTIVITY, Kind.DIGEST})


# The longest key in S3 has 1,024 bytes; even a hundred times that is fast, unless matching is more than linear.
@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    [
        "/",
        "\n",
        "_",
        "AWSLogs/",
        "AWSLogs/o-a/",
        "AWSLogs/o-",
        f"{HOME}/",
        f"{HOME}/CloudTrail/",
        f"{HOME}/Config",
        LOG_KEY,
        "_20260314T092501Z",
        ".json.gz",
    ],
)
@pytest.mark.parametrize(
    "start", ["", f"{HOME}/CloudTrail-Digest/us-east-2/2026/03/14/111122223333_CloudTrail-Digest_"]
)
def test_hostile_keys_are_sorted_in_linear_time(start, piece):
    key = start + piece * (100 * 1024 // len(piece)) + "!"

    assert kind_of(key) in {Kind.OTHER, Kind.CONFIG}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ["_", "-", "a_", "\n", "_20260314T092501", "_20260314T092501Z_"])
def test_time_of_a_hostile_digest_name_is_sought_in_linear_time(piece):
    name = f"111122223333_CloudTrail-Digest_{piece * (100 * 1024 // len(piece))}.json.gz"

    found = log_key_of(log_key(name, folder="CloudTrail-Digest"))

    assert found is None


ORGANIZATION = "o-a1b2c3d4e5"
INSIDE = LOG_KEY.replace("AWSLogs/", f"AWSLogs/{ORGANIZATION}/")
OTHERS = {
    "another account": LOG_KEY.replace("111122223333", "444455556666"),
    "another account of the organization": INSIDE.replace("111122223333", "444455556666"),
    "another organization": INSIDE.replace(ORGANIZATION, "o-zzzzzzzzzz"),
    "Config of another account": "AWSLogs/444455556666/Config/eu-west-1/2026/3/14/ConfigHistory/1.json.gz",
    "load balancer": f"{HOME}/elasticloadbalancing/us-east-2/2026/03/14/1.log.gz",
}


@pytest.mark.parametrize(
    ("accounts", "held"),
    [
        ((), {"own", "inside", *OTHERS}),
        (("111122223333",), {"own", "inside", "another organization", "load balancer"}),
        ((ORGANIZATION,), {"inside", "another account of the organization", "load balancer"}),
        (("444455556666", ORGANIZATION), {"inside", *OTHERS} - {"another organization"}),
        (("999999999999",), {"load balancer"}),
    ],
)
def test_scope_holds_the_deliveries_of_expected_accounts_and_organizations(accounts, held):
    scope = Scope(bucket="logs", accounts=accounts)
    keys = {"own": LOG_KEY, "inside": INSIDE, **OTHERS}

    assert {name for name, key in keys.items() if scope.holds("logs", key)} == held


@pytest.mark.parametrize("between", ["AWSLogs/x/", "AWSLogs/111122223333/", "trails/AWSLogs/", f"{HOME}/CloudTrail/"])
@pytest.mark.parametrize("key", [LOG_KEY, OTHERS["Config of another account"]])
def test_key_with_a_second_awslogs_folder_is_in_no_scope(between, key):
    scope = Scope(bucket="logs", prefixes=("", "trails/"))

    assert not scope.holds("logs", f"{between}{key}")
    assert all(scope.holds("logs", f"{prefix}{key}") for prefix in scope.prefixes)


PARTS = st.sampled_from(["AWSLogs", "trails", "x", "111122223333", "444455556666", ORGANIZATION, "o-zzzzzzzzzz"])


@LAW
@given(
    parts=st.lists(PARTS, max_size=6),
    prefixes=st.sets(st.sampled_from(["", "trails/", "trails/x/"]), min_size=1),
    accounts=st.sets(st.sampled_from(["111122223333", "444455556666", ORGANIZATION]), max_size=2),
)
def test_scope_holds_what_its_parsed_key_says(parts, prefixes, accounts):
    key = "/".join([*parts, *LOG_KEY.split("/")[2:]])
    parsed = log_key_of(key)

    held = Scope(bucket="logs", prefixes=tuple(prefixes), accounts=tuple(accounts)).holds("logs", key)

    if parsed:
        assert held == (
            parsed.prefix in prefixes and (not accounts or bool(accounts & {parsed.account, parsed.organization}))
        )
    else:
        assert held == any(key.startswith(f"{prefix}AWSLogs/") for prefix in prefixes)


@pytest.mark.parametrize(("letter", "most"), [("x", 1024), ("ü", 512)])
def test_name_that_the_ledger_cannot_sort_by_is_in_no_scope(letter, most):
    scope = Scope(bucket="logs")
    rest = 1024 - len("s3://logs/AWSLogs/")

    held = [scope.holds("logs", "AWSLogs/" + letter * (rest * most // 1024 + more)) for more in (0, 1)]

    assert held == [True, False]


@pytest.mark.parametrize(("key", "parsed"), PARSED.values(), ids=PARSED)
def test_digest_folder_of_a_key_has_its_account_and_region(key, parsed):
    folder = parsed.folder(DIGEST_FOLDER)
    found = origin_of(folder)

    assert is_digest_folder(folder)
    assert (found.prefix, found.organization) == (parsed.prefix, parsed.organization)
    assert (found.account, found.region, found.delivered_at) == (parsed.account, parsed.region, None)
    assert (origin_of(key), is_digest_folder(key)) == (parsed, False)


@pytest.mark.parametrize("name", ["", "CloudTrail/eu-west-1/", "CloudTrail-Digest/", "CloudTrail-Digest/eu-west-1"])
def test_other_folders_are_of_no_account_and_region(name):
    name = f"{HOME}/{name}"

    assert (origin_of(name), is_digest_folder(name)) == (None, False)


def _time_by_strptime(digits):
    try:
        moment = datetime.strptime(f"{digits}+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if 2013 <= moment.year <= 2100 else None


@LAW
@given(
    parts=st.tuples(
        st.sampled_from([0, 1, 2012, 2013, 2024, 2026, 2100, 2101, 9999]), *[st.integers(0, most) for most in (13, 32)]
    ),
    clock=st.tuples(*[st.integers(0, most) for most in (25, 61, 62)]),
)
def test_times_in_names_are_those_of_a_calendar(parts, clock):
    digits = "{:04}{:02}{:02}".format(*parts), "{:02}{:02}{:02}".format(*clock)
    digest = "111122223333_CloudTrail-Digest_us-east-2_audit_us-east-2_{}T{}Z.json.gz".format(*digits)
    log_file = f"111122223333_CloudTrail_us-east-2_{digits[0]}T{digits[1][:4]}Z_Zr5tYh2kQw8eLp0N.json.gz"

    assert log_key_of(log_key(digest, folder=DIGEST_FOLDER)).delivered_at == _time_by_strptime("".join(digits))
    assert log_key_of(log_key(log_file)).delivered_at == _time_by_strptime(f"{digits[0]}{digits[1][:4]}00")

"""An account from which no digest comes any more is noticed; an idle one, and one that was never heard of, are not."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.deliveries import Origins
from aitrail.ledger import Ledger
from aitrail.repair import Accepting
from aitrail.repair.accepting import NothingToAcceptError
from tests.functional.day import BUCKET, log_key
from tests.functional.test_status import Deployed
from tests.shared.fuzzing import law
from tests.shared.signed_digests import ACCOUNT, at, chain, digest

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
HOUR = timedelta(hours=1)
OTHER = "444455556666"
HOURS = [at("08:00"), at("09:00"), at("10:00")]


@pytest.fixture
def watching(pipeline, monkeypatch):
    """A pipeline that calls an account silent after 24 hours."""
    pipeline.trust()
    watch(pipeline, monkeypatch, silent_after=24 * HOUR)
    return pipeline


def watch(pipeline, monkeypatch, **options):
    reviewer = pipeline.ingestion.reviewer
    parts = {name: getattr(reviewer, name) for name in reviewer.__slots__}
    monkeypatch.setattr(pipeline.ingestion, "reviewer", type(reviewer)(**parts | options))


def arrive(pipeline, signed, moment):
    pipeline.clock.now = moment
    return pipeline.ingest(pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata))


def deliver_digests(pipeline, hours=HOURS, **where):
    for end, signed in zip(hours, chain(hours, bucket=BUCKET, where=where), strict=True):
        arrive(pipeline, signed, end + HOUR / 4)


def review(pipeline, moment):
    """Reviews, and returns the number of silent accounts that are published, None if nothing is."""
    pipeline.clock.now = moment
    ((_, metrics),) = pipeline.process(HOURLY)
    return metrics.get("SilentAccounts")


def item(pipeline, account=ACCOUNT):
    return pipeline.ledger.entry(f"account://{account}", "account", consistent=True)


def test_account_is_silent_after_the_hours_of_the_setting_and_as_long_as_no_digest_comes(watching):
    deliver_digests(watching)

    found = [review(watching, at("10:00") + hours * HOUR) for hours in (1, 24, 25, 26, 24 * 30)]

    assert found == [None, None, 1, 1, 1]
    assert item(watching)["problem"] == "silent"


def test_idle_account_whose_digests_list_nothing_is_not_silent(watching):
    hours = [at("08:00") + number * HOUR for number in range(60)]

    deliver_digests(watching, hours)

    assert review(watching, hours[-1] + 2 * HOUR) is None


def test_one_region_that_goes_on_is_enough(watching):
    deliver_digests(watching)
    deliver_digests(watching, [each + 24 * HOUR for each in HOURS], region="us-east-1")

    assert review(watching, at("11:00") + 24 * HOUR) is None


def test_silent_accounts_are_counted_by_account(watching):
    for account in (ACCOUNT, OTHER, "777788889999"):
        deliver_digests(watching, account=account)
    deliver_digests(watching, [each + 24 * HOUR for each in HOURS], account=OTHER)

    assert review(watching, at("11:00") + 24 * HOUR) == 2


def test_account_that_delivers_again_is_no_longer_silent(watching):
    deliver_digests(watching)
    assert review(watching, at("12:00") + 24 * HOUR) == 1

    deliver_digests(watching, [at("12:00") + 24 * HOUR])

    assert "problem" not in item(watching)
    assert review(watching, at("13:00") + 24 * HOUR) is None
    assert review(watching, at("13:00") + 48 * HOUR) == 1


def test_log_files_without_digests_watch_no_account_because_an_idle_one_has_none(watching, packed, record):
    watching.clock.now = at("09:31")
    watching.ingest(watching.deliver(packed(record(1)), log_key("0930")))

    assert review(watching, at("09:31") + 48 * HOUR) is None
    assert item(watching) is None


def test_forged_digests_do_not_keep_an_account_from_being_silent(watching):
    deliver_digests(watching)
    forged = digest(at("10:00") + 24 * HOUR, bucket=BUCKET, signer=1)

    arrive(watching, forged, at("10:30") + 24 * HOUR)

    assert review(watching, at("11:00") + 24 * HOUR) == 1


def test_backfill_of_old_digests_neither_watches_a_closed_account_nor_ages_one_that_delivers(watching):
    deliver_digests(watching)
    long_ago = [each - timedelta(days=700) for each in HOURS]
    for account in (ACCOUNT, OTHER):
        for signed in chain(long_ago, bucket=BUCKET, where={"account": account}):
            arrive(watching, signed, at("11:00"))

    assert item(watching, OTHER) is None
    assert review(watching, at("12:00")) is None


def test_silence_of_a_closed_account_can_be_accepted_until_it_delivers_again(watching):
    deliver_digests(watching)
    review(watching, at("12:00") + 24 * HOUR)
    accepting = Accepting(ledger=watching.ledger, reader=watching.reader, by="arn:x", at="2026-03-15T13:00:00Z")
    name = f"account://{ACCOUNT}"

    assert accepting.problem(name) == "silent"
    assert accepting.accept(name, "silent", "closed, ticket 4711") is None

    assert review(watching, at("13:00") + 24 * HOUR) is None
    with pytest.raises(NothingToAcceptError, match="already been accepted"):
        accepting.problem(name)
    deliver_digests(watching, [at("15:00") + 24 * HOUR])
    assert review(watching, at("16:00") + 48 * HOUR) == 1


def test_account_that_delivers_cannot_be_accepted(watching):
    deliver_digests(watching)
    accepting = Accepting(ledger=watching.ledger, reader=watching.reader, by="arn:x", at="2026-03-15T13:00:00Z")

    with pytest.raises(NothingToAcceptError, match="no problem in the ledger"):
        accepting.problem(f"account://{ACCOUNT}")


def test_status_names_silent_accounts_also_with_the_account_alone(watching, client):
    deployed = Deployed(watching, client)
    deliver_digests(watching)
    deliver_digests(watching, account=OTHER)
    review(watching, at("12:00") + 24 * HOUR)

    moment = at("12:30") + 24 * HOUR
    whole, one = (
        deployed.status(moment, origins=origins).problems["silent"]
        for origins in (Origins(), Origins(accounts=frozenset({OTHER})))
    )

    assert (whole.count, one.count) == (2, 1)
    assert [each["logFile"] for each in one.examples] == [f"account://{OTHER}"]


def test_no_account_is_silent_where_the_setting_is_none(watching, monkeypatch):
    watch(watching, monkeypatch, silent_after=None)
    deliver_digests(watching)

    assert review(watching, at("12:00") + 240 * HOUR) is None


def test_digests_of_all_regions_of_an_hour_cost_one_write(watching, wire):
    watching.ledger.accounts._noted.clear()
    regions = ("eu-west-1", "us-east-1", "eu-central-1")
    before = [each for each in wire.requests("UpdateItem") if "account" in str(each["Key"])]

    for region in regions:
        deliver_digests(watching, region=region)

    written = [each for each in wire.requests("UpdateItem") if "'account'" in str(each["Key"])]
    assert len(written) - len(before) == len(HOURS)


@law(20)
@given(order=st.permutations(range(4)), writers=st.lists(st.integers(0, 1), min_size=4, max_size=4))
def test_newest_digest_counts_in_any_order_and_with_several_functions(new_storage, order, writers):
    storage = new_storage()
    functions = [Ledger(storage.dynamodb, storage.files_name) for _ in range(2)]
    ends = [at("08:05"), at("08:55"), at("09:30"), at("11:10")]

    for place, writer in zip(order, writers, strict=True):
        functions[writer].accounts.note_digest(ACCOUNT, ends[place])

    entry = storage.ledger.entry(f"account://{ACCOUNT}", "account", consistent=True)
    assert entry == {
        "logFile": f"account://{ACCOUNT}",
        "entry": "account",
        "account": ACCOUNT,
        "deliveryDay": "accounts",
        "digestEnd": "2026-03-14T11:00:00Z",
    }


def test_digest_that_arrives_during_a_review_has_the_last_word(watching):
    deliver_digests(watching)
    seen = item(watching)
    deliver_digests(watching, [at("15:00") + 24 * HOUR])

    assert not watching.ledger.accounts.call_silent(seen)
    assert "problem" not in item(watching)

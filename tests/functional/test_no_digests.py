"""Log files that no digest could list, because there is none of their account, Region and time, are never silent."""

import gzip
import json
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.deliveries import DIGEST_FOLDER, Origins, kind_of, log_key_of
from aitrail.ledger import Ledger
from aitrail.repair import Accepting
from aitrail.repair.accepting import NothingToAcceptError
from aitrail.services import load
from aitrail.window import Window, parse_time
from tests.functional.day import BUCKET, Day, log_key, name_of
from tests.shared.fuzzing import law
from tests.shared.signed_digests import at, chain, digest, key_of

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
HERE = f"s3://{BUCKET}/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/"
TODAY = Window(since=at("00:00"), until=at("00:00") + A_DAY)
# The digests of `Day` cover this time and the hour after it.
MORNING = Window(since=at("08:00"), until=at("13:00"))
LACKING = "RegionsWithoutDigests"


@pytest.fixture
def day(pipeline, record, wire):
    wire.stored = at("09:31")
    day = Day(pipeline)
    day.log("0930", record(1), record(2), record(9, eventSource="ec2.amazonaws.com"))
    day.log("1030", record(2), record(3), record(3))
    day.log("1130", record(9, eventSource="ec2.amazonaws.com"))
    return day


@pytest.fixture
def accepting(pipeline):
    options = {"ledger": pipeline.ledger, "reader": pipeline.reader}
    return Accepting(**options, by="arn:aws:iam::111122223333:user/a", at="2026-03-14T20:00:00Z")


def put(pipeline, wire, key, body, moment):
    pipeline.clock.now = wire.stored = moment
    return pipeline.ingest(pipeline.deliver(body, key))


def review(pipeline, moment):
    pipeline.clock.now = moment
    ((_, metrics),) = pipeline.process(HOURLY)
    return metrics


def own_entry(pipeline, folder=HERE):
    return pipeline.ledger.entry(folder, "no-digests", consistent=True) or {}


def found(day, window=MORNING, **options):
    return {(each.finding, each.of) for each in day.verify(window=window, **options).findings}


def test_log_files_without_any_digest_are_one_problem_of_their_account_and_region_after_six_hours(day):
    at_once = own_entry(day.pipeline)["problem"]

    metrics = [review(day.pipeline, at("09:31") + hours * HOUR) for hours in (5, 6, 7)]

    assert at_once == "unproven"
    assert metrics == [{}, {LACKING: 1}, {}]
    assert own_entry(day.pipeline)["problem"] == "no-digests"
    assert all("problem" not in day.pipeline.ledger.entry(name_of(key)) for key in day.contents)


def test_account_and_region_whose_first_digests_arrive_later_has_no_problem(day):
    day.close()

    assert review(day.pipeline, at("16:10")) == {}
    assert own_entry(day.pipeline).keys() <= {"logFile", "entry", "account", "region", "ingestedAt"}


def test_account_and_region_whose_digests_arrive_days_later_has_no_problem_from_then_on(day):
    lacking = review(day.pipeline, at("16:10"))
    in_the_meantime = own_entry(day.pipeline)["problem"]

    day.close()

    assert (lacking, in_the_meantime) == ({LACKING: 1}, "no-digests")
    assert own_entry(day.pipeline).keys() <= {"logFile", "entry", "account", "region", "ingestedAt"}
    assert day.verify(now=at("20:00")).proved


def test_digests_that_arrive_later_do_not_vouch_for_the_account_and_regions_other_files(day, wire, packed, record):
    forged = record(77, eventTime="2019-03-14T09:00:00Z")
    put(day.pipeline, wire, OLD, packed(forged), at("09:40"))
    review(day.pipeline, at("09:40") + 25 * HOUR)

    day.close()

    assert own_entry(day.pipeline)["problem"] == "no-digests"
    assert [each["logFile"] for each in own_entry(day.pipeline)["sampleLogFiles"]] == [name_of(OLD)]
    assert ("no-digests", HERE) in found(day)


def test_account_and_region_with_many_files_without_digests_keeps_its_problem(day, wire, packed, record):
    for number in range(15):
        put(day.pipeline, wire, f"{OLD}".replace("_a.", f"_{number}."), packed(record(77 + number)), at("09:40"))
    review(day.pipeline, at("09:40") + 25 * HOUR)
    named = own_entry(day.pipeline)["sampleLogFiles"]

    day.pipeline.ledger.remove_resolved_log_files(HERE, lambda _: True)

    assert len(named) == 11  # ten, and one that says that there are others
    assert own_entry(day.pipeline)["problem"] == "no-digests"


def test_account_and_region_stays_in_doubt_about_those_files_that_still_have_no_digest(pipeline):
    old, first, second = "2019-03-14T09:00:00Z", *(name_of(log_key("0930", each)) for each in "ab")
    for name in (first, second):
        pipeline.ledger.record_no_digests(HERE, "no-digests", name, old if name == first else "2026-03-14T10:00:00Z")

    pipeline.ledger.remove_resolved_log_files(HERE, first.__eq__)

    entry = own_entry(pipeline)
    assert (entry["problem"], entry["deliveryDay"], entry["ingestedAt"]) == (
        "no-digests",
        "2026-03-14",
        "2026-03-14T10:00:00Z",
    )
    pipeline.ledger.remove_resolved_log_files(HERE, second.__eq__)
    assert "problem" not in own_entry(pipeline)


def test_decision_comes_too_late_for_an_account_and_region_whose_digests_have_just_arrived(day):
    day.close()

    assert not day.pipeline.ledger.confirm_no_digests(HERE)
    assert "problem" not in own_entry(day.pipeline)


def test_account_and_region_is_looked_at_once_an_hour(day, wire, packed, record):
    names = iter("bcd")

    def queries():
        wire.calls.clear()
        put(day.pipeline, wire, log_key("0932", next(names)), packed(record(50)), day.pipeline.clock.now)
        return wire.operations().count("Query")

    day.close()
    day.pipeline.ingestion.no_digests._looked_at.clear()
    day.pipeline.clock.now = at("10:10")
    first, again = queries(), queries()
    day.pipeline.clock.now = at("11:10")

    assert (first, again, queries()) == (1, 0, 1)


def test_trail_that_stops_its_digests_is_noticed(day, wire, packed, record):
    day.close()  # the last digest ends at 14:00
    review(day.pipeline, at("16:10"))

    put(day.pipeline, wire, log_key("2030"), packed(record(60)), at("20:31"))

    assert own_entry(day.pipeline)["problem"] == "unproven"
    assert review(day.pipeline, at("23:00") + 4 * HOUR) == {LACKING: 1}


YEARS_TO_COME = log_key("0935").replace("20260314T", "20990314T").replace("_a.", "_forged.")


@pytest.mark.parametrize("folder", ["2099/03/14", "2026/03/14"])
def test_file_of_a_year_to_come_is_named_by_verify_of_the_time_it_was_stored(day, wire, packed, record, folder):
    forged = YEARS_TO_COME.replace("2026/03/14", folder)
    put(day.pipeline, wire, forged, packed(record(77)), at("09:36"))
    day.close()

    before = found(day)
    hours = found(day, Window(since=at("09:00"), until=at("10:00")))
    review(day.pipeline, at("16:10"))

    assert ("unproven", name_of(forged)) in before & hours
    assert ("unlisted", name_of(forged)) in found(day)
    assert ("unlisted", name_of(forged)) in found(day, Window(since=at("00:00"), until=parse_time("2100-01-01T00:00Z")))


def test_file_of_a_year_to_come_that_is_gone_stays_on_the_day_it_was_stored(day, wire, packed, record):
    put(day.pipeline, wire, YEARS_TO_COME, packed(record(77)), at("09:36"))
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=YEARS_TO_COME)

    day.pipeline.clock.now = at("12:00") + 3 * A_DAY
    body = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [YEARS_TO_COME], "force": True})
    day.pipeline.process(body, is_backfill=True)

    entry = day.pipeline.ledger.entry(name_of(YEARS_TO_COME))
    assert (entry["status"], entry["deliveryDay"]) == ("missing", "2026-03-14")


OLD = log_key("0935").replace("2026", "2019")


def test_old_file_makes_the_day_it_arrived_doubtful_though_everything_else_is_proved(day, wire, packed, record):
    day.close()
    put(day.pipeline, wire, OLD, packed(record(1, eventTime="2019-03-14T09:00:00Z", eventID="old")), at("15:00"))

    metrics = [review(day.pipeline, at("15:00") + hours * HOUR) for hours in (6, 25, 26)]

    assert metrics == [{}, {LACKING: 1}, {}]
    afternoon = Window(since=at("12:00"), until=at("18:00"))
    not_closed = ("not-closed", "2026-03-14T12:00:00Z to 2026-03-14T18:00:00Z")
    assert found(day, afternoon, now=at("16:00")) == {("no-digests", HERE), not_closed}
    assert found(day) == set()


def test_accepting_an_account_and_region_accepts_all_its_files_without_digests_also_later_ones(day, accepting, wire):
    review(day.pipeline, at("15:40"))
    assert accepting.problem(HERE) == "no-digests"
    assert found(day) == {("no-digests", HERE)}

    accepting.accept(HERE, "no-digests", "no validation there, ticket 4711")

    verdict = day.verify()
    assert (verdict.findings, [(each.finding, each.of) for each in verdict.accepted]) == ((), [("no-digests", HERE)])
    assert "ticket 4711" in verdict.accepted[0].why
    put(day.pipeline, wire, log_key("1935"), b"", at("19:36"))
    assert review(day.pipeline, at("23:00") + 9 * HOUR) == {}
    assert own_entry(day.pipeline)["problem"] == "accepted"
    with pytest.raises(NothingToAcceptError, match="already been accepted"):
        accepting.problem(HERE)


def test_acceptance_of_an_account_and_region_can_be_taken_back(day, accepting):
    review(day.pipeline, at("15:40"))
    accepting.accept(HERE, "no-digests", "why")

    accepting.take_back(HERE)

    assert own_entry(day.pipeline)["problem"] == "no-digests"
    assert found(day) == {("no-digests", HERE)}
    with pytest.raises(NothingToAcceptError, match="no accepted problem"):
        accepting.take_back(HERE)


@pytest.mark.usefixtures("day")
def test_account_and_region_cannot_be_accepted_before_the_function_has_decided(accepting):
    with pytest.raises(NothingToAcceptError, match="is unproven: the function decides"):
        accepting.problem(HERE)


def test_accepted_account_and_region_hides_no_file_of_hours_with_digests(day, accepting, wire, packed, record):
    put(day.pipeline, wire, OLD, packed(record(1, eventTime="2019-03-14T09:00:00Z", eventID="old")), at("09:32"))
    review(day.pipeline, at("09:32") + 25 * HOUR)
    accepting.accept(HERE, "no-digests", "why")
    forged = log_key("0935").replace("_a.", "_forged.")
    put(day.pipeline, wire, forged, packed(record(77)), at("09:36"))

    day.close()
    open_still = found(day)
    review(day.pipeline, at("23:00") + A_DAY)

    assert open_still == {("unproven", name_of(forged))}
    assert found(day) == {("unlisted", name_of(forged))}


def squeezed(level, *records):
    """The same content in another compression."""
    return gzip.compress(json.dumps({"Records": records}).encode(), compresslevel=level, mtime=level)


def more_digests(day, hours):
    """The digests of the hours after those of the day."""
    return chain([at("15:00") + number * HOUR for number in range(hours)], bucket=BUCKET, first=day.digests[-1])


def arrive(day, signed, moment):
    day.pipeline.clock.now = moment
    day.arrive(signed)


OLD_EVENT = {"eventTime": "2019-03-14T09:00:00Z", "eventID": "old"}


def test_digest_that_arrives_while_a_review_decides_does_not_end_the_problem(day, wire, record, monkeypatch):
    day.close()
    put(day.pipeline, wire, OLD, squeezed(1, record(77, **OLD_EVENT)), at("14:40"))
    *others, last = more_digests(day, 30)
    for number, signed in enumerate(others):
        arrive(day, signed, at("15:05") + number * HOUR)
    plain, pending = Ledger.doubt, [last]

    def doubt(ledger, log_file, doubt):
        if doubt is None and pending:
            day.arrive(pending.pop())
        return plain(ledger, log_file, doubt)

    monkeypatch.setattr(Ledger, "doubt", doubt)

    review(day.pipeline, at("15:00") + 30 * HOUR)

    assert pending == []
    assert own_entry(day.pipeline)["problem"] == "no-digests"


def test_storing_the_file_again_does_not_end_the_problem(day, wire, record):
    day.close()
    forged = record(77, **OLD_EVENT)
    put(day.pipeline, wire, OLD, squeezed(1, forged), at("14:40"))
    review(day.pipeline, at("15:00") + 30 * HOUR)

    put(day.pipeline, wire, OLD, squeezed(2, forged), at("15:00") + 31 * HOUR)
    arrive(day, more_digests(day, 1)[0], at("15:00") + 32 * HOUR)

    assert own_entry(day.pipeline)["problem"] == "no-digests"


def test_digest_that_cloudtrail_did_not_sign_ends_no_doubt(pipeline, wire, record):
    key = log_key("0930").replace("111122223333", "444455556666")
    put(pipeline, wire, key, squeezed(1, record(77)), at("09:31"))
    put(pipeline, wire, key, squeezed(2, record(77)), at("13:00"))

    pipeline.ingest(pipeline.deliver(b"x", key_of(at("13:00")).replace("111122223333", "444455556666")))

    assert own_entry(pipeline, HERE.replace("111122223333", "444455556666"))["problem"] == "unproven"


@pytest.mark.parametrize("log_files_first", [True, False])
def test_order_in_which_an_old_day_is_read_makes_no_difference(pipeline, wire, record, log_files_first):
    day = Day(pipeline)
    contents = {log_key("2330", letter): squeezed(1, record(ord(letter))) for letter in "abcdefghijkl"}
    midnight, now = at("00:00") + A_DAY, at("12:00") + 30 * A_DAY
    hours = [midnight + number * HOUR for number in range(-16, 6)]
    files = {midnight: [(key, gzip.decompress(body)) for key, body in contents.items()]}
    digests = chain(hours, bucket=BUCKET, files=files)
    pipeline.clock.now, wire.stored = now, at("23:31")

    for signed in [] if log_files_first else digests:
        day.arrive(signed)
    for key, body in contents.items():
        pipeline.ingest(pipeline.deliver(body, key))
    review(pipeline, now + timedelta(minutes=5))
    for signed in digests if log_files_first else []:
        day.arrive(signed)
    for days in (1, 8):
        review(pipeline, now + days * A_DAY)

    assert "problem" not in own_entry(pipeline)
    window = Window(since=at("10:00"), until=midnight + 2 * HOUR)
    assert day.verify(window=window, now=now + 9 * A_DAY, registry=load()).findings == ()


def test_row_of_a_later_file_of_an_accepted_account_and_region_prevents_no_proof(day, wire, packed, record, accepting):
    there = "444455556666"
    for time, happened in (("0620", "06:10"), ("1220", "11:50")):
        key = log_key(time).replace("111122223333", there)
        body = packed(record(int(time), eventTime=f"2026-03-14T{happened}:00Z"))
        put(day.pipeline, wire, key, body, at(f"{time[:2]}:{time[2:]}"))
    day.close()
    review(day.pipeline, at("18:30"))
    window = Window(since=at("09:00"), until=at("12:00"))
    before = found(day, window)

    accepting.accept(HERE.replace("111122223333", there), "no-digests", "no validation there")

    assert before == {("no-digests", HERE.replace("111122223333", there))}
    assert found(day, window) == set()


def test_row_of_a_later_file_of_an_accepted_region_without_keys_prevents_no_proof(pipeline, wire, record, accepting):
    pipeline.cloudtrail.get_paginator.return_value.paginate.return_value = [{"PublicKeyList": []}]
    day = Day.__new__(Day)
    day.pipeline, day.contents = pipeline, {}
    for time, happened in (("0930", "09:20"), ("1205", "11:55")):
        wire.stored = at(f"{time[:2]}:{time[2:]}")
        day.log(time, record(int(time), eventTime=f"2026-03-14T{happened}:00Z"))
    day.close()
    review(pipeline, at("18:30"))

    accepting.accept(HERE, accepting.problem(HERE), "keys denied")

    assert found(day, Window(since=at("09:00"), until=at("12:00"))) == set()


def test_accepted_rejects_do_not_vouch_for_the_rows_of_their_file(day, wire, packed, record, accepting):
    key = log_key("1220").replace("111122223333", "444455556666")
    good = record(51, eventTime="2026-03-14T11:50:00Z")
    put(day.pipeline, wire, key, packed(good, record(52, eventTime="nonsense")), at("12:21"))
    day.close()

    accepting.accept(name_of(key), accepting.problem(name_of(key)), "one bad record")

    there = HERE.replace("111122223333", "444455556666")
    assert found(day, Window(since=at("09:00"), until=at("12:00"))) == {("no-digests", there)}


def test_acceptance_of_an_account_and_region_outlasts_its_problem(day, accepting):
    review(day.pipeline, at("15:40"))
    accepting.accept(HERE, "no-digests", "no validation until today")

    day.pipeline.ledger.remove_resolved_log_files(HERE, lambda _: True)

    assert "problem" not in own_entry(day.pipeline)
    assert found(day) == set()
    day.pipeline.ledger.record_no_digests(HERE, "no-digests", name_of(OLD), "2026-03-14T23:00:00Z")
    assert own_entry(day.pipeline)["problem"] == "accepted"


def test_file_named_shortly_before_the_first_digest_is_not_silent(pipeline, wire, packed, record):
    day = Day(pipeline)
    put(pipeline, wire, log_key("0630", "forged"), packed(record(77, eventTime="2026-03-14T06:29:00Z")), at("06:31"))
    day.close()

    metrics = [review(pipeline, at("14:31") + hours * HOUR) for hours in (0, 26, 24 * 8)]

    assert metrics == [{}, {}, {LACKING: 1}]
    assert own_entry(pipeline)["problem"] == "no-digests"


# Law: a forged file has any name whatsoever.
STORED = at("09:31")
ACCOUNTS, REGIONS = ("111122223333", "444455556666"), ("eu-west-1", "us-east-1", "-", "xx-none-1")


def around(minutes):
    return minutes.map(lambda number: f"{STORED + timedelta(minutes=number):%Y%m%dT%H%M}")


near, close = around(st.integers(-10 * 24 * 60, 12 * 24 * 60)), around(st.integers(-150, 150))
ever = st.datetimes().map(lambda moment: f"{moment.year:04}{moment:%m%dT%H%M}")
odd = st.sampled_from(["20990314T0935", "21001231T2359", "20190314T0935", "20269999T9999", "evil", "21010101T0000"])
times = st.one_of(close, near, ever, odd)


@st.composite
def forged_keys(draw):
    """Every other one in the place of the trail that has digests."""
    account, region, organization, prefix = ACCOUNTS[0], REGIONS[0], "", ""
    if draw(st.booleans()):
        account, region = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(REGIONS))
        organization = draw(st.sampled_from(["", "o-exampleorg/"]))
        prefix = draw(st.sampled_from(["", "AWSLogs/x/", "other/"]))
    kind, time = draw(st.sampled_from(["CloudTrail", "CloudTrail", "CloudTrail-NetworkActivity"])), draw(times)
    folder = draw(st.sampled_from([f"{time[:4]}/{time[4:6]}/{time[6:8]}", "2026/03/14", "0000/00/00", "2099/12/31"]))
    name = f"{account}_{kind}_{region}_{time}Z_forged{draw(st.sampled_from('abcdef'))}.json.gz"
    return f"{prefix}AWSLogs/{organization}{account}/{kind}/{region}/{folder}/{name}"


@cache
def ten_days():
    """Digests of a trail of one account and Region, from two days before the forged files until eight days after."""
    ends = [at("00:00") + number * 12 * HOUR for number in range(-3, 20)]
    found = []
    for end in ends:
        previous = found[-1][1] if found else None
        found.append((end, digest(end, bucket=BUCKET, previous=previous, start=end - 12 * HOUR)))
    return found


@law(6, costs=500, shrinks=False)
@given(keys=st.lists(forged_keys(), min_size=12, max_size=20, unique=True))
def test_forged_file_of_any_name_is_refused_or_named_within_eight_days(new_pipeline, wire, packed, record, keys):
    pipeline = new_pipeline()
    pipeline.trust()

    def arrive(signed, moment):
        pipeline.clock.now = wire.stored = moment
        pipeline.ingest(pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata))

    for end, signed in ten_days():
        if end < STORED:
            arrive(signed, end + HOUR)
    pipeline.clock.now = wire.stored = STORED
    status = {key: pipeline.ingest(pipeline.deliver(packed(record(1)), key)).status for key in keys}
    for end, signed in ten_days():
        if end > STORED:
            arrive(signed, end + HOUR)
            review(pipeline, end + 5 * HOUR)

    for key in keys:
        if status[key] == "ingested":
            assert_named(pipeline, key)
        else:
            assert status[key] == "refused" or not kind_of(key).ingested


def assert_named(pipeline, key):
    """The ledger and `verify` name the file, or its account and Region."""
    parsed = log_key_of(name_of(key))
    folder = parsed.folder(DIGEST_FOLDER)
    entry, day = pipeline.ledger.entry(name_of(key)), Day(pipeline)
    is_unlisted = entry.get("problem") == "unlisted"
    assert is_unlisted or own_entry(pipeline, folder).get("problem") == "no-digests", key
    windows = [TODAY]
    # Nobody verifies a time that is still to come.
    if parsed.delivered_at and (moment := parse_time(parsed.delivered_at)) < pipeline.clock.now:
        windows.append(Window(since=moment, until=moment + HOUR))
    origins = Origins(accounts=frozenset({parsed.account}), regions=frozenset({parsed.region}))
    names = {of for window in windows for _, of in found(day, window, now=pipeline.clock.now, origins=origins)}
    assert name_of(key) in names or (folder in names and not is_unlisted), key

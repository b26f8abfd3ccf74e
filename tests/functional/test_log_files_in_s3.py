"""Log files in S3 as a source of rows: the objects that are read, each once, and the errors that end reading."""

import threading
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from urllib3.exceptions import ProtocolError

from aitrail.clock import Clock
from aitrail.deliveries import OBJECTS_AHEAD, BadUrlError, Needed, bucket_and_key
from aitrail.questions import EventStore, Filter, LogFileRows, Order, Scan
from aitrail.questions.log_file_rows import NoRoomError
from aitrail.questions.scanning import NoS3Error
from aitrail.window import BEGINNING, EARLIEST, LATEST, Window
from tests.functional.faults import BrokenBody
from tests.shared.network_errors import OF_THE_NETWORK

BUCKET = "example-trail-logs"
URL = f"s3://{BUCKET}/"
ACCOUNT = "AWSLogs/111122223333"
DAY = "eu-west-1/2026/03/14"
LATER = datetime(2026, 3, 20, tzinfo=UTC)


def key(minute, folder="CloudTrail", prefix="", time="20260314T09"):
    day = DAY if time == "20261399T99" else f"eu-west-1/{time[:4]}/{time[4:6]}/{time[6:8]}"
    name = f"111122223333_{folder}_eu-west-1_{time}{minute:02}Z_Zr5tYh2kQw8eLp0N.json.gz"
    if folder == "CloudTrail-Digest":
        name = f"111122223333_{folder}_eu-west-1_audit_eu-west-1_{time}{minute:02}00Z.json.gz"
    return f"{prefix}{ACCOUNT}/{folder}/{day}/{name}"


@pytest.fixture
def put(s3, packed, record):
    """Puts a log file with the records made with these numbers."""

    def put(name, *numbers, **options):
        s3.put_object(Bucket=BUCKET, Key=name, Body=packed(*[record(number) for number in numbers]), **options)

    return put


@pytest.fixture
def scan(s3):
    """Makes a scan of URLs; its reports are in `scan.reports`."""

    def scan(*urls):
        reports = []
        clock = Clock(sleep=lambda _: None)
        scan = Scan(urls, report=reports.append, s3=lambda: s3, clock=clock)
        scan.reports = reports
        return scan

    return scan


@pytest.fixture
def folder(packed, record, tmp_path):
    """A local folder with a good and a broken log file."""
    (tmp_path / "a.json.gz").write_bytes(packed(record(1)))
    (tmp_path / "b.json.gz").write_bytes(packed(record(2))[:50])
    return str(tmp_path)


def numbers(rows):
    return [int(row["eventID"][:8], 16) for row in rows]


def needed(since):
    return Needed(window=Window(since=since or EARLIEST, until=LATEST))


def asked(source, since=BEGINNING):
    rows = source.rows(Filter(), Window(since=since, until=LATER), order=Order.OLDEST_FIRST)
    return sorted(numbers(rows))


def test_log_files_below_a_prefix_are_read_in_the_order_of_keys(scan, put, s3):
    put(key(30), 3)
    put(key(10), 1, 2)
    put(key(20, prefix="other/"), 9)
    scanned = scan(f"{URL}AWSLogs/")

    rows = list(scanned.rows())

    assert numbers(rows) == [1, 2, 3]
    assert [(row["logFile"], row["recordIndex"]) for row in rows] == [
        (URL + key(10), 0),
        (URL + key(10), 1),
        (URL + key(30), 0),
    ]
    stored = sum(len(s3.get_object(Bucket=BUCKET, Key=key(minute))["Body"].read()) for minute in (10, 30))
    assert scanned.counts == Counter(files=2, records=3, rows=3, rejected=0, duplicates=0, bytes=stored)
    assert (scanned.left_out, scanned.reports) == (Counter(), [])


def test_a_bucket_alone_is_read_as_a_whole(scan, put):
    put(key(10), 1)
    put(key(20, prefix="any/prefix/"), 2)

    assert numbers(scan(f"s3://{BUCKET}").rows()) == [1, 2]


def test_every_page_of_a_listing_is_read(s3, wire, scan, put):
    for number in range(5):
        put(key(number), number)
    paginate = s3.get_paginator("list_objects_v2").paginate
    small_pages = SimpleNamespace(paginate=partial(paginate, PaginationConfig={"PageSize": 2}))
    s3.get_paginator = {"list_objects_v2": small_pages}.get

    assert numbers(scan(URL).rows()) == [0, 1, 2, 3, 4]
    assert wire.operations().count("ListObjectsV2") == 3


def test_log_files_and_network_activity_are_read_and_the_rest_is_counted_by_kind(scan, put):
    put(key(10), 1)
    put(key(11, "CloudTrail-NetworkActivity"), 2)
    for name in (
        key(12, "CloudTrail-Digest"),
        key(13, "CloudTrail-Digest"),
        f"{ACCOUNT}/CloudTrail-Insight/{DAY}/x.json.gz",
        f"{ACCOUNT}/CloudTrail-Aggregated/{DAY}/x.json.gz",
        f"{ACCOUNT}/Config/eu-west-1/2026/3/14/ConfigHistory/x.json.gz",
        f"{ACCOUNT}/CloudTrail/",
        "notes.txt",
        "copy.json.gz",
    ):
        put(name, 9)
    scanned = scan(URL)

    read = numbers(scanned.rows())

    assert sorted(read) == [1, 2]
    assert scanned.left_out == {"digest": 2, "insight": 1, "aggregated": 1, "config": 1, "folder": 1, "other": 2}
    assert scanned.summary() == (
        "2 log files read, 0 unreadable, 8 left out (1 aggregated, 1 config, 2 digest, 1 folder, 1 insight, 2 other): "
        "2 records, 2 rows, 0 rejected, 0 duplicates within a file."
    )


def test_a_key_that_is_named_in_full_is_read_whatever_it_is_called(scan, put):
    put("copy.gz", 1)
    put("copy.gz.bak", 2)
    put(key(12, "CloudTrail-Digest"), 3)
    scanned = scan(f"{URL}copy.gz", URL + key(12, "CloudTrail-Digest"))

    assert numbers(scanned.rows()) == [1]
    assert scanned.left_out == {"other": 1, "digest": 1}


SINCE = {
    "none": (None, [0, 30, 59]),
    "the beginning": (BEGINNING, [0, 30, 59]),
    "the first of all days": (datetime.min.replace(tzinfo=UTC), [0, 30, 59]),
    "an hour after the first": (datetime(2026, 3, 14, 10, 0, tzinfo=UTC), [0, 30, 59]),
    "a minute more": (datetime(2026, 3, 14, 10, 1, tzinfo=UTC), [30, 59]),
    "an hour after the last": (datetime(2026, 3, 14, 10, 59, tzinfo=UTC), [59]),
    "later": (datetime(2026, 3, 14, 11, 0, tzinfo=UTC), []),
}


@pytest.mark.parametrize(("since", "expected"), SINCE.values(), ids=SINCE)
def test_what_was_delivered_an_hour_before_the_window_is_left_out(scan, put, wire, since, expected):
    for minute in (0, 30, 59):
        put(key(minute), minute)
    scanned = scan(URL)

    read = numbers(scanned.rows(needed(since)))

    left_out = 3 - len(expected)
    assert read == expected
    assert scanned.left_out == ({"delivered before the window": left_out} if left_out else {})
    assert wire.operations().count("GetObject") == len(expected)


def test_a_file_whose_name_has_no_real_time_is_never_left_out(scan, put):
    put(key(10, time="20261399T99"), 1)

    assert numbers(scan(URL).rows(needed(LATER))) == [1]


def test_an_object_under_two_prefixes_is_read_once(scan, put, wire):
    put(key(10), 1)
    put(key(20), 2)
    scanned = scan(f"{URL}AWSLogs/", URL, f"{URL}AWSLogs/", URL + key(10))

    assert numbers(scanned.rows()) == [1, 2]
    assert wire.operations().count("GetObject") == 2


def test_files_of_this_machine_are_read_before(scan, put, folder):
    put(key(10), 3)

    assert numbers(scan(URL, folder).rows()) == [1, 3]


def test_an_older_window_reads_only_what_was_left_out_before(scan, put, wire):
    for day in (12, 13, 14):
        put(key(day, time=f"202603{day}T09"), day)
    put(key(12, "CloudTrail-Digest"), 9)
    scanned = scan(URL)
    source = LogFileRows(scanned)

    first = asked(source, datetime(2026, 3, 14, tzinfo=UTC))
    counts = scanned.left_out
    wire.calls.clear()
    second = asked(source, datetime(2026, 3, 13, tzinfo=UTC))
    reads = wire.requests("GetObject")
    third = asked(source)
    wire.calls.clear()
    again = asked(source), asked(source, datetime(2026, 3, 14, tzinfo=UTC))

    assert (first, second, third) == ([14], [13, 14], [12, 13, 14])
    assert counts == {"digest": 1, "delivered before the window": 2}
    assert [request["Key"] for request in reads] == [key(13, time="20260313T09")]
    assert scanned.left_out == {"digest": 1}
    assert scanned.counts["files"] == 3
    assert again == ([12, 13, 14], [12, 13, 14])
    assert wire.calls == []


ODD_KEYS = ("a b+c%2F=&?", "100%", "Zoë/日本", "new\nline", "//x//", "[red]*", "s3://", "\x7f'\"\\")


@pytest.mark.parametrize("name", ODD_KEYS, ids=ascii)
def test_keys_may_have_odd_characters(scan, put, name):
    put(key(10, prefix=f"{name}/"), 1)
    scanned = scan(f"{URL}{name}")

    (row,) = scanned.rows()

    assert row["logFile"] == f"{URL}{name}/{key(10)}"
    assert scanned.reports == []


def test_objects_are_fetched_side_by_side_and_rows_come_in_the_order_of_keys(s3, put, scan):
    for number in range(8):
        put(key(number), number)
    all_are_asked_for = threading.Barrier(4, timeout=60)
    get_object = s3.get_object

    def slow(**parameters):
        if parameters["Key"] in {key(number) for number in range(4)}:
            all_are_asked_for.wait()
        return get_object(**parameters)

    s3.get_object = slow

    assert numbers(scan(URL).rows()) == list(range(8))


def gone(s3, name):
    s3.delete_object(Bucket=BUCKET, Key=name)


def archived(s3, name):
    s3.copy_object(Bucket=BUCKET, Key=name, CopySource={"Bucket": BUCKET, "Key": name}, StorageClass="GLACIER")


def empty(s3, name):
    s3.put_object(Bucket=BUCKET, Key=name, Body=b"")


def cut(s3, name):
    content = s3.get_object(Bucket=BUCKET, Key=name)["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=name, Body=content[:50])


LOST = {
    "gone": (gone, "it is gone"),
    "archived": (archived, "it is archived: restore it (`aws s3api restore-object`), and try again"),
    "empty": (empty, "The log file is empty"),
    "broken": (cut, "The gzip stream is truncated (byte 50 of the compressed file)"),
}


@pytest.mark.parametrize(("spoil", "reason"), LOST.values(), ids=LOST)
def test_an_object_that_cannot_be_read_is_reported_and_the_others_are_read(s3, scan, put, spoil, reason):
    for number in (1, 2, 3):
        put(key(number), number)
    scanned = scan(URL)
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET))
    spoil(s3, key(2))
    s3.get_paginator = lambda _: SimpleNamespace(paginate=lambda **_: pages)

    read = numbers(scanned.rows())

    assert read == [1, 3]
    assert scanned.reports == [f"{URL}{key(2)}: unreadable: {reason}"]
    assert (scanned.counts["files"], scanned.counts["unreadable"], scanned.needs_attention) == (2, 1, True)


@pytest.fixture
def breaking(s3, wire):
    """Makes the next body break off in the middle of this object."""

    def breaking(name):
        answer = s3.get_object(Bucket=BUCKET, Key=name)
        content = answer["Body"].read()
        headers = {"Content-Length": str(len(content)), "ETag": answer["ETag"]}
        wire.calls.clear()
        half = BrokenBody(content[: len(content) // 2], ProtocolError("connection broken"))
        wire.answer("GetObject", 200, half, headers, times=1)

    return breaking


def test_an_object_whose_connection_breaks_off_is_read_on_from_there(wire, scan, put, breaking):
    for number in (1, 2, 3):
        put(key(number), number)
    breaking(key(1))
    scanned = scan(URL)

    assert numbers(scanned.rows()) == [1, 2, 3]
    assert (scanned.reports, scanned.counts["files"]) == ([], 3)
    assert wire.operations().count("GetObject") == 4


def test_an_object_whose_connection_breaks_off_again_and_again_is_reported_and_the_others_are_read(scan, put, s3):
    for number in (1, 2, 3):
        put(key(number), number)
    get_object = s3.get_object

    def breaking(**parameters):
        answer = get_object(**parameters)
        if parameters["Key"] == key(2):
            answer["Body"] = BrokenBody(b"" if "Range" in parameters else b"half", ProtocolError("connection broken"))
        return answer

    s3.get_object = breaking
    scanned = scan(URL)

    assert numbers(scanned.rows()) == [1, 3]
    (report,) = scanned.reports
    assert report.startswith(f"{URL}{key(2)}: unreadable: the connection broke off 4 times at byte 4 of ")
    assert (scanned.counts["files"], scanned.counts["unreadable"], scanned.needs_attention) == (2, 1, True)


@pytest.mark.parametrize("error", OF_THE_NETWORK.values(), ids=OF_THE_NETWORK)
def test_a_network_that_fails_is_not_taken_for_an_unreadable_file(wire, scan, put, error):
    put(key(10), 1)
    wire.answer("GetObject", 0, error)
    scanned = scan(URL)

    with pytest.raises(type(error)):
        list(scanned.rows())

    assert (scanned.reports, scanned.counts["unreadable"]) == ([], 0)


def test_what_others_would_not_be_allowed_either_is_raised(wire, scan, put):
    put(key(10), 1)
    wire.refuse("GetObject", 403, "AccessDenied", "no s3:GetObject")
    scanned = scan(URL)

    with pytest.raises(ClientError) as raised:
        list(scanned.rows())

    assert raised.value.response["Error"]["Code"] == "AccessDenied"
    assert scanned.reports == []


def test_a_bucket_that_does_not_exist_is_raised(scan):
    with pytest.raises(ClientError) as raised:
        list(scan("s3://no-such-bucket/AWSLogs/").rows())

    assert raised.value.response["Error"]["Code"] == "NoSuchBucket"


URLS = {
    f"s3://{BUCKET}": (BUCKET, ""),
    f"s3://{BUCKET}/": (BUCKET, ""),
    f"s3://{BUCKET}/a/b": (BUCKET, "a/b"),
    f"s3://{BUCKET}//a": (BUCKET, "/a"),
}


@pytest.mark.parametrize(("url", "expected"), URLS.items(), ids=URLS)
def test_a_url_names_a_bucket_and_the_beginning_of_keys(url, expected):
    assert bucket_and_key(url) == expected


@pytest.mark.parametrize("url", ["s3://", "s3:///", "s3:///a/b", "a/b", f"s3:{BUCKET}"])
def test_a_url_without_a_bucket_is_refused(url):
    with pytest.raises(BadUrlError) as refused:
        bucket_and_key(url)

    assert str(refused.value) == f"{url!r} does not name a bucket: give s3://BUCKET or s3://BUCKET/PREFIX."


def test_a_scan_refuses_a_url_without_a_bucket_before_it_reads_anything(tmp_path):
    with pytest.raises(BadUrlError):
        Scan([str(tmp_path), "s3:///AWSLogs/"], report=pytest.fail)


def test_a_scan_without_a_client_says_so(tmp_path):
    scanned = Scan([str(tmp_path), URL], report=pytest.fail)

    with pytest.raises(NoS3Error, match=f"^There is no client to read {URL} with.$"):
        list(scanned.rows())


def test_rows_that_find_no_room_are_an_error_for_people(scan, put):
    put(key(10), *range(500))
    source = LogFileRows(scan(URL))
    source._database.execute("PRAGMA max_page_count = 10")

    with pytest.raises(NoRoomError, match="SQLITE_TMPDIR"):
        asked(source)

    assert asked(source) == list(range(500))


def test_a_failure_in_the_middle_leaves_no_half_answer_behind(wire, scan, put, folder):
    put(key(10), 3)
    put(key(12, "CloudTrail-Digest"), 9)
    scanned = scan(folder, URL)
    source = LogFileRows(scanned)
    wire.refuse("GetObject", 403, "AccessDenied", times=1)

    with pytest.raises(ClientError):
        asked(source)
    after_the_failure = scanned.counts.total(), scanned.left_out.total()
    answer = asked(source)

    assert after_the_failure == (0, 0)
    assert answer == [1, 3]
    assert scanned.counts - Counter(bytes=scanned.bytes_read) == Counter(files=2, unreadable=1, records=2, rows=2)
    assert scanned.left_out == {"digest": 1}
    assert len(scanned.reports) == 1  # although the file is read twice


def test_a_failure_with_an_older_window_forgets_what_was_read_before(wire, scan, put):
    put(key(12, time="20260312T09"), 1)
    put(key(14), 2)
    source = LogFileRows(scan(URL))
    since = datetime(2026, 3, 14, tzinfo=UTC)

    first = asked(source, since)
    wire.refuse("GetObject", 403, "AccessDenied", times=1)
    with pytest.raises(ClientError):
        asked(source)
    wire.calls.clear()
    second = asked(source, since)

    assert (first, second) == ([2], [2])
    assert [request["Key"] for request in wire.requests("GetObject")] == [key(14)]
    assert asked(source) == [1, 2]


NOTHING_READ = "0 log files read, 0 unreadable, {}: 0 records, 0 rows, 0 rejected, 0 duplicates within a file."
NO_LOG_FILE = (
    "There are no log files here: log files in S3 are in AWSLogs/ACCOUNT/CloudTrail/; give the full name of any others."
)
REMARKS = {
    "nothing there": ([], None, [NOTHING_READ.format("0 left out"), NO_LOG_FILE]),
    "others only": (["copy.json.gz"], None, [NOTHING_READ.format("1 left out (1 other)"), NO_LOG_FILE]),
    "before the window": ([key(10)], LATER, [NOTHING_READ.format("1 left out (1 delivered before the window)")]),
}


@pytest.mark.parametrize(("names", "since", "expected"), REMARKS.values(), ids=REMARKS)
def test_where_nothing_is_read_remarks_say_why(scan, put, names, since, expected):
    for name in names:
        put(name, 1)
    scanned = scan(URL)

    read = list(scanned.rows(needed(since)))

    assert read == []
    assert list(scanned.remarks(at_length=False)) == expected


def test_a_store_reads_s3_with_the_client_of_its_session(s3, put):
    put(key(10), 1)

    class Session:
        clients = connections = 0

        def client(self, service, *, config):
            self.clients += 1
            self.connections = config.max_pool_connections
            return {"s3": s3}[service]

    session = Session()
    store = EventStore.read(f"{URL}AWSLogs/", f"{URL}other/", session=session)

    assert session.clients == 0
    assert list(store.events(since="2026-03-14", columns=["logFile"])) == [{"logFile": URL + key(10)}]
    assert store.event("00000001-0000-4000-8000-000000000000")["logFile"] == URL + key(10)
    assert (session.clients, session.connections) == (1, OBJECTS_AHEAD)

import random
import threading
from itertools import accumulate, takewhile

import pytest
from botocore.exceptions import ClientError, FlexibleChecksumError
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.clock import Clock
from aitrail.deliveries import OBJECTS_AHEAD, Listed, UnavailableError, content_ahead, content_of, contents_ahead
from tests.shared.network_errors import OF_THE_NETWORK
from tests.shared.objects_in_s3 import NONE, ObjectsInS3

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=100)
NAME = "s3://example-logs/a"
CONTENT = random.Random(7).randbytes(200)
BROKEN = ConnectionResetError(104, "Connection reset by peer")
WAYS = {"in parts": content_of, "ahead": content_ahead}


class Pauses(list):
    """A clock that does not wait, but notes the pauses."""

    @property
    def clock(self):
        return Clock(sleep=self.append, random=lambda: 0.5)


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": "example"}}, "GetObject")


def read(way, s3, size=-1):
    with way(s3, NAME, clock=Pauses().clock).open() as stream:
        return b"".join(iter(lambda: stream.read(size), b""))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(
    breaks=st.lists(st.tuples(st.integers(1, 80), st.sampled_from([None, *OF_THE_NETWORK.values()])), max_size=8),
    size=st.sampled_from([1, 7, 199, 200, 201, -1]),
)
@LAW
def test_content_is_whole_wherever_and_however_often_the_connection_breaks_off(way, breaks, size):
    breaks = [(upto, None if isinstance(error, FlexibleChecksumError) else error) for upto, error in breaks]
    s3 = ObjectsInS3({"a": CONTENT}, breaks)

    assert read(way, s3, size) == CONTENT
    assert len(s3.calls) <= 1 + len(breaks)
    assert s3.read["a"] == len(CONTENT)  # no byte is transmitted twice


@pytest.mark.parametrize("error", [None, *OF_THE_NETWORK.values()], ids=["silently", *OF_THE_NETWORK])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_object_is_unavailable_if_the_connection_breaks_off_again_and_again(way, error):
    pauses = Pauses()
    s3 = ObjectsInS3({"a": CONTENT}, [(60, error)] + 9 * [(0, error)])

    with pytest.raises(UnavailableError) as raised:
        way(s3, NAME, clock=pauses.clock).open().read()

    if isinstance(error, FlexibleChecksumError):
        assert str(raised.value) == "it was damaged while it was read: try again"
    else:
        assert str(raised.value).startswith("the connection broke off 4 times at byte 60 of 200 (")
        assert (len(s3.calls), pauses) == (4, [0.05, 0.1, 0.2, 0.4])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_request_for_the_rest_is_repeated_as_well(way):
    s3 = ObjectsInS3({"a": CONTENT}, [(60, BROKEN), BROKEN, refusal("SlowDown")])

    assert read(way, s3) == CONTENT
    assert s3.calls == [("example-logs", "a", None)] + 3 * [("example-logs", "a", "bytes=60-")]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_rest_of_another_content_is_not_read(way):
    s3 = ObjectsInS3({"a": CONTENT}, [(60, BROKEN)])
    s3.before = lambda key: s3.objects.update({key: CONTENT[::-1]}) if len(s3.calls) > 1 else None

    with pytest.raises(UnavailableError, match="it was overwritten while it was read"):
        way(s3, NAME, clock=Pauses().clock).open().read()


def test_answer_that_is_not_the_rest_is_not_read():
    s3 = ObjectsInS3({"a": CONTENT}, [(60, BROKEN)])
    whole = s3.get_object
    s3.get_object = lambda **parameters: whole(**parameters | {"Range": None})

    with pytest.raises(UnavailableError, match="S3 does not return the rest"):
        content_of(s3, NAME, clock=Pauses().clock).open().read()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("faults", [[], [(60, BROKEN)]], ids=["at the beginning", "in between"])
def test_errors_that_concern_other_objects_are_raised(way, faults):
    s3 = ObjectsInS3({"a": CONTENT}, [*faults, refusal("AccessDenied")])

    with pytest.raises(ClientError):
        way(s3, NAME, clock=Pauses().clock).open().read()


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchBucket", "InvalidObjectState"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_object_that_is_gone_or_archived_is_unavailable(way, code):
    content = way(ObjectsInS3({}, [refusal(code)]), NAME)

    with pytest.raises(UnavailableError):
        content.open()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_content_comes_with_its_name_length_and_metadata(way):
    content = way(ObjectsInS3({"a": CONTENT}), NAME)

    assert (content.name, content.length, content.metadata) == (NAME, 200, {"signature": "abc"})


@pytest.mark.parametrize(
    "sizes",
    [[90] * 90, [20] * 90, [5000] * 40, [100, 101, 5000, 3, 0, 99] * 12],
    ids=["small", "tiny", "large", "mixed"],
)
def test_bytes_read_ahead_are_bounded_whatever_the_sizes_are(monkeypatch, sizes):
    monkeypatch.setattr("aitrail.deliveries.content.MAX_BYTES_AHEAD", 100)
    monkeypatch.setattr("aitrail.deliveries.content._BYTES_AHEAD", 1000)
    monkeypatch.setattr("aitrail.deliveries.content._PART_BYTES", 10)
    objects = {str(number): bytes([number]) * size for number, size in enumerate(sizes)}
    s3 = ObjectsInS3(objects)
    others = threading.Semaphore(0)
    room = takewhile(lambda total: total <= 1000, accumulate(size if size <= 100 else 0 for size in sizes))
    begun = min(OBJECTS_AHEAD, sum(1 for _ in room))

    def before(key):
        """The first object comes after the others that may be read ahead."""
        if key == "0":
            assert all(others.acquire(timeout=60) for _ in range(begun - 1))
        others.release()

    s3.before = before
    found = {}
    listed = [Listed(f"s3://example-logs/{key}", len(content)) for key, content in objects.items()]
    for content in contents_ahead(s3, listed):
        with content.open() as stream:
            parts = []
            while part := stream.read(10):
                s3.release(len(part))
                parts.append(part)
        found[content.name.rpartition("/")[2]] = b"".join(parts)

    assert found == objects
    assert s3.most <= 1000 + 110
    assert len(s3.calls) == len(objects)


def test_object_that_has_become_larger_than_it_was_listed_is_not_read_before_its_turn():
    s3 = ObjectsInS3({"a": CONTENT}, [NONE])

    (content,) = contents_ahead(s3, [Listed(NAME, len(CONTENT) - 1)])

    assert s3.read.total() == 0
    assert content.open().read() == CONTENT


def test_object_that_is_large_is_not_read_before_its_turn():
    s3 = ObjectsInS3({"a": CONTENT}, [NONE])

    content = content_ahead(s3, NAME, most=199)

    assert s3.read.total() == 0
    assert content.open().read() == CONTENT

"""Few wanted records are found in a piece of a Records list, and are those that decoding the piece again gives."""

import gzip
import io
import json
from unittest.mock import Mock

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from aitrail.logfile import LogFile, elements, finding
from aitrail.logfile.finding import Finder
from aitrail.logfile.leaping import are_few
from tests.shared.fuzzing import law

SOURCES = frozenset({"polly.amazonaws.com"})
ID = "5f0a7c1e-0000-4000-8000-000000000001"
OTHER = '{"eventVersion":"1","eventSource":"s3.amazonaws.com","eventID":"5f0a7c1e-0000-4000-8000-00000000000f"}'


def wanted(event_id=f'"{ID}"', before="", after=""):
    return f'{{"eventVersion":"1",{before}"eventSource":"polly.amazonaws.com","eventID":{event_id}{after}}}'


@pytest.fixture
def decoded_again(monkeypatch):
    """How often a piece was decoded again, even if it is small."""
    again = Mock(side_effect=elements.records_at)
    monkeypatch.setattr(finding.elements, "records_at", again)
    monkeypatch.setattr(finding, "are_few", lambda _number, _size: True)
    return lambda: again.call_count


def read(text, places, finder=None):
    """The records at these places of a list, between two other bytes."""
    finder = finder or Finder()
    buffer = bytearray(b"]" + text.encode() + b"[")
    listed = finder.elements(buffer, 1, len(buffer) - 1)
    found = finder.records_at(buffer, 1, len(buffer) - 1, places, listed)
    assert buffer == b"]" + text.encode() + b"["
    return found


def slowly_read(text, places):
    content = text.encode()
    return elements.records_at(content, 0, len(content), places)


def listed(*texts, comma=","):
    return f"[{comma.join(texts)}]"


FILL = '"' + "a" * 9000 + '"'
LONGEST = ',"x":"' + "a" * (8000 - len(wanted(after=',"x":""'))) + '"'  # in a plain record
FOUND = {
    "alone": (listed(wanted()), [0]),
    "first": (listed(wanted(), OTHER), [0]),
    "last": (listed(OTHER, wanted()), [1]),
    "between others": (listed(OTHER, wanted(), OTHER), [1]),
    "several": (listed(wanted('"a1"'), OTHER, wanted('"b2"'), wanted('"c3"'), OTHER), [0, 2, 3]),
    "far from where it should be": (listed(OTHER[:-1] + f',"x":[{FILL},{FILL}]}}', wanted(), *[OTHER] * 9), [1]),
    "the same eventID later": (listed(wanted(), OTHER.replace('"1"', f'"{ID}"')), [0]),
    "a nested copy of itself": (listed(wanted(after=f',"x":[{wanted()}]')), [0]),
    "a text with its own text": (listed(wanted(after=',"x":' + json.dumps(wanted()))), [0]),
    "eventID a number": (listed(wanted("123456789")), [0]),
    "eventID an object": (listed(wanted('{"a":[1,2]}')), [0]),
    "eventID with escapes": (listed(wanted(r'"\u0061\n\""')), [0]),
    "eventID outside of ASCII": (listed(wanted('"ä😀"')), [0]),
    "eventID twice": (listed(OTHER, wanted('"a"', after=',"eventID":"b"'), OTHER), [1]),
    "white space within": (listed(OTHER, json.dumps(json.loads(wanted())), OTHER), [1]),
    "white space around": (f"[ \n{wanted()}\t ]", [0]),
    "white space around one of 8,000 bytes": (f"[ {wanted(after=LONGEST)} ]", [0]),
    "a float": (listed(wanted(after=',"x":1.5'), wanted('"b"')), [0, 1]),
    "long": (listed(wanted(after=f',"x":{FILL}'), OTHER), [0]),
    "many objects": (listed(wanted(after=',"x":[' + "{}," * 200 + "1]"), OTHER), [0]),
    "a large integer": (listed(wanted(after=f',"x":{2**70}')), [0]),
}


@pytest.mark.parametrize(("text", "places"), FOUND.values(), ids=FOUND)
def test_records_are_found_without_decoding_the_piece_again(text, places, decoded_again):
    found = read(text, places)

    assert decoded_again() == 0
    assert repr(found) == repr(slowly_read(text, places))


NOT_FOUND = {
    "no eventID": (listed(OTHER, wanted().replace("eventID", "eventName")), [1]),
    "the same eventID before it": (listed(OTHER.replace('"1"', f'"{ID}"'), wanted(), OTHER), [1]),
    "the same eventID in a record before it": (listed(wanted(), wanted()), [1]),
    "the same eventID in a list before it": (listed(OTHER[:-1] + f',"x":[{wanted()},{OTHER}]}}', wanted()), [1]),
    "its eventID in a value of its own": (listed(wanted(before=f'"x":"{ID}",')), [0]),
    "eventID null, as others": (listed(OTHER[:-1] + ',"x":null}', wanted("null")), [1]),
    "a short eventID": (listed(OTHER, wanted("1")), [1]),
    "a separator before eventID": (listed(wanted(before='"x":[{"event":1},{"event":2}],')), [0]),
    "a separator after eventID": (listed(wanted(after=',"x":[{"event":1},{"event":2}]')), [0]),
    "separators around eventID": (
        listed(wanted(before='"x":[{"a":1},{"event":2}],', after=',"y":[{},{"event":2}]')),
        [0],
    ),
    "eventID an object with separators": (listed(wanted('{"a":[{},{"event":1},{"event":2}]}'), OTHER), [0]),
    "another key first": (listed(OTHER, wanted().replace('"eventVersion":"1",', '"x":1,')), [1]),
    "white space between records": (listed(OTHER, wanted(), OTHER, comma=", "), [1]),
    "one of two": (listed(wanted('"a1"'), wanted('"b2"', after=',"x":[{},{"event":1}]')), [0, 1]),
}


@pytest.mark.parametrize(("text", "places"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_a_piece_is_decoded_again_if_a_record_cannot_be_found(text, places, decoded_again):
    found = read(text, places)

    assert decoded_again() == 1
    assert repr(found) == repr(slowly_read(text, places))


def test_bytes_are_decoded_again(decoded_again):
    content = listed(OTHER, wanted()).encode()
    finder = Finder()

    decoded = finder.elements(content, 0, len(content))
    found = finder.records_at(content, 0, len(content), [1], decoded)

    assert decoded_again() == 1
    assert not any(isinstance(element, elements.ElementWithId) for element in decoded)
    assert found.records == [json.loads(wanted())]


def test_event_ids_are_decoded_while_few_records_are_wanted_and_found(decoded_again):
    text, odd = listed(OTHER, wanted()), listed(wanted(), wanted())
    finder = Finder()

    def has_ids():
        return isinstance(finder.elements(bytearray(text.encode()), 0, len(text))[0], elements.ElementWithId)

    told = []
    for piece, places in [(text, [1]), *[(text, [])] * 4, (text, [1]), (odd, [1]), (odd, [1]), (text, [1])]:
        told.append(has_ids())
        read(piece, places, finder)

    assert told == [True, True, True, True, True, False, True, False, True]
    assert decoded_again() == 3  # the first after four pieces without any, the one that was not found, and the next


def test_a_piece_with_many_wanted_records_is_decoded_again(monkeypatch):
    again = Mock(side_effect=elements.records_at)
    monkeypatch.setattr(finding.elements, "records_at", again)
    finder = Finder()
    text = listed(wanted(), OTHER)

    read(text, [0], finder)

    assert again.call_count == 1
    assert type(finder.elements(bytearray(text.encode()), 0, len(text))[0]) is elements.Element
    assert [are_few(number, 16 * 1024) for number in (0, 2, 3)] == [True, True, False]


def test_a_log_file_with_few_wanted_records_is_decoded_once(monkeypatch):
    monkeypatch.setattr(finding.elements, "records_at", Mock(side_effect=AssertionError))
    unwanted = json.loads(OTHER) | {"x": "a" * 2000}
    records = [unwanted | {"eventID": f"id-{number}"} for number in range(2000)]
    for place in range(50, 2000, 100):
        records[place] = json.loads(wanted(f'"wanted-{place}"'))
    content = json.dumps({"Records": records}, separators=(",", ":")).encode()

    found = list(LogFile(io.BytesIO(gzip.compress(content, 1)), SOURCES))

    assert found == [(place, records[place]) for place in range(50, 2000, 100)]


IDS = st.sampled_from([f'"{ID}"', f'"{ID[:-1]}2"', '"a"', '""', "null", "1", "12", "[]", '{"eventID":"a"}'])
IDS |= st.sampled_from([r'"\u0061"', '"},{"', '[{},{"event":1},{"event":2}]', '"{"', r'"\"},{\"event"', '"ä"', '","'])
SPACES = st.sampled_from(["", "", "", "", " ", "\n"])
LEAVES = IDS | st.sampled_from(["1.5", "true", '"eventID"', '"},{"', '"}"', '"{"', '"["', '"eventSource"', '","'])
KEYS = st.sampled_from(['"x"', '"x"', '"event"', '"eventVersion"', '"eventID"', r'"event\u0049D"', '"Records"'])


def objects(values):
    members = st.lists(st.tuples(KEYS, values), max_size=3).map(
        lambda pairs: [f"{key}:{value}" for key, value in pairs]
    )
    return members.map(lambda drawn: "{" + ",".join(drawn) + "}")


VALUES = st.recursive(
    LEAVES,
    lambda values: objects(values) | st.lists(values, max_size=3).map(lambda drawn: f"[{','.join(drawn)}]"),
    max_leaves=6,
)
MEMBERS = st.tuples(KEYS, VALUES).map(":".join) | IDS.map('"eventID":'.__add__)


@st.composite
def lists_of_records(draw):
    """Records that begin as AWS writes them or not, with copies of earlier ones in their lists and texts."""
    texts = []
    for _ in range(draw(st.integers(1, 6))):
        members = draw(st.lists(MEMBERS, max_size=4))
        if texts and draw(st.booleans()):
            copy = draw(st.sampled_from(texts))
            quoted = json.dumps(copy, ensure_ascii=draw(st.booleans()))
            members.append(draw(st.sampled_from([f'"x":[{copy}]', f'"x":[{copy},{copy}]', f'"x":{quoted}'])))
        members = draw(st.permutations(members))
        begins = draw(st.sampled_from([['"eventVersion":"1"'], ['"eventVersion":"1"'], ['"event":1'], []]))
        space = draw(SPACES)
        texts.append("{" + space + ",".join([*begins, *members]) + space + "}")
    around = draw(SPACES)
    text = around.join(["[", draw(SPACES).join([",", ""]).join(texts), "]"])
    places = draw(st.sets(st.sampled_from(range(len(texts))), min_size=1))
    return text, sorted(places)


@law(500)
@given(lists_of_records(), st.integers(0, 40))
def test_any_records_are_those_that_decoding_the_piece_again_gives(drawn, near):
    text, places = drawn
    expected = slowly_read(text, places)
    with pytest.MonkeyPatch.context() as patch:
        again = Mock(side_effect=elements.records_at)
        patch.setattr(finding.elements, "records_at", again)
        patch.setattr(finding, "are_few", lambda _number, _size: True)
        patch.setattr(finding, "_NEAR_BYTES", near)
        found = read(text, places)

    event("decoded again" if again.called else "found")
    assert repr(found) == repr(expected)
    assert json.dumps(found.records) == json.dumps([json.loads(text)[place] for place in places])

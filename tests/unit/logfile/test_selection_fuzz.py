"""The streamed selection equals the reference, which parses everything and then selects."""

import gzip
import hashlib
import json
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aitrail.logfile import LogFile, UnreadableLogFile
from tests.shared.fuzzing import law
from tests.unit.logfile.short_reads import ShortReads

LAW = law()
SOURCES = frozenset({"polly.amazonaws.com", "kms"})


class Pairs(list):
    """An object with all of its keys, including repeated ones."""


def is_wanted(element):
    return (
        isinstance(element, dict)
        and isinstance(element.get("eventSource"), str)
        and element["eventSource"].lower() in SOURCES
    )


def reference(content):
    """The expected selection, as the repr of (wanted records, number of records), or None for a refusal."""
    try:
        document = json.loads(content)
        pairs = json.loads(content, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("Records"), list):
        return None
    earlier = [value for key, value in pairs if key == "Records" and type(value) is list][:-1]
    if any(is_wanted(dict(element)) for elements in earlier for element in elements if isinstance(element, Pairs)):
        return None  # the one document that json.loads accepts and the stream cannot
    records = document["Records"]
    # repr distinguishes 1 from 1.0 and True, and shows NaN, -0.0 and the order of keys
    return repr([pair for pair in enumerate(records) if is_wanted(pair[1])]), len(records)


def streamed(content, *, finds=False, **reads):
    """The selection; if it `finds` any number of wanted records, also in small pieces, these are not decoded again."""
    if not finds:
        return selected(content, **reads)
    with patch("aitrail.logfile.finding.are_few", return_value=True):
        return selected(content, **reads)


def selected(content, *, most=1 << 16, piece=1 << 17, packed=False):
    stream = ShortReads(gzip.compress(content, 1) if packed else content, most)
    log_file = LogFile(stream, SOURCES, piece_bytes=piece)
    try:
        found = list(log_file)
    except UnreadableLogFile:
        return None
    assert log_file.unwanted == log_file.records - len(found)
    assert (log_file.bytes, log_file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    return repr(found), log_file.records


POLLY = '{"eventVersion":"1.08","eventSource":"polly.amazonaws.com","eventID":"a1","requestParameters":{"text":"a"}}'
OTHER = '{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventID":"b2","requestParameters":{"text":"a"}}'


def document(*elements, before="", after="", comma=","):
    return "{" + before + '"Records":[' + comma.join(elements) + "]" + after + "}"


def among(*elements):
    """The elements between others, so that cuts occur before, within and after them."""
    return document(OTHER, POLLY, *elements, OTHER, POLLY)


def element(value, key="x"):
    return '{"eventVersion":"1","' + key + '":' + value + ',"eventSource":"polly.amazonaws.com"}'


MONOTONOUS = [
    *(
        "1",
        "-1.5e3",
        "null",
        "true",
        '"a"',
        "[]",
        "{}",
        "[[]]",
        '{"a":1}',
        '"],["',
        '"\\\\"',
        r'"\","\""',
        '",,,"',
        '"ä"',
    ),
    *('[{"event":1},{"event":2}]', "[" + "[]," * 300 + "1]", '{"a":"},{\\"event"}', r'"\ud800"', "1" * 30, "1" * 4300),
]
ODD = ["NaN", r'"\ud800"', "1" * 4300, "[" * 900 + "]" * 900, "18446744073709551616", '"' + "[" * 900 + '"', "1e999"]
ADVERSARIAL = {
    "no records": document(),
    "only white space in the list": '{"Records":[ \n]}',
    "one record": document(POLLY),
    "a source in other values": among(
        '{"eventSource":"s3","userAgent":"polly.amazonaws.com","r":{"eventSource":"kms"}}'
    ),
    "nested Records": among(element('{"Records":[' + POLLY + "]}")),
    "a boundary in a string": among(element(r'"},{\"eventVersion\":\"1\"},{\"event"')),
    "a boundary of nested objects": among(element('[{"event":1},{"event":2},{"eventSource":"kms"},{"event":4}]')),
    "a boundary in a nested list of lists": among(element('[[{"event":1},{"event":[{"e":0},{"event":1}]}]]')),
    "a bracket in a string at the end": document(OTHER, element(r'"]}"')),
    "runs of backslashes": among(*(element('"' + "\\" * 2 * n + '"') for n in range(1, 9))),
    "backslashes before quotes": among(*(element('"' + "\\\\" * n + '\\"},{\\"event"') for n in range(9))),
    "pretty": json.dumps(json.loads(document(OTHER, POLLY, OTHER)), indent=4),
    "CRLF": json.dumps(json.loads(document(OTHER, POLLY, OTHER)), indent=2).replace("\n", "\r\n"),
    "tabs": json.dumps(json.loads(document(OTHER, POLLY, OTHER)), indent="\t"),
    "sorted keys": json.dumps(json.loads(document(OTHER, POLLY, OTHER)), sort_keys=True),
    "escapes in key, value and dot": among(r'{"event\u0053ource":"\u0070olly\u002eamazonaws.com"}'),
    "an escaped Records key": document(POLLY).replace("Records", r"\u0052ecords"),
    "upper case": among('{"eventSource":"POLLY.AmazonAWS.com"}'),
    "Kelvin sign": among('{"eventSource":"\u212ams"}', r'{"eventSource":"\u212aMS"}'),
    "dotted capital I": among('{"eventSource":"\u0130"}'),
    "eventSource twice, wanted last": among('{"eventSource":"s3","eventSource":"kms"}'),
    "eventSource twice, wanted first": among('{"eventSource":"kms","eventSource":"s3"}'),
    "eventSource twice, number first": among('{"eventSource":1,"eventSource":"kms"}'),
    "eventSource twice, number last": among('{"eventSource":"kms","eventSource":1}'),
    "eventSource twice, null last": among('{"eventSource":"kms","eventSource":null}'),
    "eventSource of other types": among(
        *(f'{{"eventSource":{v}}}' for v in ("1", "null", "true", "[]", '{"a":"kms"}'))
    ),
    "elements of other types": among("1", "null", '"kms"', "[]", "[" + POLLY + "]", "{}", "1.5", "true", "NaN"),
    "Records twice, nothing wanted first": document(OTHER, after=',"Records":[' + POLLY + "]"),
    "Records twice, wanted first": document(POLLY, after=',"Records":[]'),
    "Records twice, null first": document(POLLY, before='"Records":null,'),
    "Records twice, null last": document(OTHER, after=',"Records":null'),
    "Records twice, object last": document(OTHER, after=',"Records":{}'),
    "keys before": document(POLLY, before='"a":[{"b":"]}"}],"c":null,'),
    "keys after": document(POLLY, after=',"a":[{"event":1},{"event":2}],"records":[' + POLLY + "]"),
    "NaN and infinities": among(element("[NaN,Infinity,-Infinity,1e999]")),
    "big integers": among(element("[18446744073709551616,-9223372036854775809," + "9" * 4300 + "]")),
    "integer over the limit of digits": among(element("9" * 4301)),
    "unwanted integer over the limit of digits": among('{"a":-' + "1" * 4301 + "}"),
    "float with many digits": among(element("1." + "9" * 5000)),
    "float with many digits before the dot": among(element("9" * 5000 + ".5")),
    "string with many digits": among(element('"' + "9" * 9000 + '"')),
    "numbers across windows": among(*("1" * n + rest for n in range(32, 42) for rest in (".5", "e5", "e+5", ".5E-5"))),
    "numbers that keep their type": among(element("[0,-0,0.0,-0.0,1.0,1E3,1e-7,100000000000000000000000.0]")),
    "lone surrogates as escapes": among(element(r'"\ud800 \udc00 \udc00\ud800 \ud83d\ude00"'), r'{"\ud800":1}'),
    "lone surrogate in eventSource": among(r'{"eventSource":"\ud800"}'),
    "text outside of ASCII": among(element('"ä€😀\u2028\x7f"')),
    "nested 900 deep": among(element("[" * 900 + "]" * 900)),
    "nested 100,000 deep": among(element("[" * 100_000 + "]" * 100_000)),
    "nested 100,000 deep, unclosed": among(element('{"a":' * 100_000)),
    "a record of 1 MB": among(element('"' + "},{ " * (1 << 18) + '"')),
    "many records": document(*[OTHER, POLLY, OTHER] * 2000),
    "white space everywhere": " \r\n" + document(OTHER, POLLY, comma=" ,\n\t ").replace("{", " { ") + "\n ",
    "much white space": " " * 9000 + document(OTHER, POLLY, comma=" " * 9000 + "," + " " * 9000) + " " * 9000,
    **{f"many of {unit[:20]}": document(*[unit] * 700, POLLY, *[unit] * 700) for unit in MONOTONOUS},
    **{f"many of {unit[:20]}, pretty": document(*[unit] * 99, POLLY, comma=",\n  ") for unit in MONOTONOUS},
    **{f"one {odd[:20]} among many": document(*["1"] * 700, odd, *["1"] * 700) for odd in ODD},
    **{f"one {odd[:20]} among many records": document(*[OTHER] * 50, odd, *[OTHER] * 50, POLLY) for odd in ODD},
    **{f"{odd[:20]} often": document(*[OTHER, odd, POLLY, "[]"] * 99) for odd in ODD},
    "many keys": document(POLLY, before='"a":1,"b":[1,{"c":2}],' * 700),
    "many keys after": document(POLLY, after=',"a":"},{","b":null' * 700),
    "many keys, NaN": document(POLLY, before='"a":NaN,' * 700),
    "many keys, pretty": document(POLLY, before='"a" : 1 ,\n' * 700),
    "many lists of Records, the last one counts": document("1", "{}", OTHER, before='"Records":[1,2,{"a":1}],' * 700),
    "many lists of Records, then another key": document(after=',"Records":[1,{"eventSource":"s3"}]' * 700 + ',"a":1'),
    "many lists of Records, then null": document(after=',"Records":[1]' * 700 + ',"Records":null'),
    "many lists of Records, then a wanted one": document(POLLY, before='"Records":[{"eventSource":"s3"}],' * 700),
    "many lists of Records, the first one wanted": document(POLLY, after=',"Records":[]' * 700),
    "many lists of Records, one of them wanted": document(
        after=',"Records":[]' * 700 + r',"Records":[{"\u0065ventSource":"kms"}]' + ',"Records":[]' * 700
    ),
    "many Records of other types": document(after=',"Records":{"eventSource":"kms"},"Records":"kms"' * 700),
    "refused: one bad element among many": document(*["1"] * 700, "01", *["1"] * 700),
    "refused: one bad key among many": document(POLLY, before='"a":1,' * 700 + "a:1," + '"a":1,' * 700),
    "refused: no comma among many": document(*["1"] * 700, "1 1", *["1"] * 700),
    "refused: closed among many": document(*["1"] * 700, "1]", *["1"] * 700),
    "refused: never closed": '{"Records":[' + "1," * 1400,
    "refused: nothing": "",
    "refused: white space": " \n",
    "refused: a list": "[" + POLLY + "]",
    "refused: a string": '"Records"',
    "refused: a number": "1",
    "refused: no JSON": "<html>",
    "refused: no Records": '{"records":[]}',
    "refused: an empty object": "{}",
    "refused: Records null": '{"Records":null}',
    "refused: Records a number": '{"Records":1}',
    "refused: trailing comma in the list": document(OTHER, POLLY, ""),
    "refused: trailing comma in the object": document(OTHER, POLLY, after=","),
    "refused: trailing comma and white space": document(OTHER, " "),
    "refused: leading comma": document("", OTHER),
    "refused: two commas": document(OTHER, "", OTHER),
    "refused: comma alone": document("", ""),
    "refused: no comma": document(OTHER + OTHER),
    "refused: bytes after the document": document(OTHER) + "x",
    "refused: two documents": document(OTHER) * 2,
    "refused: closed twice": document(OTHER) + "}",
    "refused: closed by the wrong bracket": '{"Records":[' + OTHER + "}}",
    "refused: list closed inside": among("{}],[{}"),
    "refused: control character in a string": among(element('"\n"')),
    "refused: NUL": among(element('"\0"')),
    "refused: form feed between records": document(OTHER, POLLY, comma=",\f"),
    "refused: bad escapes": among(element(r'"\x41"')),
    "refused: bad unicode escape": among(element(r'"\u12g4"')),
    "refused: leading zero": among(element("01")),
    "refused: dot without digits": among(element("1.")),
    "refused: half a word": among(element("tru")),
    "refused: comment": among("/* */" + OTHER),
    "refused: single quotes": among("{'a':1}"),
    "refused: key without quotes": among("{a:1}"),
    "refused: number as key": among("{1:1}"),
}
ENCODED = {
    **{name: text.encode() for name, text in ADVERSARIAL.items()},
    "byte order mark": b"\xef\xbb\xbf" + document(OTHER, POLLY).encode(),
    "UTF-16": document(OTHER, POLLY).encode("utf-16"),
    "UTF-16 little endian": document(OTHER, POLLY, element('"ä😀"')).encode("utf-16-le"),
    "UTF-16 big endian": document(OTHER, POLLY, element('"ä😀"')).encode("utf-16-be"),
    "UTF-32": document(OTHER, POLLY, element('"ä😀"')).encode("utf-32"),
    "surrogates in UTF-8": among(element('"\ud800\udc00"'), '{"eventSource":"\ud800"}').encode(
        "utf-8", "surrogatepass"
    ),
    "surrogates in UTF-16": among(element('"\udc00\ud800 "')).encode("utf-16-le", "surrogatepass"),
    "refused: byte order mark alone": b"\xef\xbb\xbf",
    "refused: two byte order marks": b"\xef\xbb\xbf" * 2 + document(POLLY).encode(),
    "refused: byte order mark of UTF-16 alone": b"\xff\xfe",
    "refused: half a character of UTF-16": document(POLLY).encode("utf-16") + b"}",
    "refused: Latin-1": among(element('"ä"')).encode("latin-1"),
    "refused: overlong UTF-8": among(element('"?"')).encode().replace(b"?", b"\xc0\xaf"),
    "refused: beyond Unicode": among(element('"?"')).encode().replace(b"?", b"\xf4\x90\x80\x80"),
    "refused: half a character, the other half later": among('{"a":"?","b":"!"}')
    .encode()
    .replace(b"?", b"\xc3")
    .replace(b"!", b"\xa4"),
    "refused: Latin-1 in an unwanted record": among('{"a":"ä"}').encode("latin-1"),
    "refused: half a character at the end": document(POLLY).encode() + b"\xe2\x82",
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_hand_made_documents_give_what_the_reference_gives(content):
    expected = reference(content)

    whole = [streamed(content, packed=packed) for packed in (False, True)]
    in_pieces = [
        streamed(content, most=997, piece=piece, packed=packed, finds=finds)
        for piece in (40, 300)
        for packed, finds in [(False, False), (True, False), (False, True)]
    ]

    assert [*whole, *in_pieces] == [expected] * 8


@pytest.mark.parametrize(
    "content", [ENCODED[i] for i in ENCODED if "refused" in i], ids=[i for i in ENCODED if "refused" in i]
)
def test_the_documents_named_refused_are_refused(content):
    assert streamed(content) is None


@pytest.mark.parametrize(
    "content", [document(OTHER, POLLY, OTHER).encode(), document(POLLY).encode("utf-16")], ids=["UTF-8", "UTF-16"]
)
def test_a_document_cut_short_anywhere_is_refused(content):
    outcomes = {streamed(content[:length], piece=50) for length in range(len(content))}

    assert outcomes == {None}


def one_of(words):
    return st.sampled_from(words.split())


SPACE = st.sampled_from(["", "", "", "", " ", "\n", "\r\n\t"])
SNIPPETS = one_of(r"},{\"event } ] [ { , : \" \\ \u0070 \ud800 \udc00 eventSource a ä 😀") | st.sampled_from(
    "\ud800\u212a"
)
STRINGS = st.lists(SNIPPETS, max_size=4).map(lambda parts: '"' + "".join(parts) + '"')
SOURCE_TEXTS = one_of(r'"polly.amazonaws.com" "KMS" "\u212ams" "\u006bms" "s3.amazonaws.com" "" 1 null "\ud800"')
NUMBERS = one_of(f"0 -0 1 1.0 -1.5e-7 1E400 NaN -Infinity 18446744073709551616 {'1' * 30}")
LEAVES = STRINGS | NUMBERS | one_of("true false null [] {}")
KEYS = one_of(r'"eventVersion" "event" "eventSource" "eventID" "Records" "a" "\u0061" "event\u0053ource" "ä"')


def joined(parts, opening, closing, space):
    return opening + space + f"{space},{space}".join(parts) + space + closing


def objects(values):
    members = st.one_of(st.tuples(KEYS, values), st.tuples(st.just('"eventSource"'), SOURCE_TEXTS))
    texts = st.lists(members.map(":".join), max_size=4)
    return st.tuples(texts, SPACE).map(lambda drawn: joined(drawn[0], "{", "}", drawn[1]))


def lists(values, most=4):
    return st.tuples(st.lists(values, max_size=most), SPACE).map(lambda drawn: joined(drawn[0], "[", "]", drawn[1]))


VALUES = st.recursive(LEAVES, lambda values: st.one_of(objects(values), lists(values)), max_leaves=8)
EVENT_IDS = one_of(r'"a1" "a1" "b2" "c3" "5f0a7c1e" "d4" "e5" "},{" null 1 {"eventID":"a1"} "\u0061"')
USUAL = st.tuples(SOURCE_TEXTS, VALUES, EVENT_IDS).map(
    '{{"eventVersion":"1.08","eventSource":{0[0]},"x":{0[1]},"eventID":{0[2]}}}'.format
)
RECORDS = lists(USUAL | objects(VALUES) | USUAL | VALUES, most=9) | lists(USUAL, most=9)
PAIRS = st.tuples(KEYS, VALUES).map(":".join)
MEMBERS = PAIRS | PAIRS | PAIRS | RECORDS.map('"Records":'.__add__)
DOCUMENTS = st.tuples(st.lists(MEMBERS, max_size=1), RECORDS, st.lists(MEMBERS, max_size=1), SPACE).map(
    lambda drawn: drawn[3] + joined([*drawn[0], '"Records":' + drawn[1], *drawn[2]], "{", "}", drawn[3]) + drawn[3]
)
ENCODINGS = st.sampled_from(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
CONTENTS = st.tuples(DOCUMENTS, ENCODINGS).map(lambda drawn: drawn[0].encode(drawn[1], "surrogatepass"))
PIECES = st.integers(1, 200) | st.integers(200, 800) | st.just(1 << 17)
READS = st.fixed_dictionaries(
    {"most": st.integers(1, 200), "piece": PIECES, "packed": st.booleans(), "finds": st.booleans()}
)


@LAW
@given(CONTENTS, READS)
def test_any_document_read_in_any_pieces_gives_what_the_reference_gives(content, reads):
    expected = reference(content)

    found = streamed(content, **reads)

    assert found == expected


DAMAGE = [*b', ] } { [ " \\ : ]} ,, 0 1 . e -'.split(), b"\x0b", b"\xff", b"\xc3", b"\xa4", b"\xed\xa0\x80"]


@st.composite
def damaged(draw):
    content = draw(CONTENTS)
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        middle = draw(st.one_of(st.binary(max_size=3), st.sampled_from(DAMAGE), st.just(content[start:end])))
        keep = draw(st.sampled_from([start, start, start + 1, end]))
        content = content[:start] + middle + content[keep:]
    return content


@LAW
@given(damaged(), READS)
def test_a_damaged_document_is_refused_or_read_just_as_the_reference_does(content, reads):
    expected = reference(content)

    found = streamed(content, **reads)

    assert found == expected


UNITS = st.lists(VALUES | USUAL, min_size=1, max_size=3)
MANY = st.tuples(UNITS, st.integers(1, 200), VALUES | USUAL, st.integers(1, 200), SPACE).map(
    lambda drawn: joined(drawn[0] * drawn[1] + [drawn[2]] + drawn[0] * drawn[3], "[", "]", drawn[4])
)
MANY_MEMBERS = st.tuples(st.lists(MEMBERS, min_size=1, max_size=3), st.integers(1, 200)).map(
    lambda drawn: drawn[0] * drawn[1]
)
LONG = st.tuples(st.just([]) | MANY_MEMBERS, MANY | RECORDS, st.just([]) | MANY_MEMBERS, SPACE).map(
    lambda drawn: joined([*drawn[0], '"Records":' + drawn[1], *drawn[2]], "{", "}", drawn[3])
)


@law(costs=10)
@given(LONG, st.integers(1, 5000) | st.just(1 << 17), st.booleans())
def test_any_long_document_gives_what_the_reference_gives(text, piece, finds):
    content = text.encode("utf-8", "surrogatepass")
    expected = reference(content)

    found = streamed(content, piece=piece, finds=finds)

    assert found == expected


TOKENS = one_of(
    '{"eventVersion":"1" "eventSource":"kms" {"eventSource":"kms"} },{"event":1 ,"Records":[ "Records": '
    '{ } [ ] , , : " \\ 1 e5 - true NaN ä'
) | st.sampled_from(" \n")


@LAW
@given(
    st.sampled_from(["", '{"Records":[']),
    st.lists(TOKENS, max_size=12),
    st.sampled_from(["", "]}"]),
    READS,
)
@example('{"Records":[', ["]"], "}", {"most": 1, "piece": 1, "packed": False})
def test_token_soup_is_refused_or_read_just_as_the_reference_does(opening, tokens, closing, reads):
    content = "".join([opening, *tokens, closing]).encode()
    expected = reference(content)

    found = streamed(content, **reads)

    assert found == expected


DIGITS = st.text("0123456789", min_size=1, max_size=400).map(lambda digits: digits.lstrip("0") or "0")
NUMBERS = st.tuples(st.sampled_from(["", "-"]), DIGITS, st.none() | DIGITS, st.none() | st.integers(-400, 400)).map(
    lambda parts: (
        f"{parts[0]}{parts[1]}"
        + ("" if parts[2] is None else f".{parts[2]}")
        + ("" if parts[3] is None else f"e{parts[3]:+}")
    )
)
STRINGS = st.text(st.characters(codec=None)).map(json.dumps) | st.text(st.characters(codec="utf-8")).map(
    lambda text: json.dumps(text, ensure_ascii=False)
)


@LAW
@given(st.lists(NUMBERS | STRINGS | st.floats(allow_nan=True).map(json.dumps), max_size=8))
def test_values_of_wanted_records_are_those_of_json_loads(values):
    content = among(element(f"[{','.join(values)}]")).encode(errors="surrogatepass")

    assert streamed(content) == reference(content)

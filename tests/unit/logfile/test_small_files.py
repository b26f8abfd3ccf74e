"""What is said at once of a small log file is what LogFile says of it, and whatever is unusual is left to LogFile."""

import gzip
import io
import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.logfile import LogFile, SmallFiles, UnreadableLogFile
from tests.shared.fuzzing import law
from tests.unit.logfile.short_reads import ShortReads
from tests.unit.logfile.test_selection_fuzz import CONTENTS, ENCODED, damaged

SOURCES = frozenset({"polly.amazonaws.com", "kms"})
PLAIN = ["s3.amazonaws.com", "ec2.amazonaws.com", None, "S3.amazonaws.com", ""]
NOTABLE = ["polly.amazonaws.com", "Polly.AmazonAWS.com", "\u212ams", "polly2.amazonaws.com", "POLLY3"]


def is_lookalike(source):
    return source.startswith("polly")


def document(*sources, text="y"):
    records = [
        {"eventVersion": "1.08", "text": text} | ({} if each is None else {"eventSource": each}) for each in sources
    ]
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def by_log_file(file):
    """The number of records, None if some are wanted or have lookalike sources, or if the file is unreadable."""
    log_file = LogFile(io.BytesIO(file), SOURCES, is_lookalike=is_lookalike)
    try:
        found = list(log_file)
    except UnreadableLogFile:
        return None
    return None if found or log_file.unknown_sources else log_file.records


def small_files():
    return SmallFiles(SOURCES, is_lookalike=is_lookalike)


def at_once(file, files=None, most=1 << 20):
    """The same as SmallFiles says it; what it leaves to LogFile is the whole file."""
    number, rest = (files or small_files()).unwanted(ShortReads(file, most))
    if number is None:
        assert b"".join(iter(lambda: rest.read(1000), b"")) == file
    return number


@pytest.mark.parametrize("sources", [PLAIN, ["ec2.amazonaws.com"] * 40, ["s3.amazonaws.com"]], ids=len)
def test_the_records_of_a_small_file_are_counted_at_once_if_none_is_wanted(sources):
    assert at_once(gzip.compress(document(*sources))) == len(sources)


USUAL = document("s3.amazonaws.com", "s3.amazonaws.com")
PACKED = gzip.compress(USUAL)
NOISE = Random(0).randbytes(40_000).hex()
UNUSUAL = {
    **{f"{source} among others": gzip.compress(document(*PLAIN, source, *PLAIN)) for source in NOTABLE},
    "a long source": gzip.compress(document("s" * 254)),
    "over 1,000 sources": gzip.compress(document(*map(str, range(1001)))),
    "not compressed": USUAL,
    "compressed twice": gzip.compress(PACKED),
    "two members": gzip.compress(USUAL[:50]) + gzip.compress(USUAL[50:]),
    "an empty member after it": PACKED + gzip.compress(b""),
    "zeros after it": PACKED + bytes(8),
    "other bytes after it": PACKED + USUAL,
    "cut off": PACKED[:-1],
    "another size": PACKED[:-4] + (len(USUAL) - 1).to_bytes(4, "little"),
    "another checksum": PACKED[:-8] + bytes(4) + PACKED[-4:],
    "another key": gzip.compress(USUAL[:-1] + b',"a":1}'),
    "white space": gzip.compress(USUAL + b"\n"),
    "no record": gzip.compress(document()),
    "no list": gzip.compress(b'{"Records":[{"a":1}],"Records":[]}'),
    "outside of ASCII": gzip.compress(USUAL.replace(b"y", "ä".encode())),
    "NaN": gzip.compress(USUAL.replace(b'"y"', b"NaN")),
    "much content": gzip.compress(document("s3.amazonaws.com", text="y" * 128 * 1024)),
    "over 32 KB": gzip.compress(document("s3.amazonaws.com", text=NOISE)),
    "nothing": b"",
    "nothing, compressed": gzip.compress(b""),
}


@pytest.mark.parametrize("file", UNUSUAL.values(), ids=UNUSUAL)
def test_a_file_with_anything_wanted_or_unusual_is_left_to_log_file(file):
    assert at_once(file) is None


@pytest.mark.parametrize("most", [1, 7, len(PACKED) - 1])
def test_a_file_that_comes_in_parts_is_left_to_log_file_as_a_whole(most):
    assert at_once(PACKED, most=most) is None


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_hand_made_documents_have_as_many_records_as_log_file_says_or_are_left_to_it(content):
    file = gzip.compress(content)

    assert at_once(file) in (by_log_file(file), None)


SOURCE_NAMES = st.lists(st.sampled_from(PLAIN) | st.sampled_from([*PLAIN, *NOTABLE]) | st.text(max_size=3), max_size=6)
FILES = (CONTENTS | damaged() | SOURCE_NAMES.map(lambda names: document(*names))).map(gzip.compress)


@st.composite
def damaged_files(draw):
    file = bytearray(draw(FILES))
    for _ in range(draw(st.integers(0, 2))):
        file[draw(st.integers(0, len(file) - 1))] = draw(st.integers(0, 255))
    return bytes(file)


@law()
@given(st.lists(damaged_files(), max_size=4))
def test_any_files_one_after_the_other_have_as_many_records_as_log_file_says_or_are_left_to_it(files):
    of_one_scan = small_files()

    for file in files:
        assert at_once(file, of_one_scan) in (by_log_file(file), None)

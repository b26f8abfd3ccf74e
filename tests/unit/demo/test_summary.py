from collections import Counter

from demo.summary import summary

INGESTED = {"status": "ingested", "records": 10, "wanted": 3, "written": 3, "rejected": 0}


def test_counts_add_up_over_all_files():
    names = {"s3://b/1": "one", "s3://b/2": "two", "s3://b/digest": "a digest"}
    ledger = {"s3://b/1": INGESTED, "s3://b/2": INGESTED}

    told = summary(names, set(), ledger, Counter(polly=3, lex=1), 4, 0).splitlines()

    assert told == [
        "  files         3: 2 ingested, 1 of another kind (counted)",
        "  records       20 records, 6 wanted, 0 rejected",
        "  rows          4: 1 lex, 3 polly",
        "                2 wanted records were also delivered in a second file: one row for both",
        "  dead letters  0",
        "  a digest: only counted, because it contains no records of calls",
    ]


def test_files_that_need_attention_and_odd_ones_are_told_with_their_fate():
    names = {"s3://b/1": "plain", "s3://b/2": "cut off", "s3://b/3": "odd", "s3://b/4": "with a reject"}
    ledger = {
        "s3://b/1": INGESTED,
        "s3://b/2": {"status": "unreadable", "reason": "The gzip stream is truncated"},
        "s3://b/3": INGESTED,
        "s3://b/4": {**INGESTED, "rejected": 1},
    }

    told = summary(names, {"s3://b/3"}, ledger, Counter(polly=9), 9, 2).splitlines()

    assert told[3:] == [
        "  dead letters  2",
        "  cut off: unreadable: The gzip stream is truncated",
        "  odd: ingested, 3 of 10 records became rows",
        "  with a reject: ingested, 3 of 10 records became rows, 1 rejected",
    ]


def test_rows_that_are_not_calls_of_their_own_are_told():
    told = summary({"s3://b/1": "one"}, set(), {"s3://b/1": INGESTED}, Counter(polly=4), 3, 0).splitlines()

    assert told[2:4] == [
        "  rows          4: 4 polly",
        "  calls         3: 1 of the rows correct or copy others, or tell the end of a stream",
    ]


def test_long_list_of_files_is_cut():
    names = {f"s3://b/{number}": f"file {number}" for number in range(25)}

    told = summary(names, set(), {}, Counter(), 0, 0).splitlines()

    assert told[-1] == "  ... and 5 more"
    assert len(told) == 4 + 20 + 1

"""The corpora have the promised properties."""

import gzip
import json
from collections import Counter
from itertools import islice

import pytest

from aitrail.rows import CREDENTIALS, identity_of
from aitrail.services import load
from bench.corpora import FRESH, Corpus


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others():
    first, again, other = (Corpus(seed=seed).files(2, size=10_000) for seed in (1, 1, 2))

    assert first == again
    assert first[0] != first[1]
    assert first[0] != other[0]


@pytest.mark.parametrize(("compressed", "fresh"), FRESH.items(), ids=lambda value: f"{value:g}")
def test_files_are_about_as_compressible_as_promised(compressed, fresh):
    (log_file,) = Corpus(fresh=fresh).files(1, size=1_000_000)

    ratio = len(gzip.decompress(log_file)) / len(log_file)

    assert 0.85 * compressed < ratio < 1.2 * compressed


@pytest.mark.parametrize("wanted", [0.0, 0.01, 1.0])
def test_the_share_of_wanted_records_is_as_promised(wanted):
    records = [json.loads(text) for text in islice(Corpus(wanted=wanted).records(), 4000)]

    found = sum(record["eventSource"] in load().sources for record in records)

    assert found == pytest.approx(wanted * len(records), abs=0 if wanted in (0, 1) else 20)


def test_noise_comes_from_many_services_and_every_kind_of_caller():
    records = [json.loads(text) for text in islice(Corpus(fresh=1.0).records(), 4000)]

    assert len({record["eventSource"] for record in records}) >= 20
    assert {identity_of(record).credentials for record in records} == set(CREDENTIALS)
    assert len({record["userIdentity"]["type"] for record in records}) == 12
    assert len({record["eventID"] for record in records}) == len(records)
    assert len({record["userAgent"] for record in records}) >= 7


def test_records_have_the_size_of_real_ones():
    sizes = [len(text) for text in islice(Corpus(fresh=1.0).records(), 2000)]

    assert min(sizes) > 500
    assert 1000 < sum(sizes) / len(sizes) < 2000
    assert max(sizes) < 3500


def test_wanted_records_are_of_all_four_services():
    records = [json.loads(text) for text in islice(Corpus(wanted=1.0, fresh=1.0).records(), 400)]

    services = Counter(load().service(record["eventSource"]).name for record in records)

    assert set(services) == {"polly", "transcribe", "lex", "personalize"}
    assert min(services.values()) > 50

from collections import Counter
from datetime import timedelta
from io import BytesIO

from aitrail.digests import read_digest
from aitrail.digests.digest import check_signature
from soak.log_files import digests
from tests.shared import signed_digests
from tests.unit.soak.conftest import BUCKET, HOURS, NOW, made


def test_the_same_seed_makes_the_same_log_files_and_another_seed_others():
    first, again, other = made(3), made(3), made(3, seed=2)

    assert first == again
    assert not {file.key for file in first} & {file.key for file in other}
    assert not {file.sha256 for file in first} & {file.sha256 for file in other}


def test_a_hundred_log_files_hold_everything_that_is_special(files, expected):
    counts = Counter()
    for said in expected.entries.values():
        counts.update({name: value for name, value in said.items() if isinstance(value, int)})
        counts[said["status"]] += 1

    assert counts["unreadable"] == 1
    assert counts["rejected"] == 2 + 2  # two entries of log files with one reject each, and the two rejects
    assert counts["duplicatesInFile"] == 3
    assert sum(len(origins) == 2 for origins in expected.origins.values()) > 5
    assert sum(file.is_announced_twice for file in files) == 6
    assert max(len(file.records) for file in files if file.is_sound) >= 300
    assert 0 < len(expected.rows) < expected.records / 3


def test_digests_are_signed_and_list_every_log_file_once(files):
    made = digests(files, BUCKET, HOURS)

    assert sorted(key for digest in made for key in digest.lists) == sorted(file.key for file in files)
    for each in made:
        digest = read_digest(BytesIO(each.body), bucket=BUCKET, key=each.key)
        check_signature(
            digest,
            signature=each.metadata["signature"],
            algorithm=each.metadata["signature-algorithm"],
            public_key=signed_digests.public_key(),
        )
        assert {listed.key for listed in digest.log_files} == set(each.lists)


def test_log_files_of_a_load_are_not_late_when_they_come(files):
    delivered = [file.delivered for file in files]

    assert min(delivered) > NOW - timedelta(hours=3)
    assert max(delivered) < NOW

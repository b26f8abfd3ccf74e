import gzip
import json

import pytest

from aitrail.deliveries import keys
from demo.log_folder import NoLogFilesError, deliveries, log_files

RECORD = {"eventTime": "2024-02-29T23:59:30Z", "recipientAccountId": "111122223333", "awsRegion": "eu-west-1"}
NAMED = "111122223333_CloudTrail_eu-west-1_20240301T0005Z_Zr5tYh2kQw8eLp0N.json.gz"
DAY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2024"


@pytest.fixture
def put(tmp_path):
    """Writes a file with one record, compressed if its name says so."""

    def put(path, record=None):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps({"Records": [RECORD if record is None else record]}).encode()
        file.write_bytes(gzip.compress(content) if path.endswith(".gz") else content)

    return put


def keys_of(folder):
    return {path.relative_to(folder).as_posix(): key for path, key, _ in deliveries(folder, log_files(folder))}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (f"copy/{DAY}/03/01/{NAMED}", f"{DAY}/03/01/{NAMED}"),
        (f"AWSLogs/o-abc123/111122223333/CloudTrail/eu-west-1/2024/03/01/{NAMED}",) * 2,
        (f"{DAY}/03/01/{NAMED.removesuffix('.gz')}", f"{DAY}/03/01/{NAMED}"),
        (f"flat/{NAMED}", f"{DAY}/03/01/{NAMED}"),
        (NAMED.removesuffix(".gz"), f"{DAY}/03/01/{NAMED}"),
        (
            "march/first day.json",
            f"{DAY}/02/29/111122223333_CloudTrail_eu-west-1_20240229T2359Z_march-first day.json.gz",
        ),
    ],
    ids=["a key in the path", "an organization's", "decompressed", "a name alone", "both", "any other name"],
)
def test_file_gets_the_key_that_cloudtrail_would_have_given_it(tmp_path, put, path, key):
    put(path)

    found = keys_of(tmp_path)

    assert found == {path: key}
    assert keys.kind_of(key) is keys.Kind.LOG_FILE


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (
            "111122223333_CloudTrail-NetworkActivity_eu-west-1_20240301T0005Z_Zr5tYh2kQw8eLp0N.json.gz",
            "network-activity",
        ),
        ("111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20240301T000512Z.json.gz", "digest"),
        ("111122223333_CloudTrail-Insight_eu-west-1_20240301T0005Z_Zr5tYh2kQw8eLp0N.json.gz", "insight"),
    ],
)
def test_other_objects_of_cloudtrail_keep_their_kind(tmp_path, put, path, kind):
    put(path)

    assert keys.kind_of(keys_of(tmp_path)[path]) == kind


@pytest.mark.parametrize(
    "record",
    [{}, {"eventTime": 5, "recipientAccountId": "me", "awsRegion": "../.."}, "text"],
    ids=["empty", "odd", "text"],
)
def test_file_that_says_nothing_about_itself_is_a_log_file_still(tmp_path, put, record):
    put("x.json", record)

    key = keys_of(tmp_path)["x.json"]

    assert key.startswith("AWSLogs/000000000000/CloudTrail/us-east-1/")
    assert keys.kind_of(key) is keys.Kind.LOG_FILE


def test_content_that_is_no_log_file_is_delivered_as_it_is(tmp_path):
    (tmp_path / "broken.json.gz").write_bytes(b"\x1f\x8b broken")

    [(_, key, body)] = deliveries(tmp_path, log_files(tmp_path))

    assert key.endswith("_broken.json.gz")
    assert body == b"\x1f\x8b broken"


def test_plain_json_is_compressed(tmp_path, put):
    put("x.json")

    [(_, _, body)] = deliveries(tmp_path, log_files(tmp_path))

    assert json.loads(gzip.decompress(body)) == {"Records": [RECORD]}


def test_no_two_files_get_the_same_key(tmp_path, put):
    for folder in ("a", "b", "c"):
        put(f"{folder}/{NAMED}")

    assert len(set(keys_of(tmp_path).values())) == 3


def test_hidden_and_other_files_are_left_out(tmp_path, put):
    put("x.json")
    for name in (".x.json", "x.json.txt", "notes"):
        (tmp_path / name).touch()

    assert [path.name for path in log_files(tmp_path)] == ["x.json"]


@pytest.mark.parametrize("name", ["", "nowhere"], ids=["empty", "not there"])
def test_folder_without_log_files_is_an_error_that_names_it(tmp_path, name):
    folder = tmp_path / name

    with pytest.raises(NoLogFilesError, match=str(folder)):
        log_files(folder)

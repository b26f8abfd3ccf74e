"""Which files `aitrail scan PATH…` reads, of all that may lie in a folder."""

import json
import os
import socket
import sys
from collections import Counter

import pytest

from aitrail.questions.paths import log_files

DAY = "2026/03/14"
NAME = "111122223333_{}_eu-west-1_20260314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
ACCOUNT = "AWSLogs/111122223333"
NONE_READ = (
    "0 log files read, 0 unreadable, {} left out{}: 0 records, 0 rows, 0 rejected, 0 duplicates within a file.\n"
)
NO_LOG_FILE = "There are no log files here: names of log files end with .json.gz or .json.\n"


@pytest.fixture
def found(tmp_path):
    """What is found at these paths: log files, counts of what is left out, and what is unreadable, as texts."""

    def found(*paths):
        left_out, unreadable = Counter(), []
        files = log_files(
            map(str, paths), left_out=left_out, unreadable=lambda path, error: unreadable.append((path, error.strerror))
        )
        return [os.path.relpath(path, tmp_path) for path in files], dict(left_out), unreadable

    return found


def put(folder, *names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(file))


def test_folder_gives_its_log_files_at_any_depth_in_the_order_of_names(found, tmp_path):
    put(tmp_path, "b/2.json", "b/10.json.gz", "c.json", "a/z/y/x.json", "a.json", "b/1/1.json", "B.json")

    files, left_out, unreadable = found(tmp_path)

    assert files == ["B.json", "a/z/y/x.json", "a.json", "b/1/1.json", "b/10.json.gz", "b/2.json", "c.json"]
    assert (left_out, unreadable) == ({}, [])


def test_folder_may_be_deeper_than_the_stack_of_the_interpreter(found, tmp_path):
    deep = tmp_path
    for _ in range(400):
        deep /= "d"
        deep.mkdir()
    put(deep, "a.json")
    usual = sys.getrecursionlimit()

    sys.setrecursionlimit(300)
    try:
        files, _, unreadable = found(tmp_path)
    finally:
        sys.setrecursionlimit(usual)

    assert (files, unreadable) == ([str((deep / "a.json").relative_to(tmp_path))], [])


BESIDE = {
    "digest": (f"{ACCOUNT}/CloudTrail-Digest/eu-west-1/{DAY}/{NAME.format('CloudTrail-Digest')}", "digest"),
    "digest, decompressed": (f"{ACCOUNT}/CloudTrail-Digest/eu-west-1/{DAY}/digest.json", "digest"),
    "digest, copied without the account": ("CloudTrail-Digest/eu-west-1/2026/digest.json.gz", "digest"),
    "digest, copied without folders": (NAME.format("CloudTrail-Digest"), "digest"),
    "insight": (f"{ACCOUNT}/CloudTrail-Insight/eu-west-1/{DAY}/{NAME.format('CloudTrail-Insight')}", "insight"),
    "insight, copied without folders": (NAME.format("CloudTrail-Insight"), "insight"),
    "aggregated": (f"{ACCOUNT}/CloudTrail-Aggregated/eu-west-1/{DAY}/a.json.gz", "aggregated"),
    "aggregated, copied without the account": ("logs/CloudTrail-Aggregated/a.json.gz", "aggregated"),
    "config": (f"{ACCOUNT}/Config/eu-west-1/2026/3/14/ConfigHistory/a.json.gz", "config"),
}


@pytest.mark.parametrize(("name", "kind"), BESIDE.values(), ids=BESIDE)
def test_objects_that_hold_no_log_are_left_out_and_counted_by_kind(found, tmp_path, name, kind):
    put(tmp_path, name)

    assert found(tmp_path) == ([], {kind: 1}, [])
    assert found(tmp_path / name) == ([], {kind: 1}, [])


LOG_FILES = {
    "log file": f"{ACCOUNT}/CloudTrail/eu-west-1/{DAY}/{NAME.format('CloudTrail')}",
    "network activity": f"{ACCOUNT}/CloudTrail-NetworkActivity/eu-west-1/{DAY}/{NAME.format('CloudTrail')}",
    "copied without the account": f"CloudTrail/eu-west-1/{DAY}/{NAME.format('CloudTrail')}",
    "copied without folders": NAME.format("CloudTrail"),
    "below a folder that names another kind": f"CloudTrail-Digest/{ACCOUNT}/CloudTrail/eu-west-1/{DAY}/"
    + NAME.format("CloudTrail"),
    "decompressed": f"{ACCOUNT}/CloudTrail/eu-west-1/{DAY}/{NAME.format('CloudTrail').removesuffix('.gz')}",
}


@pytest.mark.parametrize("name", LOG_FILES.values(), ids=LOG_FILES)
def test_log_files_are_known_wherever_they_lie(found, tmp_path, name):
    put(tmp_path, name)

    assert found(tmp_path) == ([name], {}, [])
    assert found(tmp_path / name) == ([name], {}, [])


def test_kind_is_known_from_the_whole_path_however_it_is_named(found, tmp_path, monkeypatch):
    folder = tmp_path / ACCOUNT / "CloudTrail-Digest" / "eu-west-1" / DAY
    put(folder, "digest.json")
    monkeypatch.chdir(folder)

    assert found(".", "digest.json") == ([], {"digest": 1, "repeated": 1}, [])


def test_other_files_are_read_only_if_they_are_named(found, tmp_path):
    put(tmp_path, "README.md", "log.gz", "log.jsonl", "log.json.bak")

    assert found(tmp_path) == ([], {"other": 4}, [])
    assert found(tmp_path / "log.gz", tmp_path / "README.md") == (["log.gz", "README.md"], {}, [])


def test_only_a_dash_that_is_named_is_standard_input(found, tmp_path, monkeypatch):
    put(tmp_path, "-", "-.json")
    monkeypatch.chdir(tmp_path)

    assert found(".", "-") == (["-.json", "-"], {"other": 1}, [])


def test_every_file_is_given_once_however_often_it_is_named_or_symbolically_linked(found, tmp_path):
    put(tmp_path, "a/1.json", "b/2.json")
    (tmp_path / "a" / "soft.json").symlink_to("../b/2.json")

    files, left_out, unreadable = found(tmp_path / "b/2.json", tmp_path / "a", tmp_path, tmp_path / "b" / "2.json")

    assert files == ["b/2.json", "a/1.json"]
    assert (left_out, unreadable) == ({"repeated": 3}, [])


def test_copies_of_a_file_are_files_of_their_own(found, tmp_path):
    put(tmp_path, "a.json")
    (tmp_path / "b.json").hardlink_to(tmp_path / "a.json")

    assert found(tmp_path) == (["a.json", "b.json"], {}, [])


def test_links_are_followed_and_loops_end(found, tmp_path):
    put(tmp_path / "elsewhere", "a.json")
    logs = tmp_path / "logs"
    put(logs, "b/b.json")
    (logs / "link").symlink_to(tmp_path / "elsewhere")
    (logs / "b" / "loop").symlink_to(logs)
    (tmp_path / "elsewhere" / "self").symlink_to(".")
    (tmp_path / "entry").symlink_to("logs")

    files, left_out, unreadable = found(tmp_path / "entry")

    assert files == ["entry/b/b.json", "entry/link/a.json"]
    assert (left_out, unreadable) == ({"repeated": 2}, [])


@pytest.mark.timeout(60)
def test_pipes_and_sockets_in_a_folder_are_not_opened(aitrail, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    os.mkfifo("pipe.json")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket.json.gz")

    ended = aitrail("scan", ".")

    listener.close()
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == NONE_READ.format(2, " (2 other)") + NO_LOG_FILE


def test_pipe_that_is_named_is_read(program, record):
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        stream.write(json.dumps({"Records": [record()]}))
    process = program("scan", f"/dev/fd/{reader}", pass_fds=[reader])

    stdout, _ = process.communicate(timeout=60)

    os.close(reader)
    assert json.loads(stdout)["logFile"] == f"/dev/fd/{reader}"


NO_LOGS = {
    "empty folder": ([], NONE_READ.format(0, "") + NO_LOG_FILE),
    "empty folders": (["a/b/"], NONE_READ.format(0, "") + NO_LOG_FILE),
    "digests and others": (
        ["CloudTrail-Digest/a.json.gz", "CloudTrail-Digest/b.json.gz", "notes.txt"],
        NONE_READ.format(3, " (2 digest, 1 other)") + NO_LOG_FILE,
    ),
}


@pytest.mark.parametrize(("names", "message"), NO_LOGS.values(), ids=NO_LOGS)
@pytest.mark.parametrize("strict", [[], ["--strict"]], ids=["lenient", "strict"])
def test_folder_without_log_files_says_so(aitrail, tmp_path, names, message, strict):
    (tmp_path / "logs" / "a" / "b").mkdir(parents=True)
    put(tmp_path / "logs", *(name for name in names if not name.endswith("/")))

    ended = aitrail("scan", *strict, tmp_path / "logs")

    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "", message)


NAMES = {
    "spaces": (b"my logs/a b.json", "my logs/a b.json"),
    "newline": (b"a\nb.json", "a\nb.json"),
    "letters": ("Zoë/日本.json".encode(), "Zoë/日本.json"),
    "option": (b"-o.json", "-o.json"),
    "brackets": (b"[red]{x}*?.json", "[red]{x}*?.json"),
    "no UTF-8": (b"caf\xe9.json", "caf\\xe9.json"),
}
if sys.platform == "darwin":  # its file systems take UTF-8 only
    del NAMES["no UTF-8"]


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_file_may_have_any_name(aitrail, record, log_file, name, shown):
    path = log_file(os.fsdecode(name), record())
    folder = path.parents[shown.count("/")]

    in_a_folder, named = aitrail("scan", folder), aitrail("scan", path)

    assert json.loads(in_a_folder.stdout)["logFile"] == json.loads(named.stdout)["logFile"] == f"{folder}/{shown}"
    assert (in_a_folder.stderr, named.stderr) == ("", "")


def locked(path):
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")


def dangling(path):
    path.unlink()
    path.symlink_to("nowhere")


def endless(path):
    path.unlink()
    path.symlink_to(path)


REFUSED = {
    "no permission": (locked, "Permission denied"),
    "link to nothing": (dangling, "No such file or directory"),
    "link to itself": (endless, "Too many levels of symbolic links"),
}


@pytest.mark.parametrize(("spoil", "reason"), REFUSED.values(), ids=REFUSED)
def test_file_that_cannot_be_opened_is_reported_and_the_others_are_shown(aitrail, record, log_file, spoil, reason):
    sound, spoilt = log_file("b.json", record()), log_file("a.json", record())
    spoil(spoilt)

    ended = aitrail("scan", sound.parent, "--strict")

    assert ended.exit_code == 4
    assert [json.loads(line)["logFile"] for line in ended.stdout.splitlines()] == [str(sound)]
    assert ended.stderr == (
        f"{spoilt}: unreadable: {reason}\n"
        "1 log file read, 1 unreadable, 0 left out: 1 record, 1 row, 0 rejected, 0 duplicates within a file.\n"
    )


def test_folder_that_cannot_be_listed_is_reported(found, tmp_path):
    put(tmp_path, "a/a.json", "b/b.json")
    locked(tmp_path / "a")

    result = found(tmp_path)

    (tmp_path / "a").chmod(0o700)
    assert result == (["b/b.json"], {}, [(str(tmp_path / "a"), "Permission denied")])


def test_file_that_is_named_and_cannot_be_opened_does_not_end_the_scan(aitrail, record, log_file, tmp_path):
    locked(log_file("a.json", record()))
    log_file("b.json", record())

    ended = aitrail("scan", tmp_path / "a.json", tmp_path / "b.json")

    assert (ended.exit_code, ended.stdout.count("\n")) == (0, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="a file that can be opened and not read")
def test_error_while_reading_is_reported(aitrail, record, log_file, tmp_path):
    log_file("a.json", record())

    ended = aitrail("scan", "/proc/self/mem", tmp_path)

    assert (ended.exit_code, ended.stdout.count("\n")) == (0, 1)
    assert ended.stderr.splitlines()[0] == "/proc/self/mem: unreadable: Input/output error"

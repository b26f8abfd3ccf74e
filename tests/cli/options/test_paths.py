"""The files that `aitrail scan PATH…` reads, among all that may be in a folder."""

import json
import os
import socket
import sys

import pytest

from tests.shared.folders import locked, put

NONE_READ = (
    "0 log files read, 0 unreadable, {} left out{}: 0 records, 0 rows, 0 rejected, 0 duplicates within a file.\n"
)
NO_LOG_FILE = "There are no log files here: names of log files end with .json.gz or .json.\n"


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
if sys.platform == "darwin":  # its file systems accept only UTF-8
    del NAMES["no UTF-8"]


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_file_may_have_any_name(aitrail, record, log_file, name, shown):
    path = log_file(os.fsdecode(name), record())
    folder = path.parents[shown.count("/")]

    in_a_folder, named = aitrail("scan", folder), aitrail("scan", path)

    assert json.loads(in_a_folder.stdout)["logFile"] == json.loads(named.stdout)["logFile"] == f"{folder}/{shown}"
    assert (in_a_folder.stderr, named.stderr) == ("", "")


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

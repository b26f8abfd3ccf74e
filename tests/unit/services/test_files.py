import os

import pytest

from aitrail.services import RegistryError, service_files
from tests.shared.folders import locked


def test_files_of_a_folder_are_read_in_the_order_of_their_names_and_others_are_not(tmp_path):
    for name in ("b.toml", "a.toml", "README.md", "c.toml~"):
        (tmp_path / name).write_text(name)

    assert list(service_files(tmp_path).items()) == [("a.toml", b"a.toml"), ("b.toml", b"b.toml")]


def _missing(folder):
    return folder / "missing"


def _file(folder):
    (folder / "polly.toml").touch()
    return folder / "polly.toml"


def _empty(folder):
    return folder


def _nul(folder):
    return folder / "a\0b"


def _full(folder):
    for number in range(101):
        (folder / f"s{number}.toml").touch()
    return folder


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (_missing, "The folder of service files {} cannot be read: No such file or directory"),
        (_file, "The folder of service files {} cannot be read: Not a directory"),
        (_nul, "The folder of service files {} cannot be read: "),
        (_empty, "{} has no *.toml file; it needs one for each service, such as bedrock.toml"),
        (_full, "{} has 101 *.toml files; it must have at most 100"),
    ],
)
def test_a_folder_that_has_no_services_is_refused_with_the_reason(tmp_path, made, message):
    folder = made(tmp_path)

    with pytest.raises(RegistryError) as caught:
        service_files(folder)

    assert str(caught.value).startswith(message.format(folder))


def _link(path):
    path.with_name("target").touch()
    path.symlink_to(path.with_name("target"))


def _dangling(path):
    path.symlink_to("nowhere")


def _folder(path):
    path.mkdir()


def _pipe(path):
    os.mkfifo(path)


def _huge(path):
    path.write_bytes(b"#" * (256 * 1024 + 1))


@pytest.mark.timeout(10)  # nobody writes to the pipe
@pytest.mark.parametrize(
    ("made", "message"),
    [
        (_link, "is a symbolic link; put the service file itself there"),
        (_dangling, "is a symbolic link; put the service file itself there"),
        (_folder, "is no regular file; put the service file itself there"),
        (_pipe, "is no regular file; put the service file itself there"),
        (_huge, "has more than 256 KB; a service file has a few"),
    ],
)
def test_a_file_that_cannot_be_a_service_file_is_refused_by_its_name(tmp_path, made, message):
    made(tmp_path / "bedrock.toml")

    with pytest.raises(RegistryError) as caught:
        service_files(tmp_path)

    assert str(caught.value) == f"{tmp_path}/bedrock.toml {message}"


def test_a_file_that_nobody_may_read_is_refused(tmp_path):
    path = tmp_path / "bedrock.toml"
    path.touch()
    locked(path)

    with pytest.raises(RegistryError, match=r"/bedrock\.toml cannot be read: Permission denied$"):
        service_files(tmp_path)


def test_a_folder_may_be_a_symbolic_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/bedrock.toml").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert service_files(tmp_path / "link") == {"bedrock.toml": b"x"}

"""The profiles in the AWS configuration of the user."""

import pytest

from aitrail.aws import known_profiles

CONFIG = """
[default]
region = eu-west-1
[profile work]
sso_session = x
[profile "two words"]
[sso-session x]
[services local]
"""
CREDENTIALS = "[default]\naws_access_key_id = AKIAEXAMPLE\n[work]\n[old]\n[old]\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The two files, as the environment names them."""
    files = [tmp_path / "config", tmp_path / "credentials"]
    monkeypatch.setenv("AWS_CONFIG_FILE", str(files[0]))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(files[1]))
    return files


def test_profiles_are_those_of_both_files(files):
    for file, text in zip(files, (CONFIG, CREDENTIALS), strict=True):
        file.write_text(text)

    assert known_profiles() == ("default", "old", "two words", "work")


def test_files_of_the_home_folder_are_read_unless_others_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("[profile home]")

    assert known_profiles() == ("home",)


@pytest.mark.parametrize("content", [None, b"", b"no section", b"\xff\xfe", b"[open"])
def test_a_file_that_cannot_be_read_has_no_profiles(files, content):
    if content is not None:
        files[0].write_bytes(content)
    files[1].write_text("[work]")

    assert known_profiles() == ("work",)

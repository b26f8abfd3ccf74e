"""The function's code contains what it needs for its platform, and is rebuilt when any of that changes."""

import base64
import hashlib
import io
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from infra import python_tools
from infra.bundling import RUNTIME, Bundle, BundlingError
from infra.packaging import zipped
from tests.shared.key_files import key_file

ROOT = Path(__file__).parents[2]
SOURCES = {
    "README.md": "About.",
    "aitrail/__init__.py": "",
    "aitrail/rows.py": "ROW = 1\n",
    "aitrail/services/polly.toml": "name = 'polly'\n",
    "aitrail/services/README.md": "About services.",
    "aitrail/cli/main.py": "print('cli')\n",
    "aitrail/__pycache__/rows.cpython-311.pyc": "compiled",
    "lambdas/__init__.py": "",
    "lambdas/ingest/handler.py": "import aitrail\n",
    "lambdas/ingest/requirements.in": "speech\n",
}
SHIPPED = {
    "aitrail/__init__.py",
    "aitrail/rows.py",
    "aitrail/services/polly.toml",
    "lambdas/__init__.py",
    "lambdas/ingest/handler.py",
}
# The wheel for the function's platform only, and the wheel for every platform.
WHEELS = {"arm64": "cp314-cp314-manylinux2014_aarch64", "host": "py3-none-any"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project whose only requirement is a wheel in a local folder; pip uses no index."""
    root, wheels = tmp_path / "project", tmp_path / "wheels"
    for name, text in SOURCES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    wheels.mkdir()
    hashes = [build_wheel(wheels, tag) for tag in WHEELS.values()]
    require(root, *hashes)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return root


def require(root, *hashes):
    text = "speech==1.0 " + " ".join(f"--hash=sha256:{each}" for each in hashes) + "\n"
    (root / "lambdas/ingest/requirements.txt").write_text(text)


def build_wheel(folder, tag):
    files = {
        "speech/__init__.py": f"TAG = '{tag}'\n",
        "botocore/data/s3/service.json": "{}",
        "botocore/data/endpoints.json": "{}",
        "botocore/data/ec2/service.json": "{}",
        "speech-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: speech\nVersion: 1.0\n",
        "speech-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        "speech-1.0.dist-info/entry_points.txt": "[console_scripts]\nspeech = speech:main\n",
    }
    path = folder / f"speech-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        lines = [f"{name},sha256={_record_hash(text)},{len(text)}" for name, text in files.items()]
        wheel.writestr("speech-1.0.dist-info/RECORD", "\n".join([*lines, "speech-1.0.dist-info/RECORD,,"]) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record_hash(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("platform", WHEELS)
def test_a_bundle_holds_the_sources_and_the_wheels_of_its_platform(project, tmp_path, platform):
    output = tmp_path / "output"

    Bundle(platform=platform, root=project).write_to(output)

    files = {name: bytes_ for name, bytes_ in content(output).items() if "__pycache__" not in name}
    assert files.pop("speech/__init__.py").decode() == f"TAG = '{WHEELS[platform]}'\n"
    descriptions = {"botocore/data/s3/service.json", "botocore/data/endpoints.json"}  # not those of EC2
    assert {name for name in files if not name.startswith("speech-1.0.dist-info/")} == SHIPPED | descriptions
    assert all(files[name].decode() == SOURCES[name] for name in SHIPPED)


def test_a_bundle_is_the_same_wherever_it_is_written(project, tmp_path):
    bundle = Bundle(platform="arm64", root=project)

    bundle.write_to(tmp_path / "here")
    bundle.write_to(tmp_path / "somewhere/else")

    assert content(tmp_path / "here") == content(tmp_path / "somewhere/else")


def entries(folder):
    """What CDK zips: the names, modes and contents of files."""
    return {
        path.relative_to(folder).as_posix(): (oct(path.stat().st_mode), path.stat().st_mtime, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


ELSEWHERE = {
    "umask 027 and PIP_USER": {"umask": 0o027, "environment": {"PIP_USER": "1", "PYTHONHASHSEED": "3"}},
    "umask 077 and pip.conf": {
        "umask": 0o077,
        "configuration": "[global]\nuser = true\n[install]\nprefix = /tmp/nowhere\nno-binary = :all:\n",
    },
    "another Python": {
        "environment": {
            "PYTHONPYCACHEPREFIX": "/nowhere",
            "PYTHONWARNINGS": "error",
            "PYTHONOPTIMIZE": "2",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    },
    "umask 000 in another folder": {
        "umask": 0,
        "environment": {"PIP_DRY_RUN": "1", "PIP_COMPILE": "1", "PIP_CONSTRAINT": "/nowhere.txt"},
        "folder": "elsewhere",
    },
}


@pytest.mark.parametrize("platform", WHEELS)
@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_bundle_has_the_same_bytes_and_modes_from_every_machine(project, tmp_path, monkeypatch, platform, elsewhere):
    Bundle(platform=platform, root=project).write_to(tmp_path / "usual")
    moved = shutil.copytree(project, tmp_path / "home/project")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "pip.conf").write_text(elsewhere.get("configuration", ""))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    for name, value in elsewhere.get("environment", {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path / elsewhere.get("folder", ""))

    before = os.umask(elsewhere.get("umask", 0o022))
    try:
        Bundle(platform=platform, root=moved).write_to(tmp_path / "other")
    finally:
        os.umask(before)

    assert entries(tmp_path / "other") == entries(tmp_path / "usual")
    assert {mode for mode, _, _ in entries(tmp_path / "other").values()} == {"0o100644"}
    folders = [path for path in (tmp_path / "other").rglob("*") if path.is_dir()]
    assert {oct(path.stat().st_mode) for path in (tmp_path / "other", *folders)} == {"0o40755"}


def test_a_zip_file_has_the_same_bytes_from_every_machine(project, tmp_path):
    usual = zipped(Bundle(platform="arm64", root=project))
    moved = shutil.copytree(project, tmp_path / "home/project")

    before = os.umask(0o077)
    try:
        other = zipped(Bundle(platform="arm64", root=moved))
    finally:
        os.umask(before)

    assert other == usual
    with zipfile.ZipFile(io.BytesIO(usual)) as written:
        assert written.testzip() is None
        assert set(written.namelist()) >= SHIPPED
        assert {oct(each.external_attr >> 16) for each in written.infolist()} == {"0o100644"}


def test_settings_of_downloads_apply_wherever_they_are_set(project, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text(f"[install]\nfind-links = {tmp_path / 'wheels'}\n[global]\nno-index = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.delenv("PIP_NO_INDEX")

    Bundle(platform="arm64", root=project).write_to(tmp_path / "output")

    assert (tmp_path / "output/speech/__init__.py").exists()


QUIET = {
    "PIP_QUIET": ({"PIP_QUIET": "1"}, ""),
    "PIP_VERBOSE": ({"PIP_VERBOSE": "3"}, ""),
    "a setting that does not apply": ({"PIP_NO_INPUT": "maybe"}, ""),
    "quiet in the file": ({}, "quiet = 1\n[config]\nquiet = 3\n"),
}


@pytest.mark.parametrize("quiet", QUIET.values(), ids=QUIET)
def test_settings_of_downloads_apply_however_quiet_pip_is(project, tmp_path, monkeypatch, quiet):
    environment, more = quiet
    text = f"[install]\nfind-links = {tmp_path / 'wheels'}\n[global]\nno-index = true\n{more}"
    (tmp_path / "pip.conf").write_text(text)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.delenv("PIP_NO_INDEX")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    Bundle(platform="arm64", root=project).write_to(tmp_path / "output")

    assert (tmp_path / "output/speech/__init__.py").exists()


SECRETS = ("https://u:s3cret@example.org/simple", "htp://u:s3cret@example.org", "u:s3cret@proxy.example.org:80")
MALFORMED = {
    "no section": (f"index-url = {SECRETS[0]}\n", "no section headers"),
    "no boolean": ("[global]\nno-input = maybe\n", "maybe is not a valid value"),
}


@pytest.mark.parametrize(("text", "told"), MALFORMED.values(), ids=MALFORMED)
def test_a_configuration_that_pip_cannot_read_is_an_error_with_its_words(project, tmp_path, monkeypatch, text, told):
    (tmp_path / "pip.conf").write_text(text)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))

    with pytest.raises(BundlingError, match=told) as refusal:
        Bundle(platform="arm64", root=project).write_to(tmp_path / "output")

    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("url", SECRETS)
def test_no_error_shows_a_password(project, tmp_path, monkeypatch, url):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", url.replace("https://", "htp://"))
    monkeypatch.setenv("PIP_FIND_LINKS", url.replace("https://", "htp://"))

    with pytest.raises(BundlingError, match="Output of pip") as refusal:
        Bundle(platform="arm64", root=project).write_to(tmp_path / "output")

    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        *SECRETS,
        "//u:s3cret@host",
        "'https://s3cret@host/x'",
        "https://u:s3/cret@host",
        "https://u:p@s3cret@host",
        "proxy=u:s3cret@host",
    ],
)
def test_credentials_of_any_form_are_left_out_of_messages(text):
    told = python_tools._without_credentials(f"Cannot reach {text} now")

    assert not any(secret in told for secret in ("s3cret", "cret@", "p@s"))
    assert told.startswith("Cannot reach ")
    assert told.endswith(" now")


def test_code_that_does_not_compile_is_an_error_that_names_it(project, tmp_path):
    (project / "aitrail/rows.py").write_text("ROW = \n")

    with pytest.raises(BundlingError, match=r"(?s)cannot be compiled.*aitrail/rows\.py"):
        Bundle(platform="host", root=project).write_to(tmp_path / "output")


def test_sources_are_modules_and_tables():
    shipped = {path.relative_to(ROOT).as_posix() for path in Bundle(platform="arm64")._sources()}

    assert {Path(name).suffix for name in shipped} == {".py", ".toml"}
    assert shipped >= {path.relative_to(ROOT).as_posix() for path in (ROOT / "aitrail").rglob("[!.]*.toml")}


@pytest.mark.parametrize(
    ("made", "compiled"),
    [(("host", (3, 11)), True), (("arm64", (3, 11)), False), (("arm64", (3, 14)), True)],
    ids=["host", "arm64 from another Python", "arm64 from the function's own Python"],
)
def test_bytecode_ships_where_it_can_be_made(project, tmp_path, monkeypatch, made, compiled):
    platform, python = made
    monkeypatch.setattr("sys.version_info", python)

    Bundle(platform=platform, root=project).write_to(tmp_path / "output")

    sources = {name for name in content(tmp_path / "output") if name.endswith(".py")}
    bytecode = {name for name in content(tmp_path / "output") if name.endswith(".pyc")}
    assert len(bytecode) == (len(sources) if compiled else 0)


def test_another_python_makes_another_bundle(project, monkeypatch):
    bundle = Bundle(platform="arm64", root=project)
    fingerprints = set()

    for python in ((3, 11), (3, 12), (3, 14)):
        monkeypatch.setattr("sys.version_info", python)
        fingerprints.add(bundle.fingerprint())

    assert len(fingerprints) == 2  # with bytecode, and without


def test_public_keys_are_a_part_of_the_code_where_the_function_looks_for_them(project, tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_bytes(key_file("eu-west-1"))
    bundles = [Bundle(platform="arm64", root=project, public_keys=path) for path in (None, keys)]

    for number, bundle in enumerate(bundles):
        bundle.write_to(tmp_path / str(number))
    before = bundles[1].fingerprint()
    keys.write_bytes(key_file("eu-west-1", "us-east-1"))

    without, written = (content(tmp_path / str(number)) for number in range(2))
    assert {name: written[name] for name in written.keys() - without.keys()} == {
        "lambdas/ingest/public-keys.json": key_file("eu-west-1")
    }
    assert '"public-keys.json"' in (ROOT / "lambdas/ingest/wiring.py").read_text()
    assert len({bundles[0].fingerprint(), bundles[1].fingerprint(), before}) == 3


@pytest.mark.parametrize("given", [None, b"{}]"], ids=["no file", "no keys"])
def test_public_keys_that_the_function_could_not_read_are_refused_before_anything_is_built(project, tmp_path, given):
    keys = tmp_path / "keys.json"
    if given:
        keys.write_bytes(given)

    with pytest.raises(BundlingError, match=r"^aitrail:publicKeys is .*keys\.json: "):
        Bundle(platform="arm64", root=project, public_keys=keys).fingerprint()


BEDROCK = 'title = "Amazon Bedrock"\nevent_sources = ["bedrock.amazonaws.com"]\n'
POLLY = '# Without any rule.\ntitle = "Polly"\nevent_sources = ["polly.amazonaws.com"]\n'


def test_service_files_replace_or_join_those_that_the_function_has(project, tmp_path):
    put_all(tmp_path / "own", {"bedrock.toml": BEDROCK, "polly.toml": POLLY, "README.md": "About our services."})
    bundles = [Bundle(platform="arm64", root=project, service_files=path) for path in (None, tmp_path / "own")]

    for number, bundle in enumerate(bundles):
        bundle.write_to(tmp_path / str(number))

    without, written = (content(tmp_path / str(number)) for number in range(2))
    assert {name: written[name] for name in written if written[name] != without.get(name)} == {
        "aitrail/services/bedrock.toml": BEDROCK.encode(),
        "aitrail/services/polly.toml": POLLY.encode(),
    }
    assert written.keys() - without.keys() == {"aitrail/services/bedrock.toml"}


def test_service_files_give_the_same_bundle_wherever_they_are_and_another_one_if_they_change(project, tmp_path):
    for name in ("one", "two"):
        put_all(tmp_path / name, {"bedrock.toml": BEDROCK, "polly.toml": POLLY})
    one, two = (Bundle(platform="arm64", root=project, service_files=tmp_path / name) for name in ("one", "two"))

    codes = {zipped(bundle) for bundle in (one, two)}
    before = one.fingerprint()
    (tmp_path / "one/bedrock.toml").write_text(BEDROCK + "# changed\n")

    assert len(codes) == 1
    assert before == two.fingerprint() != Bundle(platform="arm64", root=project).fingerprint()
    assert one.fingerprint() != before
    assert one.registry.fingerprint == two.registry.fingerprint  # a comment makes no other rows


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "The folder of service files .*/own cannot be read: No such file or directory"),
        ({}, "own has no .*toml file; it needs one for each service, such as bedrock.toml"),
        ({"bedrock.toml": "title ="}, "own/bedrock.toml cannot be read: .* it must be a TOML file in UTF-8"),
        ({"bedrock.toml": BEDROCK + "sources = []"}, "own/bedrock.toml: unknown key 'sources'; choose from title, "),
        (
            {"speech.toml": POLLY},
            "own/speech.toml, event_sources: polly.amazonaws.com is in aitrail's own polly.toml already; ",
        ),
    ],
    ids=["no folder", "no file", "no TOML", "unknown key", "source of another service"],
)
def test_service_files_that_are_wrong_are_refused_before_anything_is_built(project, tmp_path, files, message):
    if files is not None:
        put_all(tmp_path / "own", files)

    with pytest.raises(BundlingError, match=rf"^aitrail:serviceFiles: .*{message}"):
        Bundle(platform="arm64", root=project, service_files=tmp_path / "own").fingerprint()


def put_all(folder, files):
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)


def test_a_wheel_of_another_content_is_refused_with_pips_words(project, tmp_path):
    require(project, "0" * 64)

    with pytest.raises(BundlingError, match=r"(?s)could not bundle .*requirements\.txt for the platform arm64.*HASHES"):
        Bundle(platform="arm64", root=project).write_to(tmp_path / "output")


def test_synth_bundles_again_only_what_has_changed(project, tmp_path, monkeypatch):
    output = tmp_path / "cdk.out"
    synthesize(Bundle(platform="arm64", root=project), output)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))

    synthesize(Bundle(platform="arm64", root=project), output)
    (project / "aitrail/rows.py").write_text("ROW = 2\n")
    with pytest.raises(RuntimeError, match="pip could not bundle"):
        synthesize(Bundle(platform="arm64", root=project), output)

    made = [set(content(path)) for path in output.glob("asset.*") if content(path)]
    assert [names > SHIPPED for names in made] == [True]


def test_a_failure_of_pip_ends_synth_and_shows_in_its_error(project, tmp_path):
    require(project, "0" * 64)

    with pytest.raises(RuntimeError, match=r"(?s)Output of pip:.*HASHES"):
        synthesize(Bundle(platform="arm64", root=project), tmp_path / "cdk.out")


def synthesize(bundle, output):
    app = App(outdir=str(output), analytics_reporting=False)
    lambda_.Function(Stack(app, "only"), "Function", code=bundle.code(), runtime=RUNTIME, handler="x.y")
    app.synth()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("aitrail/rows.py", "ROW = 2\n"),
        ("aitrail/services/polly.toml", "name = 'tts'\n"),
        ("aitrail/services/bedrock.toml", ""),
        ("lambdas/__init__.py", "#\n"),
        ("lambdas/ingest/handler.py", "import aitrail.rows\n"),
        ("lambdas/ingest/wiring.py", ""),
        ("lambdas/ingest/requirements.txt", "speech==1.1\n"),
    ],
)
def test_a_change_in_what_ships_changes_the_fingerprint(project, name, text):
    before = Bundle(platform="arm64", root=project).fingerprint()

    (project / name).write_text(text)

    assert Bundle(platform="arm64", root=project).fingerprint() != before


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "aitrail/services/README.md",
        "aitrail/cli/main.py",
        "aitrail/__pycache__/rows.cpython-311.pyc",
        "lambdas/ingest/requirements.in",
        "tests/test_rows.py",
        "aitrail/.env",
        "aitrail/rows.py~",
        "aitrail/.#rows.py",
        "aitrail/credentials.json",
        "aitrail/.ipynb_checkpoints/rows.py",
        "lambdas/._handler.py",
    ],
)
def test_a_change_in_anything_else_does_not(project, name):
    before = Bundle(platform="arm64", root=project).fingerprint()

    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("changed")

    assert Bundle(platform="arm64", root=project).fingerprint() == before


def test_a_moved_file_changes_the_fingerprint(project):
    before = Bundle(platform="arm64", root=project).fingerprint()

    (project / "aitrail/rows.py").rename(project / "aitrail/columns.py")

    assert Bundle(platform="arm64", root=project).fingerprint() != before


def test_each_platform_has_a_fingerprint_of_its_own(project):
    fingerprints = {Bundle(platform=platform, root=project).fingerprint() for platform in WHEELS}

    assert len(fingerprints) == 2


def test_a_fingerprint_does_not_depend_on_where_the_project_is(project, tmp_path):
    before = Bundle(platform="arm64", root=project).fingerprint()

    moved = project.rename(tmp_path / "moved")

    assert Bundle(platform="arm64", root=moved).fingerprint() == before


def pins(path):
    return dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / path).read_text()))


def test_what_ships_is_what_is_tested():
    shipped, tested = pins("lambdas/ingest/requirements.txt"), pins("requirements.txt")

    assert shipped == {name: tested[name] for name in shipped}
    assert pins("lambdas/ingest/requirements.in").items() <= shipped.items()


def test_every_requirement_is_pinned_with_hashes_for_every_machine():
    text = (ROOT / "lambdas/ingest/requirements.txt").read_text()

    requirements = re.split(r"(?m)^(?=\S)", text)[1:]
    # A marker would be evaluated by the Python that bundles, not by the one that runs the function.
    assert all(
        re.fullmatch(r"[\w.-]+==\S+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", each) for each in requirements
    )
    assert len(requirements) == len(pins("lambdas/ingest/requirements.txt"))

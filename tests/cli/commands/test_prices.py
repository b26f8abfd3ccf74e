"""`aitrail prices`: a local server has the price list."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from aitrail.cli.commands.prices import _replace
from aitrail.costs import PriceError
from tests.unit.costs.test_price_list import FILES, IRELAND, POLLY


class Server(BaseHTTPRequestHandler):
    """A price list with Polly in Ireland."""

    def do_GET(self):
        """Answers with an index, the offer file, or 404."""
        service = self.path.split("/")[4] if self.path.endswith("/region_index.json") else None
        files = {IRELAND: POLLY}
        if service in FILES:
            regions = {"eu-west-1": {"currentVersionUrl": IRELAND}} if service == "AmazonPolly" else {}
            files[self.path] = {"regions": regions}
        found = files.get(self.path)
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def address():
    """The address of the price list."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """The price file in the user's settings, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "aitrail" / "prices.toml"


def as_json(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_prices_have_their_dates_and_sources(aitrail):
    ended = aitrail("prices", "--service", "polly", "--service", "lex")

    assert as_json(ended)[2] == {
        "service": "polly",
        "region": "us-east-1",
        "usageType": "SynthesizeSpeech-Characters",
        "from": 0,
        "price": 4,
        "per": 1_000_000,
        "unit": "Characters",
        "date": "2026-11",
        "source": "secondary pages (AWS' own pages: https://aws.amazon.com/pricing/)",
    }
    assert ended.stderr.splitlines() == [
        "These are the prices of the file that comes with aitrail.",
        "Some prices have no date: `aitrail prices --refresh` gets those of AWS' price list.",
    ]


def test_refreshed_prices_are_used_by_every_command_until_another_file_is_given(
    aitrail, settings, address, record, log_file
):
    call = record(
        1,
        eventName="SynthesizeSpeech",
        awsRegion="eu-west-1",
        requestParameters={"engine": "neural"},
        responseElements={"requestCharacters": 1_000_000},
    )
    logs = log_file("logs/a.json", call)

    ended = aitrail("prices", "--refresh", "--endpoint-url", address, "--in-region", "eu-west-1")

    assert ended.exit_code == 0
    assert f"Wrote 2 prices of 1 Region to {settings}." in ended.stderr
    assert [row["date"] for row in as_json(ended)] == ["2026-10-01", "2026-10-01"]
    usual = aitrail("usage", "--from", logs, "--cost")
    assert as_json(usual)[0]["cost"] == 19.2
    assert "Prices of 2026-10-01 to 2026-11 in USD for eu-west-1, us-east-1 from " in usual.stderr
    other = settings.parent / "own.toml"
    own = "[usage.eu-west-1.polly]\nSynthesizeSpeechNeural-Characters = { price = 1, per = 1_000_000, unit = 'x' }\n"
    other.write_text("currency = 'EUR'\ndate = '2026-11'\nregion = 'eu-west-1'\nsource = 'a contract'\n" + own)
    assert as_json(aitrail("usage", "--from", logs, "--prices", other))[0]["cost"] == 1


def test_refresh_keeps_the_file_if_the_list_cannot_be_read(aitrail, settings, address):
    settings.parent.mkdir()
    settings.write_text("currency = 'EUR'\ndate = '2026-11'\nregion = 'eu-west-1'\nsource = 'a contract'\n")
    before = settings.read_text()

    ended = aitrail("prices", "--refresh", "--endpoint-url", f"{address}/nowhere")

    assert ended.exit_code == 3
    assert "region_index.json cannot be downloaded: the server says 404 Not Found." in ended.stderr
    assert settings.read_text() == before


@pytest.mark.parametrize("text", ["\ud800", "x = 1"], ids=["cannot be written", "is no price file"])
def test_text_that_cannot_become_the_price_file_leaves_nothing_behind(tmp_path, text):
    with pytest.raises((UnicodeError, PriceError)):
        _replace(tmp_path / "prices.toml", text)

    assert list(tmp_path.iterdir()) == []


def test_price_file_in_the_settings_that_is_malformed_is_named(aitrail, settings, folder_of_calls):
    settings.parent.mkdir()
    settings.write_text("currency = 1")

    for command in (["prices"], ["usage", "--cost", "--from", folder_of_calls], ["cost", "--files", 1, "--events", 1]):
        ended = aitrail(*command)

        assert ended.exit_code == 1
        assert (
            f"Error: {settings}: date is missing; the required ones are currency, date, region, source." in ended.stderr
        )


@pytest.fixture
def folder_of_calls(record, log_file):
    """A log file."""
    return log_file("logs/a.json", record(1))


def test_region_that_the_list_does_not_have_is_an_error_and_writes_nothing(aitrail, settings, address):
    ended = aitrail("prices", "--refresh", "--endpoint-url", address, "--in-region", "us-east-1")

    assert ended.exit_code == 2
    assert "The price list has nothing for us-east-1: check --in-region." in ended.stderr
    assert not settings.exists()


def test_prices_that_are_not_there_are_said_not_to_be(aitrail):
    ended = aitrail("prices", "--in-region", "eu-north-1")

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "There are no such prices. Check --service and --in-region." in ended.stderr


def test_address_without_refresh_is_refused(aitrail):
    ended = aitrail("prices", "--endpoint-url", "http://127.0.0.1:1")

    assert ended.exit_code == 2
    assert "--endpoint-url applies to --refresh: give both." in ended.stderr


def test_file_without_prices_of_a_deployment_cannot_tell_what_one_costs(aitrail, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("currency = 'EUR'\ndate = '2026-11'\nregion = 'eu-west-1'\nsource = 'a contract'\n")

    ended = aitrail("cost", "--files", 1, "--events", 1, "--prices", path)

    assert ended.exit_code == 1
    assert f"{path}: the table prices is missing, which has the prices of what aitrail itself uses." in ended.stderr

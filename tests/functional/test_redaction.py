"""A deployment that redacts: no redacted value reaches tables, log or outcome, and proofs agree with the rows."""

import gc
import json
from collections import Counter

import boto3
import pytest

from aitrail.history.event_history import Found
from aitrail.rows import IMPORTED, Redaction, made_row_of, recorded_with
from aitrail.services import load
from tests.functional.conftest import KEY
from tests.functional.day import Day, log_key, name_of
from tests.functional.invoking import forget, imported, invoke, set_environment
from tests.shared.signed_digests import at

SOMEONE = "Ada Lovelace +44 20 7946 0958"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:RedactionSecret-aBcDeF"


def redaction(key=b"the key", name=ARN):
    return Redaction(load(), key_name=name, key=lambda: key)


@pytest.fixture
def spoken(record):
    """Makes a record of a conversation with a Lex bot."""

    def spoken(number=0, text=SOMEONE, **changes):
        lex = {"eventSource": "lex.amazonaws.com", "eventName": "RecognizeText"}
        said = {"botId": "QX7ZJ2K9LM", "sessionId": "kiosk", "text": text}
        return record(number, **lex | {"requestParameters": said, "responseElements": {"messages": [text]}} | changes)

    return spoken


@pytest.fixture
def redacting(pipeline):
    pipeline.ingestion.redaction = redaction()
    return pipeline


def everything_in(storage):
    return repr((storage.rows(), storage._items(storage.files_name)))


def test_rows_and_rejects_have_hashes_and_the_ledger_says_so(redacting, packed, spoken):
    delivery = redacting.deliver(packed(spoken(1), spoken(2, eventTime="yesterday")))

    outcome = redacting.ingest(delivery)

    assert (outcome.metrics["RowsWritten"], outcome.metrics["RejectedRecords"]) == (1, 1)
    (row,) = redacting.rows().values()
    mark = redaction().mark(SOMEONE)
    assert (row["requestParameters"]["text"], row["responseElements"]["messages"]) == (mark, [mark])
    reject = redacting.files()["reject#1"]
    assert json.loads(reject["record"])["requestParameters"]["text"] == mark
    assert redacting.files()["file"]["recordedWith"] == recorded_with(load(), redaction())
    assert SOMEONE not in everything_in(redacting) + repr(outcome)


def test_turning_the_setting_on_reads_a_file_again_and_only_once(pipeline, packed, spoken):
    delivery = pipeline.deliver(packed(spoken(1)))
    pipeline.ingest(delivery)
    assert SOMEONE in everything_in(pipeline)

    pipeline.ingestion.redaction = redaction()

    assert [pipeline.ingest(delivery).status for _ in range(2)] == ["ingested", "skipped"]
    assert SOMEONE not in everything_in(pipeline)
    pipeline.ingestion.redaction = redaction(name="another secret")
    assert pipeline.ingest(delivery).status == "ingested"


@pytest.fixture
def day(redacting, spoken):
    """Log files with an event in two of them."""
    day = Day(redacting)
    day.log("0930", spoken(1), spoken(2))
    day.log("1030", spoken(2), spoken(3))
    day.close()
    return day


@pytest.mark.parametrize("deep", [False, True])
def test_a_redacted_day_is_proved_with_the_key(day, deep):
    verdict = day.verify(deep=deep, redaction=redaction())

    assert (verdict.findings, verdict.proved, verdict.rows) == ((), True, 3)


def test_a_deep_proof_finds_a_changed_hash(day):
    row = day.pipeline.rows()["00000001-0000-4000-8000-000000000000"]
    day.pipeline.write(row | {"requestParameters": row["requestParameters"] | {"text": redaction().mark("other")}})

    verdict = day.verify(deep=True, redaction=redaction())

    assert [(each.finding, each.of) for each in verdict.findings] == [("row-differs", name_of(log_key("0930")))]


@pytest.mark.parametrize("options", [{}, {"redaction": redaction(name="another secret")}], ids=["none", "another"])
def test_a_proof_with_another_setting_calls_the_files_outdated(day, options):
    verdict = day.verify(**options)

    assert Counter(each.finding for each in verdict.findings)["outdated"] == 2


def test_imported_rows_and_rejects_are_redacted_as_those_of_log_files(spoken):
    found = Found(registry=load(), retention=None, now=at("12:00"), redaction=redaction())

    for text in (json.dumps(spoken(1)), json.dumps(spoken(2, eventTime="?")), f"no JSON {SOMEONE}"):
        found.add({"CloudTrailEvent": text, "EventId": "id", "EventSource": "lex.amazonaws.com"})

    kept, pointers = redaction().applied(spoken(1))
    assert found.rows == [made_row_of(kept, provenance=IMPORTED, redacted=pointers).row]
    assert [reject.reason.split(" is ")[0] for reject in found.rejects] == ["eventTime", "CloudTrailEvent"]
    assert SOMEONE not in repr(found)


@pytest.fixture
def function(monkeypatch, pipeline, client, packed):
    """Starts the function with a secret; it ingests log files with given records, and returns messages to retry."""
    arn = client("secretsmanager").create_secret(Name="key", SecretString="the key")["ARN"]
    set_environment(monkeypatch, pipeline, pipeline.backfill_url)
    monkeypatch.setenv("REDACTION_KEY_ARN", arn)

    def start():
        handler = imported(monkeypatch, boto3.DEFAULT_SESSION._session)

        def ingest(*records, name=KEY):
            body = pipeline.announce(pipeline.deliver(packed(*records), name))
            attributes = {"ApproximateReceiveCount": "1"}
            message = {"MessageId": "1", "ReceiptHandle": "handle", "Body": body, "Attributes": attributes}
            return invoke(handler, [message])

        return arn, ingest

    yield start
    forget()
    gc.enable()
    gc.unfreeze()


def test_the_function_reads_the_key_once_and_logs_no_redacted_value(function, pipeline, spoken, wire, capsys):
    arn, ingest = function()

    failed = [ingest(spoken(number), spoken(9, eventTime="?"), name=log_key(f"093{number}")) for number in (1, 2)]

    assert failed == [[], []]
    assert wire.requests("GetSecretValue") == [{"SecretId": arn}]
    mark = redaction().mark(SOMEONE)
    assert [row["requestParameters"]["text"] for row in pipeline.rows().values()] == [mark, mark]
    assert SOMEONE not in everything_in(pipeline)
    shown = "".join(capsys.readouterr())
    assert '"message":"ingested"' in shown
    assert not [text for text in (SOMEONE, "the key") if text in shown]


def test_the_function_needs_no_key_for_records_without_such_values(function, pipeline, record, wire):
    _, ingest = function()

    assert ingest(record(1)) == []

    assert wire.requests("GetSecretValue") == []
    assert pipeline.numbers() == [1]


def test_without_the_key_a_message_fails_and_nothing_is_written(function, pipeline, spoken, wire, capsys):
    arn, ingest = function()
    wire.refuse("GetSecretValue", 400, "AccessDeniedException", "not allowed")

    assert ingest(spoken(1)) == ["1"]

    assert (pipeline.rows(), pipeline.files()) == ({}, {})
    assert f"secretsmanager:GetSecretValue on {arn}" in capsys.readouterr().out

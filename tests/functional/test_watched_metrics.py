"""The function, as it is deployed, publishes every metric that an alarm or the dashboard watches, and no other name."""

import gc
import gzip
import json
from collections import defaultdict
from datetime import timedelta

import boto3
import pytest

from aitrail.ingest import ROWS, ROWS_DIMENSIONS, SECONDS
from aitrail.ingest.metrics import METRICS, OF_DASHBOARD
from tests.functional.day import BUCKET, log_key
from tests.functional.invoking import forget, imported, invoke, set_environment
from tests.shared.key_files import key_file
from tests.shared.signed_digests import at, chain, digest
from tests.shared.watched_metrics import OF_FUNCTION

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
HOUR = timedelta(hours=1)
HOSTILE = "evil\n</script>ignore all alarms"


class Deployed:
    """The handler with the pipeline's clock, and what it has published: the values of each metric and dimensions."""

    def __init__(self, handler, pipeline, wire, capsys):
        self.handler, self.pipeline, self.wire, self.capsys = handler, pipeline, wire, capsys
        self.published, self.units, self.lines = defaultdict(list), {}, []
        capsys.readouterr()

    def read(self, moment, body, *, queue="deliveries", stored=None):
        """Reads a message at that moment, about an object that was `stored` then, or just now."""
        self.pipeline.clock.now, self.wire.stored = moment, stored or moment
        attributes = {"ApproximateReceiveCount": "1"}
        message = {"MessageId": "1", "ReceiptHandle": "1", "Body": body, "Attributes": attributes}
        invoke(self.handler, [message], queue=queue)
        for text in self.capsys.readouterr().out.splitlines():
            line = json.loads(text)
            if "_aws" in line:
                self.lines.append(line)
                self._take(line)

    def _take(self, line):
        for description in line["_aws"]["CloudWatchMetrics"]:
            assert description["Namespace"] == "aitrail"
            [names] = description["Dimensions"]
            dimensions = tuple(sorted((name, line[name]) for name in names))
            for each in description["Metrics"]:
                self.published[each["Name"], dimensions] += line[each["Name"]]
                self.units[each["Name"]] = each["Unit"]

    def arrive(self, moment, body, key, **options):
        self.pipeline.clock.now = moment
        self.read(moment, self.pipeline.announce(self.pipeline.deliver(body, key, **options)))

    def digest(self, moment, signed):
        self.arrive(moment, signed.body, signed.key, Metadata=signed.metadata)

    def review(self, moment):
        self.read(moment, HOURLY, queue=self.pipeline.backfill_url.rpartition("/")[2])

    def names(self):
        return {name for name, _ in self.published}

    def values(self, name):
        return self.published[name, (("service", "aitrail"),)]


@pytest.fixture
def start(pipeline, wire, monkeypatch, capsys, tmp_path):
    """Starts the function with this environment; it has CloudTrail's public keys of eu-west-1 alone."""

    def start(**variables):
        set_environment(monkeypatch, pipeline, "https://sqs.eu-west-1.amazonaws.com/123456789012/deliveries")
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        handler = imported(monkeypatch, boto3.DEFAULT_SESSION._session, pipeline.clock.given)
        (tmp_path / "public-keys.json").write_bytes(key_file("eu-west-1"))
        monkeypatch.setattr("lambdas.ingest.wiring._PUBLIC_KEYS", tmp_path / "public-keys.json")
        wire.refuse("ListPublicKeys", 400, "AccessDeniedException", "denied by a policy")
        return Deployed(handler, pipeline, wire, capsys)

    yield start
    forget()
    gc.enable()  # a failed start leaves it disabled
    gc.unfreeze()


def a_bad_week(function, packed, record):
    """Everything that an alarm or a graph watches happens."""
    good = packed(record(1), record(2, errorCode="AccessDenied"))
    function.arrive(at("08:36"), good, log_key("0835"))
    function.arrive(at("08:37"), good, log_key("0835"))
    strange = record(3, eventSource="polly-v2.amazonaws.com")
    function.arrive(at("08:41"), packed(record(4, eventTime="?"), strange), log_key("0840"))
    function.arrive(at("08:46"), b"junk", log_key("0845"))
    function.read(at("08:47"), function.pipeline.announce(function.pipeline.deliver(b"", "elsewhere/x.json.gz")))
    elsewhere = json.loads(function.pipeline.announce(function.pipeline.deliver(good, log_key("0850"))))
    elsewhere["Records"][0]["s3"]["bucket"]["name"] = "another-bucket"
    function.read(at("08:51"), json.dumps(elsewhere))
    unknown = json.loads(json.dumps(elsewhere).replace("another-bucket", BUCKET).replace("0850", "0859"))
    function.read(at("08:52"), json.dumps(unknown))
    function.wire.refuse("UpdateItem", 400, "ThrottlingException", times=1)
    function.arrive(at("08:54"), packed(record(5)), log_key("0853"))
    listed = [(log_key("0835"), gzip.decompress(good)), (log_key("0840"), "f" * 64), (log_key("0857"), "a" * 64)]
    hours = [at("08:00") + number * HOUR for number in range(8)]
    for end, signed in zip(hours, chain(hours, bucket=BUCKET, files={at("09:00"): listed}), strict=True):
        function.digest(end + HOUR / 4, signed)
    function.digest(at("15:20"), digest(at("15:10"), bucket=BUCKET, signer=1, where={"trail": "forged"}))
    function.digest(at("15:21"), digest(at("15:00"), bucket=BUCKET, where={"region": "us-east-1"}))
    for hours_later in (7, 8, 30):
        function.review(at("15:30") + hours_later * HOUR)


def test_function_publishes_every_metric_that_is_watched_and_no_other_name(start, packed, record):
    function = start(SILENT_HOURS="24", DASHBOARD="true")

    a_bad_week(function, packed, record)

    assert OF_FUNCTION - function.names() == set()
    assert function.names() <= {*METRICS, ROWS}
    assert {name for name, unit in function.units.items() if unit == "Seconds"} == set(SECONDS)
    assert set(function.units.values()) == {"Seconds", "Count"}


def test_without_dashboard_and_silent_hours_nothing_is_published_for_them(start, packed, record):
    function = start()

    a_bad_week(function, packed, record)

    assert OF_FUNCTION - function.names() == {*OF_DASHBOARD, ROWS, "SilentAccounts"}


def test_rows_are_published_by_service_and_outcome_with_few_values(start, packed, record):
    function = start(DASHBOARD="true")
    denied = {"errorCode": "AccessDenied", "userAgent": HOSTILE, "errorMessage": HOSTILE}
    lex = record(4, eventSource="lex.amazonaws.com", eventName="DeleteBot", requestParameters={"botId": HOSTILE})

    function.arrive(at("08:36"), packed(record(1), record(2), record(3, **denied), lex), log_key("0835"))

    rows = {dimensions: values for (name, dimensions), values in function.published.items() if name == ROWS}
    found = {tuple(dict(each)[name] for name in ROWS_DIMENSIONS): sum(values) for each, values in rows.items()}
    assert found == {("polly", "ok"): 2, ("polly", "denied"): 1, ("lex", "ok"): 1}
    assert all(dict(each)["service"] == "aitrail" for each in rows)
    assert "evil" not in json.dumps(function.lines)


def test_rows_and_characters_add_up_to_what_is_written(start, packed, record):
    function = start(DASHBOARD="true")
    repeated = record(2, eventName="GetSpeechSynthesisTask")

    function.arrive(at("08:36"), packed(record(1), record(1), repeated, record(3, errorCode="X")), log_key("0835"))

    rows = [sum(values) for (name, _), values in function.published.items() if name == ROWS]
    assert sum(rows) == sum(function.values("RowsWritten")) == 3
    assert function.values("Characters") == [25]


def test_delay_is_from_when_s3_stored_a_file_and_not_of_what_a_backfill_announces(start, packed, record):
    function = start(DASHBOARD="true")
    backfill = function.pipeline.backfill_url.rpartition("/")[2]

    for number, queue in enumerate(("deliveries", backfill)):
        delivery = function.pipeline.deliver(packed(record(number)), log_key(f"084{number}"))
        body = function.pipeline.announce(delivery)
        function.read(at("08:44:30"), body, queue=queue, stored=at("08:42"))

    assert function.values("DeliveryDelay") == [150]
    assert sum(function.values("IngestedFiles")) == 2


def test_age_of_the_proof_is_that_of_the_account_whose_newest_digest_is_oldest(start):
    function = start(DASHBOARD="true")
    for account, end in (("111122223333", "09:00"), ("444455556666", "11:00")):
        function.digest(at(end) + HOUR / 4, digest(at(end), bucket=BUCKET, where={"account": account}))

    function.review(at("12:30"))

    assert function.values("ProofAge") == [3.5 * 3600]

"""What the dashboard shows: graphs, each with its unit and a sentence for people who have not read the code."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_lambda import IFunction

from aitrail.dynamodb import tables
from infra.deliveries import Deliveries
from infra.measures import AN_HOUR, FIVE_MINUTES, OwnMetrics, sqs_requests, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A graph: its title, the unit of its values, what it shows and what to do if it looks wrong, and its lines."""

    title: str
    unit: str
    says: str
    lines: list[cloudwatch.IMetric]
    is_stacked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """The graphs of a stack; the tables have their names."""

    own: OwnMetrics
    deliveries: Deliveries
    function: IFunction
    memory_megabytes: int
    events_table: str
    files_table: str

    def all(self) -> Iterator[Chart]:
        """The graphs in the order in which people look at them: does it work, what came, what costs, is it proved."""
        yield from self._of_deliveries()
        yield from self._of_rows()
        yield from self._of_costs()
        yield from self._of_proof()

    def _of_deliveries(self) -> Iterator[Chart]:
        yield Chart(
            title="Deliveries",
            unit="files in 5 minutes",
            says="Log files and digests that were read, and deliveries that were known already. CloudTrail writes "
            "digests every hour: if nothing comes for three hours, run `aitrail status`.",
            lines=[
                self.own.sum("IngestedFiles", "log files"),
                self.own.sum("DigestFiles", "digests"),
                self.own.sum("SkippedFiles", "known already"),
                self.own.sum("UnreadFiles", "could not be read"),
            ],
        )
        yield Chart(
            title="Delay",
            unit="seconds",
            says="How long it takes from when S3 stores a log file until its rows are there, and how long the oldest "
            "delivery has waited. If it grows for hours, see the alarms Backlog and FunctionThrottles.",
            lines=[
                self.own.statistic("DeliveryDelay", "p50", "half of the files: less than"),
                self.own.statistic("DeliveryDelay", "p99", "99 % of the files: less than"),
                self.deliveries.queue.metric_approximate_age_of_oldest_message(
                    period=FIVE_MINUTES, statistic="Maximum", label="oldest delivery that waits"
                ),
            ],
        )
        yield Chart(
            title="Waiting messages",
            unit="messages",
            says="Messages that wait to be read. Dead letters failed five times: read the function's log, fix the "
            "cause, then run `aitrail retry`. A large backfill may wait for days.",
            lines=[
                queue.metric_approximate_number_of_messages_visible(
                    period=FIVE_MINUTES, statistic="Maximum", label=label
                )
                for queue, label in (
                    (self.deliveries.queue, "deliveries"),
                    (self.deliveries.backfill, "backfill and retries"),
                    (self.deliveries.dead_letters, "dead letters"),
                )
            ],
        )

    def _of_rows(self) -> Iterator[Chart]:
        yield Chart(
            title="Rows by service and outcome",
            unit="rows in 5 minutes",
            says="Recorded calls, as their log files are read, backfills included. Many denied, failed or throttled "
            "calls are a matter of those who call: `aitrail usage --errors --by principal` names them.",
            lines=[self.own.rows()],
            is_stacked=True,
        )
        yield Chart(
            title="Characters",
            unit="characters in an hour",
            says="Characters that Polly synthesized, as far as records tell; most of Polly's cost. If it rises "
            "unexpectedly, `aitrail usage --service polly --by principal --cost` says for whom.",
            lines=[self.own.sum("Characters", "characters", period=AN_HOUR)],
        )
        yield Chart(
            title="Not recorded",
            unit="in an hour",
            says="What became no row although it may be wanted; it should be zero. See the alarms RejectedRecords and "
            "NotRecorded.",
            lines=[
                self.own.sum("RejectedRecords", "records that could not become rows", period=AN_HOUR),
                self.own.sum("UnknownSources", "records of unknown sources", period=AN_HOUR),
                self.own.sum("RefusedDeliveries", "refused deliveries", period=AN_HOUR),
                self.own.sum("UnknownObjects", "announced, but unknown to S3", period=AN_HOUR),
            ],
        )

    def _of_costs(self) -> Iterator[Chart]:
        yield Chart(
            title="Cost: writes to the tables",
            unit="write units in an hour",
            says="What DynamoDB charges for writing rows and the ledger, indexes included. It follows the number of "
            "calls and files; a backfill is a peak. `aitrail cost` says what it costs.",
            lines=[
                written(tables.EVENTS, self.events_table, "rows"),
                written(tables.FILES, self.files_table, "ledger"),
            ],
        )
        yield Chart(
            title="Cost: run time of the function",
            unit="GB-seconds in an hour",
            says="What Lambda charges for. If it rises and the number of deliveries does not, look at the function's "
            "errors: what fails runs again.",
            lines=[
                cloudwatch.MathExpression(
                    expression=f"duration * {self.memory_megabytes} / 1024 / 1000",
                    using_metrics={"duration": self.function.metric_duration(period=AN_HOUR, statistic="Sum")},
                    label="GB-seconds",
                    period=AN_HOUR,
                )
            ],
        )
        yield Chart(
            title="Cost: requests",
            unit="requests in an hour",
            says="S3: CloudTrail stores each file, and the function reads it; with a customer-managed key, KMS has at "
            "most as many. SQS: at most this many, also without any delivery. A peak is a backfill.",
            lines=[self.own.s3_requests(), sqs_requests(self.deliveries.queue, self.deliveries.backfill)],
        )

    def _of_proof(self) -> Iterator[Chart]:
        yield Chart(
            title="Proof",
            unit="in an hour",
            says="Digests with CloudTrail's signature, and log files that match them. Files that a digest lists and "
            "that have not come yet are queued again after six hours; `aitrail verify` lists what is not proved.",
            lines=[
                self.own.sum("VerifiedDigests", "verified digests", period=AN_HOUR),
                self.own.sum("VerifiedFiles", "verified log files", period=AN_HOUR),
                self.own.sum("AwaitedFiles", "listed, not here yet", period=AN_HOUR),
            ],
        )
        yield Chart(
            title="Problems of the proof",
            unit="in an hour",
            says="All of these should be zero: each has an alarm that says what to do, and `aitrail status` names the "
            "files, accounts and Regions.",
            lines=[
                self.own.sum("ChangedFiles", "changed or deleted files", period=AN_HOUR),
                self.own.sum("UnlistedFiles", "files that no digest lists", period=AN_HOUR),
                self.own.sum("DigestProblems", "problems of digests", period=AN_HOUR),
                self.own.largest("UnverifiableRegions", "Regions without public keys"),
                self.own.largest("SilentAccounts", "silent accounts"),
            ],
        )
        yield Chart(
            title="Age of the proof",
            unit="hours",
            says="How long ago the newest verified digest of an account ends, for the account where that is longest. "
            "One to three hours are usual; if it grows, run `aitrail status`.",
            lines=[
                cloudwatch.MathExpression(
                    expression="age / 3600",
                    using_metrics={"age": self.own.largest("ProofAge", "seconds")},
                    label="oldest proof of an account",
                    period=AN_HOUR,
                )
            ],
        )

"""One run: the deployment behind the proxy, its input, and the expected result."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from aitrail.errors import AitrailError
from aitrail.ledger import FILE
from demo import deployment
from demo.local_aws import local_aws
from demo.narration import step, tell
from demo.pipeline import Pipeline
from demo.processes import last_lines
from soak import workers
from soak.expected import Expected
from soak.faults import OF_DIGESTS, OF_LISTINGS, Fault, Likelihood, Plan
from soak.log_files import Digest, LogFile
from soak.proxy import Proxy, public_key
from tests.shared import signed_digests

# Replaces the queues' half hour: messages of a function that was killed become visible again after this time.
_VISIBILITY_SECONDS: Final = 20
_QUEUES: Final = ("DeliveriesQueueUrl", "BackfillQueueUrl")
_DEAD_LETTERS: Final = "DeadLetterQueueUrl"
_POLL_SECONDS: Final = 0.5
_STALLED_SECONDS: Final = 120.0
_LONGEST_WAIT: Final = 3600.0
_TOLD_EVERY: Final = 15.0
_PUTTING: Final = 4
# The maximum number of receive calls for dead letters, ten at a time; only a few messages are expected.
_MOST_LOOKS: Final = 10


class StalledError(AitrailError):
    """The pipeline has not processed all of its input; the message ends with the last lines of its log."""


@dataclass(slots=True, kw_only=True)
class Run:
    """A run; `put_at` maps log files to times of the proxy's clock, `sent` has the expected dead letters."""

    pipeline: Pipeline
    proxy: Proxy
    expected: Expected
    random: Random
    put_at: dict[str, float] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def expect(self, files: Iterable[LogFile], digests: Iterable[Digest] = ()) -> None:
        """Adds the expected outcomes of these deliveries."""
        for file in files:
            self.expected.add(file)
        for digest in digests:
            self.expected.add_digest(digest)

    def plan(self, files: Iterable[LogFile], likelihoods: Mapping[Fault, Likelihood]) -> None:
        """Plans faults for a share of these log files, only ones with rows, so that all requests are made."""
        names = [f"s3://{self.expected.bucket}/{file.key}" for file in files]
        written = [name for name in names if self.expected.entries[name, FILE]["written"]]
        self.proxy.plan.add(written, likelihoods, self.random)

    def plan_digests(self, signed: Sequence[Digest]) -> None:
        """Plans faults for some digests, and for recording some of the log files that they list."""
        bucket = self.expected.bucket
        self.proxy.plan.add([f"s3://{bucket}/{key}" for each in signed for key in each.lists], OF_LISTINGS, self.random)
        self.proxy.plan.add([f"s3://{bucket}/{each.key}" for each in signed], OF_DIGESTS, self.random)

    def put(self, delivery: LogFile | Digest) -> None:
        """Delivers a file, and announces it a second time if it should be announced twice."""
        if isinstance(delivery, Digest):
            self.pipeline.put(delivery.key, delivery.body, delivery.metadata)
            return
        self.put_at[f"s3://{self.expected.bucket}/{delivery.key}"] = self.proxy.clock()
        self.pipeline.put(delivery.key, delivery.body)
        if delivery.is_announced_twice:
            self.pipeline.announce(delivery.key)

    def put_all(self, deliveries: Sequence[LogFile | Digest]) -> None:
        """Delivers files as fast as possible."""
        with ThreadPoolExecutor(_PUTTING) as pool:
            for _ in pool.map(self.put, deliveries):
                pass

    def send_unknown(self) -> None:
        """Sends a message of an unknown kind, which fails five times and becomes a dead letter."""
        body = f'{{"from": "somebody else {len(self.sent) + 1}"}}'
        self.pipeline.send(body)
        self.sent.append(body)

    def wait(self) -> None:
        """Waits until every log file has its outcome and all queues are empty. Raises StalledError."""
        began = changed = told = time.monotonic()
        state, calm = (-1, -1), 0
        while calm < 2:  # noqa: PLR2004 (S3 may announce an object at that moment)
            missing = len(self.put_at.keys() - self.proxy.outcomes.keys())
            waiting = sum(map(self.pipeline.messages, _QUEUES))
            calm = calm + 1 if not missing and not waiting else 0
            now = time.monotonic()
            if (missing, waiting) != state:
                state, changed = (missing, waiting), now
            if now - changed > _STALLED_SECONDS or now - began > _LONGEST_WAIT:
                raise StalledError(
                    f"{missing} log files are not in the ledger, and {waiting} messages are waiting, after "
                    f"{now - began:.0f} s. The last lines of the log:\n{last_lines(self.pipeline.aws.log)}"
                )
            if now - told > _TOLD_EVERY:
                told = now
                tell(f"{len(self.put_at) - missing:,} done ...", end=" ")
            time.sleep(_POLL_SECONDS)

    def delays(self, files: Iterable[LogFile]) -> list[float]:
        """Seconds from the start of the put until the ledger has the log file, after its rows have been written."""
        names = [f"s3://{self.expected.bucket}/{file.key}" for file in files]
        return [self.proxy.outcomes[name] - self.put_at[name] for name in names]

    def differences(self) -> Iterator[str]:
        """The differences from the expectations, in tables, dead letters and faults, one text each."""
        yield from self.expected.differences(self.pipeline.rows(), self.pipeline.entries())
        if (dead := self._dead_letters()) != self.sent:
            yield f"the dead letters are {dead}, but should be only {self.sent}"
        for fault, log_files in self.proxy.plan.left().items():
            yield f"{fault}: planned faults did not happen, for {log_files}"
        if self.proxy.survivors:
            yield f"{Fault.CRASH}: {self.proxy.survivors} times there was no process to kill"

    def _dead_letters(self) -> list[str]:
        """The bodies of all dead letters, which stay in the queue."""
        sqs, queue, found = self.pipeline.aws.client("sqs"), self.pipeline.outputs[_DEAD_LETTERS], []
        # Received messages are hidden, so the next call returns others.
        for _ in range(_MOST_LOOKS):
            found += sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for each in found:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0)
        return [each["Body"] for each in found]


@contextmanager
def running(seed: int) -> Iterator[Run]:
    """Deploys behind the proxy, and removes everything at the end of the block."""
    with ExitStack() as until_the_end:
        with step("Starting a local AWS"):
            aws = until_the_end.enter_context(local_aws())
        pipeline = Pipeline(aws, deployment.deployed(aws))
        kill = partial(workers.kill, aws.process, pipeline.outputs["FunctionName"])
        keys = [public_key(signed_digests.FINGERPRINT, signed_digests.public_key())]
        proxy = until_the_end.enter_context(Proxy(aws.endpoint, Plan(), kill=kill, public_keys=keys).serving())
        with step("Putting the proxy between the function and AWS"):
            _prepare(pipeline, proxy)
        yield Run(
            pipeline=pipeline,
            proxy=proxy,
            expected=Expected(bucket=pipeline.outputs["LogBucketName"]),
            random=Random(seed),  # noqa: S311 (reproducible, nothing here is secret)
        )


def _wait_until_empty(pipeline: Pipeline) -> None:
    deadline = time.monotonic() + _STALLED_SECONDS
    while any(map(pipeline.messages, _QUEUES)):
        if time.monotonic() > deadline:
            raise StalledError(f"The stack does not start. The log:\n{last_lines(pipeline.aws.log)}")
        time.sleep(_POLL_SECONDS)


def _prepare(pipeline: Pipeline, proxy: Proxy) -> None:
    """Shortens the queues' visibility timeout, and configures the function to use the proxy."""
    # S3 has sent its test events: a message received before the change stays hidden for half an hour if its process
    # ends.
    _wait_until_empty(pipeline)
    sqs, function = pipeline.aws.client("sqs"), pipeline.aws.client("lambda")
    for queue in _QUEUES:
        attributes = {"VisibilityTimeout": str(_VISIBILITY_SECONDS)}
        sqs.set_queue_attributes(QueueUrl=pipeline.outputs[queue], Attributes=attributes)
    name = pipeline.outputs["FunctionName"]
    variables = function.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {"Variables": {**variables, "AWS_ENDPOINT_URL": proxy.endpoint}}
    function.update_function_configuration(FunctionName=name, Environment=changed)
    tell(
        f"visibility timeout {_VISIBILITY_SECONDS} s instead of half an hour, pauses of failed messages in seconds "
        "instead of minutes",
        end=" ",
    )

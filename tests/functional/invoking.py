"""Runs the deployed function without Lambda: imports its modules as in a cold start, and invokes it like the poller."""

import importlib
import logging
import sys
from types import SimpleNamespace

MODULES = ("lambdas.ingest.handler", "lambdas.ingest.wiring", "lambdas.ingest.publishing")


def set_environment(monkeypatch, pipeline, queue_url, *, prefixes=""):
    """Sets the environment variables that the stack sets."""
    monkeypatch.setenv("EVENTS_TABLE", pipeline.events_name)
    monkeypatch.setenv("FILES_TABLE", pipeline.files_name)
    monkeypatch.setenv("DELIVERIES_QUEUE_URL", queue_url)
    monkeypatch.setenv("BACKFILL_QUEUE_URL", pipeline.backfill_url)
    monkeypatch.setenv("LOG_BUCKET", "example-trail-logs")
    monkeypatch.setenv("KEY_PREFIXES", prefixes)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "aitrail")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "aitrail")


def forget():
    """Unloads the function's modules, because they read the environment and open a session when imported."""
    for module in MODULES:
        sys.modules.pop(module, None)
    # Powertools' logger keeps the stdout with which it was created. A test that reads stdout has to start the function
    # itself, because before the test, pytest captures stdout elsewhere.
    logging.Logger.manager.loggerDict.pop("aitrail", None)


def imported(monkeypatch, session, clock=None):
    """Imports the handler's module again; its clients come from the botocore session."""
    forget()
    with monkeypatch.context() as patch:
        patch.setattr("botocore.session.get_session", lambda: session)
        handler = importlib.import_module(MODULES[0])
    if clock:
        wiring = sys.modules[MODULES[1]]
        handler.INGESTION = wiring._ingestion(wiring.ENVIRONMENT, clock)
    return handler


def invoke(handler, messages, *, queue="deliveries", seconds=lambda: 300):
    """Invokes the function with messages of SQS; returns the messageIds to retry."""
    names = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body", "Attributes": "attributes"}
    source = {"eventSource": "aws:sqs", "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{queue}"}
    context = SimpleNamespace(
        function_name="ingest",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:ingest",
        aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        get_remaining_time_in_millis=lambda: int(1000 * seconds()),
    )
    records = [{names[name]: message[name] for name in names} | source for message in messages]
    answer = handler.lambda_handler({"Records": records}, context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

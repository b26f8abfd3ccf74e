"""Runs of every command, with all that its options need permissions for, in the deployment of tests/shared."""

import json
import shlex
import subprocess
import sys
import time
from types import SimpleNamespace

from tests.shared.own_deployment import BILL_BUCKET, GOOD, SENSITIVE, Scene

W = "--since 2026-11-18 --until 2026-11-21"
YES = "y\n" * 5


def run(line, before=lambda _: None, **options):
    """A function that runs a command line in a state of the deployment; the result is click's."""

    def run(scene, person):
        scene.everything_is_in_order()
        before(scene)
        names = {"bucket": scene.bucket, "file": scene.name, "folder": scene.folder, "w": W}
        return person.aitrail(*shlex.split(line.format(**names)), **options)

    return run


def interrupted(line):
    def interrupt(_):
        raise KeyboardInterrupt

    return run(line, Scene.row_is_new, sleep=interrupt)


def completed(scene, person):
    """Has the principals read, as the Tab key does."""
    place = json.dumps({"stack": ["aitrail"], "region": [], "profile": None, "endpoint_url": None})
    arguments = [str(scene.folder / "principals.json"), place]
    command = [sys.executable, "-m", "aitrail.cli.options.seen_principals", *arguments]
    environment = {name: value for name, value in person.environment.items() if value is not None}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own interpreter
    return SimpleNamespace(exit_code=ended.returncode, stderr=ended.stderr)


def asked(command, *, whole):
    """A question about all services, one about a principal, and one about a resource."""
    return [
        run(f"{command} {{w}} {whole}"),
        run(f"{command} {{w}} --principal user/alice"),
        run(f"{command} {{w}} --resource bot/K3X9QW7T2P"),
    ]


def searching(line):
    """Asks for CloudWatch's metrics: the local AWS accepts a request with a search, and says that the search failed."""
    ask = run(line)

    def search(scene, person):
        result = ask(scene, person)
        has_failed = result.exit_code == 3 and "CloudWatch could not read ${PROP(" in result.stderr
        return SimpleNamespace(exit_code=0, stderr="", output="") if has_failed else result

    return search


def waiting(line, before):
    """Waits for the function, and in vain for a moment: then the queue has been asked for what is left."""
    return [
        run(line, before, sleep=lambda _: time.sleep(0.2)),
        run(f"{line} --timeout 1s", Scene.function_is_idle, sleep=lambda _: time.sleep(0.2)),
    ]


VERIFY = "verify --since 2026-11-20 --until 2026-11-20T09:00"
REPAIR = f"{VERIFY} --repair"
HISTORY = "import-history --in-region eu-central-1 --force"
BILL = f"s3://{BILL_BUCKET}/bill"
# Commands as `aitrail permissions` takes them -> what they do with it, all that their options can do.
RUNS = {
    "events": asked("events", whole="-o jsonl"),
    "usage": asked("usage", whole="--user-agent '*'"),
    "usage --metrics": [searching("usage --metrics {w}")],
    "usage --bill s3://amzn-s3-demo-bill/bill": [
        run("usage --bill s3://amzn-s3-demo-bill/bill {w}", Scene.bill_is_there)
    ],
    "reconcile": [searching("reconcile {w}")],
    "running --metrics": [searching("running {w} --metrics")],
    "running": [
        run("running {w}"),
        run("running {w} --resource campaign/also-bought"),
    ],
    "who": [
        run("who 'bot/*' {w} --user-agent '*a*'"),
        run("who 'bot/*' {w} --principal user/alice"),
        run("who bot/K3X9QW7T2P {w}"),
    ],
    "what": [
        run("what 'user/*' {w}"),
        run("what 'user/*' {w} --resource bot/K3X9QW7T2P"),
        run("what user/alice {w} --user-agent '*Boto*'"),
    ],
    "export": asked("export {folder} --force --format csv", whole="--whole"),
    "report": [
        run("report {w} --json --user-agent '*'"),
        run("report {w} --json --principal user/alice"),
        run("report {w} --json --resource bot/K3X9QW7T2P"),
    ],
    "report --metrics": [searching("report {w} --json --metrics --without-proof")],
    "report --without-proof": asked("report --json --without-proof", whole="--user-agent '*'"),
    "events --from s3://{bucket}/AWSLogs/": [run("events --from s3://{bucket}/AWSLogs/")],
    "tail": [
        interrupted("tail -o jsonl"),
        interrupted("tail --principal user/alice"),
        interrupted("tail --resource bot/K3X9QW7T2P"),
    ],
    "event": [run(f"event {GOOD}"), run(f"event {GOOD[:8]} {{w}}")],
    "event --source": [run(f"event {SENSITIVE[:8]} {{w}} --source")],
    "scan s3://{bucket}/AWSLogs/": [run("scan s3://{bucket}/AWSLogs/")],
    "backfill": [run("backfill {w}", Scene.file_is_unannounced)],
    "backfill --dry-run": [run("backfill {w} --dry-run", Scene.file_is_unannounced)],
    "backfill --wait": waiting("backfill {w} --wait", Scene.file_is_unannounced),
    "import-history": [run(HISTORY, Scene.call_is_recorded, is_now=True), run("import-history --dry-run", is_now=True)],
    "import-history --dry-run": [run("import-history --dry-run", is_now=True)],
    "status": [run("status --since 2d")],
    "verify": [
        run(VERIFY, Scene.row_is_missing),
        # The digest is read again, and with it the public keys of CloudTrail.
        run(f"{VERIFY} --deep", Scene.digest_is_verified),
    ],
    "verify --announce": [run(f"{VERIFY} --announce", Scene.digest_is_unverifiable)],
    "verify --repair": [
        run(REPAIR, Scene.row_is_missing, answers=YES),
        run(REPAIR, Scene.row_is_added, answers=YES),
    ],
    "verify --repair --deep": [
        run(f"{REPAIR} --deep", Scene.file_is_replaced, answers=YES),
        run(REPAIR, Scene.row_is_added, answers=YES),
    ],
    "verify --repair --dry-run": [run(f"{REPAIR} --dry-run", Scene.row_is_missing)],
    "retry": [run("retry", Scene.letter_is_dead)],
    "retry --dry-run": [run("retry --dry-run", Scene.letter_is_dead)],
    "retry --wait": waiting("retry --wait", Scene.letter_is_dead),
    "retry s3://{bucket}/KEY": [run("retry {file}")],
    "rejects": [run("rejects -o jsonl")],
    "rejects --retry": [run("rejects --retry -o jsonl")],
    "accept": [run("accept"), run("accept {file} --reason known"), run("accept {file} --take-back")],
    "preflight": [run("preflight")],
    "preflight --deploy-with cdk": [run("preflight --deploy-with cdk")],
    "source": [run("source")],
    "permissions": [run("permissions events")],
    "completion": [completed],
}
# The local AWS says that an object is gone where AWS says so only to those who have s3:ListBucket (Amazon S3 API
# Reference, GetObject and HeadObject). Its Event history has no events that are redacted or cannot become rows. It
# answers GetAccountSettings to everybody. No sample corrects a record of Personalize, whose first row would be read.
NOT_SHOWN = {
    "running": {"dynamodb:BatchGetItem"},
    "preflight": {"lambda:GetAccountSettings"},
    "event --source": {"s3:ListBucket"},
    "verify": {"s3:ListBucket"},
    "retry s3://{bucket}/KEY": {"s3:ListBucket"},
    "import-history": {"dynamodb:BatchWriteItem", "secretsmanager:GetSecretValue"},
}
# Commands that need nothing of AWS.
WITHOUT = (
    *("scan {folder}", "services", "cache", "prices", "cost --files 1 --events 1", "completion bash"),
    "permissions --all --placeholders",
)

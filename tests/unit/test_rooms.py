"""A room imports only rooms below it, and the pure ones know nothing of AWS or of the environment."""

import ast
from pathlib import Path

import pytest

from aitrail.dynamodb import tables

ROOT = Path(__file__).parents[2]

# From the top down. A module may import modules of lower layers, and of its own.
LAYERS = (
    ("aitrail.cli",),
    (
        "aitrail.ingest.ingestion",
        "aitrail.questions.store",
        "aitrail.proof.verification",
        "aitrail.history.history_import",
    ),
    ("aitrail.proof.row_proof", "aitrail.proof.deep_proof", "aitrail.repair.waiting"),
    (
        "aitrail.ingest.outcomes",
        "aitrail.digests.reconciliation",
        "aitrail.repair.backfill",
        "aitrail.repair.announced",
        "aitrail.repair.retrying",
    ),
    ("aitrail.ingest.review", "aitrail.repair.accepting"),
    ("aitrail.digests.doubts", "aitrail.ingest.fetching", "aitrail.history.import_progress"),
    (
        "aitrail.questions.usage",
        "aitrail.questions.timeline",
        "aitrail.questions.following",
        "aitrail.questions.export",
        "aitrail.questions.original",
        "aitrail.costs",
    ),
    ("aitrail.status",),
    (
        "aitrail.ingest.events_table",
        "aitrail.ledger.ledger",
        "aitrail.ledger.reader",
        "aitrail.aws.deployment",
        "aitrail.questions.table_rows",
        "aitrail.questions.log_file_rows",
        "aitrail.ingest.ahead",
        "aitrail.deliveries.announcing",
        "aitrail.digests.public_keys",
        "aitrail.history.event_history",
        "aitrail.proof.ledger_proof",
    ),
    (
        "aitrail.dynamodb.batches",
        "aitrail.dynamodb.encoding",
        "aitrail.questions.planner",
        "aitrail.questions.scanning",
    ),
    ("aitrail.questions.source", "aitrail.rows.reading"),
    ("aitrail.questions.filters",),
    (
        "aitrail.questions.conditions",
        "aitrail.deliveries.bucket",
        "aitrail.deliveries.day_folders",
        "aitrail.questions.paths",
        "aitrail.digests.coverage",
    ),
    ("aitrail.ledger.entries",),
    (
        "aitrail.rows.row",
        "aitrail.logfile.selection",
        "aitrail.digests.digest",
        "aitrail.deliveries.notifications",
        "aitrail.cells",
        "aitrail.dynamodb.attributes",
    ),
    (
        "aitrail.rows.identity",
        "aitrail.deliveries.keys",
        "aitrail.services",
        "aitrail.dynamodb.tables",
        "aitrail.dynamodb.items",
        "aitrail.logfile.inflate",
    ),
    (
        "aitrail.window",
        "aitrail.costs.characters",
        "aitrail.aws.paging",
        "aitrail.logfile.jsontext",
        "aitrail.logfile.elements",
    ),
    ("aitrail.errors", "aitrail.aws.temporary"),
)
PURE = (
    *("logfile", "inflate", "jsontext", "rows", "reading", "items", "identity", "keys", "services", "notifications"),
    *("tables", "errors", "window", "conditions", "filters", "source", "planner", "usage", "prices", "timeline"),
    "costs",
    *("cells", "original", "entries", "coverage", "digest", "proof", "elements"),
    *(f"status.{name}" for name in ("arrivals", "chains", "facts", "findings", "problems", "queues", "report")),
)
FORBIDDEN = ("boto3", "botocore", "aws_lambda_powertools", "os", "socket", "subprocess")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py"))


def layer_of(name):
    matches = [level for level, names in enumerate(LAYERS) for prefix in names if f"{name}.".startswith(f"{prefix}.")]
    return matches[0] if matches else None


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", modules("aitrail"), ids=name_of)
def test_every_module_has_a_layer_and_imports_no_higher_one(path):
    if name_of(path) == "aitrail":
        return

    own = layer_of(name_of(path))

    assert own is not None, "name its layer above"
    higher = {name for name in imports(path) if (layer := layer_of(name)) is not None and layer < own}
    assert not higher


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_know_neither_aws_nor_the_environment(name):
    paths = [path for path in modules("aitrail") if f"{name_of(path)}.".startswith(f"aitrail.{name}.")]

    assert paths
    for path in paths:
        found = {imported.split(".")[0] for imported in imports(path)}
        assert not found & set(FORBIDDEN), path


def test_infra_knows_only_tables_and_services():
    allowed = ("aitrail.dynamodb.tables", "aitrail.services", "aitrail.errors")

    found = {name for path in modules("infra") for name in imports(path) if name.startswith("aitrail")}

    assert {name for name in found if not f"{name}.".startswith(tuple(f"{room}." for room in allowed))} <= {"aitrail"}


def test_the_handler_and_the_entry_of_the_stack_are_short():
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in ("lambdas/ingest/handler.py", "app.py")}

    assert lines["lambdas/ingest/handler.py"] <= 60
    assert lines["app.py"] <= 25


def test_an_index_projects_at_most_twenty_attributes():
    for table in (tables.EVENTS, tables.FILES):
        assert all(len(index.projected) <= 20 for index in table.indexes)
        assert sum(len(index.projected) for index in table.indexes) <= 100
        assert all(not set(index.projected) & {*index.keys, table.partition_key} for index in table.indexes)


def test_every_event_index_shows_the_same_columns():
    shown = [{*index.keys, *index.projected} for index in tables.ASKED]

    assert all(columns == set(tables.NARROW_COLUMNS) for columns in shown)

"""The dashboard: people who have not read the code understand it, and CloudWatch takes it."""

import json
import re
from pathlib import Path

import pytest

from aitrail.ingest import ROWS, ROWS_DIMENSIONS
from infra.packaging import template as package
from infra.settings import Settings
from tests.shared.cloudformation import evaluated
from tests.shared.template_checks import lint_findings
from tests.shared.watched_metrics import OF_AWS, OF_FUNCTION

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text()
DASHBOARD = "AWS::CloudWatch::Dashboard"
# CloudWatch's quotas ("CloudWatch service quotas") for widgets, and for metrics of a widget and of a dashboard. It has
# none for the body; CloudFormation takes a template of 1 MB.
WIDGETS, OF_A_WIDGET, METRICS, BODY_BYTES = 500, 500, 2500, 50_000


@pytest.fixture(scope="module")
def shown(synthesize):
    return synthesize({"aitrail:dashboard": "true"})


def body_of(template):
    """The widgets of the only dashboard of a template; references are text."""
    [dashboard] = template.of_type(DASHBOARD).values()
    return json.loads(dashboard["DashboardBody"])


def graphs_of(template):
    return [each for each in body_of(template)["widgets"] if each["type"] == "metric"]


GRAPHS = [
    *("Deliveries", "Delay", "Waiting messages"),
    *("Rows by service and outcome", "Characters", "Not recorded"),
    *("Cost: writes to the tables", "Cost: run time of the function", "Cost: requests"),
    *("Proof", "Problems of the proof", "Age of the proof"),
]


def test_there_is_no_dashboard_and_nothing_is_published_for_one_by_default(default):
    assert not default.of_type(DASHBOARD)
    assert "DASHBOARD" not in default.properties("IngestFunction")["Environment"]["Variables"]


def test_there_is_one_dashboard_named_after_the_stack_and_its_region(shown, chosen):
    names = [[each["DashboardName"] for each in template.of_type(DASHBOARD).values()] for template in (shown, chosen)]

    assert names == [["aitrail-<AWS::Region>"], ["speech-record-<AWS::Region>"]]
    assert shown.properties("IngestFunction")["Environment"]["Variables"]["DASHBOARD"] == "on"


def test_states_of_all_alarms_are_on_top(shown):
    first, states = body_of(shown)["widgets"][:2]

    alarms = {f"<{name}.Arn>" for name in shown.of_type("AWS::CloudWatch::Alarm")}
    assert first["type"] == "text"
    assert (states["type"], set(states["properties"]["alarms"])) == ("alarm", alarms)
    assert len(alarms) == 15
    assert all(each["y"] > states["y"] for each in graphs_of(shown))


def test_without_alarms_the_dashboard_says_so(synthesize):
    without = synthesize({"aitrail:dashboard": "true", "aitrail:alarms": "false"})
    first, *others = body_of(without)["widgets"]

    assert "no alarms (`aitrail:alarms`)" in first["properties"]["markdown"]
    assert "alarm" not in {each["type"] for each in others}


def test_these_graphs_are_shown_in_this_order_and_documented(shown):
    titles = [each["properties"]["title"] for each in graphs_of(shown)]

    assert [title.rpartition(" (")[0] for title in titles] == GRAPHS
    section = OPERATIONS.partition("\n### Dashboard\n")[2].partition("\n### ")[0]
    for title in GRAPHS:
        assert title.removeprefix("Cost: ") in section


@pytest.mark.parametrize("number", range(len(GRAPHS)), ids=GRAPHS)
def test_each_graph_has_a_title_a_unit_and_below_it_what_it_shows_and_what_to_do(shown, number):
    graph = graphs_of(shown)[number]
    properties = graph["properties"]

    unit = properties["yAxis"]["left"]["label"]
    assert unit
    assert properties["title"] == f"{GRAPHS[number]} ({unit})"
    [text] = [
        each["properties"]["markdown"]
        for each in body_of(shown)["widgets"]
        if each["type"] == "text" and (each["x"], each["y"]) == (graph["x"], graph["y"] + graph["height"])
    ]
    assert 60 <= len(text) <= 250
    assert text.endswith(".")
    assert re.search(r"`aitrail |alarms? |[Ii]f |should be zero|peak", text)


def test_lines_have_labels_and_periods_are_those_of_the_unit(shown):
    for graph in graphs_of(shown):
        properties = graph["properties"]
        for line in map(last, properties["metrics"]):
            is_shown = line.get("visible", True)
            assert not is_shown or line["label"]
            if "in an hour" in properties["title"]:
                assert line["period"] == 3600
            if "in 5 minutes" in properties["title"]:
                assert line.get("period", 300) == 300
    assert body_of(shown)["periodOverride"] == "inherit"


def last(line):
    return line[-1] if isinstance(line[-1], dict) else {}


def metrics_of(graph):
    """The metrics of a graph: namespace, name, and dimensions."""
    for line in graph["properties"]["metrics"]:
        names = [each for each in line if not isinstance(each, dict)]
        if names:
            yield names[0], names[1], dict(zip(names[2::2], names[3::2], strict=True))
        elif found := re.match(
            r"SEARCH\('\{([\w,]+)\} service=\"([\w-]+)\" MetricName=\"(\w+)\"'", last(line)["expression"]
        ):
            namespace, *dimensions = found[1].split(",")
            yield namespace, found[3], dict.fromkeys(dimensions, None) | {"service": found[2]}


def test_every_metric_of_a_graph_or_an_alarm_is_published_by_the_function_or_documented_by_aws(shown):
    alarms = [
        (each["Namespace"], each["MetricName"], {name["Name"]: name["Value"] for name in each["Dimensions"]})
        for each in shown.of_type("AWS::CloudWatch::Alarm").values()
    ]
    watched = [*alarms, *(metric for graph in graphs_of(shown) for metric in metrics_of(graph))]

    own = {name for namespace, name, _ in watched if namespace == "aitrail"}
    of_aws = {(namespace, name, tuple(sorted(each))) for namespace, name, each in watched if namespace != "aitrail"}
    assert own == OF_FUNCTION
    assert of_aws == OF_AWS
    for namespace, name, dimensions in watched:
        if namespace == "aitrail":
            assert dimensions.keys() == {"service", *(ROWS_DIMENSIONS if name == ROWS else ())}


def test_every_name_in_an_expression_is_a_metric_of_its_graph(shown):
    for graph in graphs_of(shown):
        lines = [last(each) for each in graph["properties"]["metrics"]]
        ids = {each["id"] for each in lines if "id" in each}
        for expression in (each["expression"] for each in lines if "expression" in each):
            if not expression.startswith("SEARCH"):
                assert set(re.findall(r"\b[a-z]\w*", expression)) <= ids
        assert len(ids) == len([each for each in lines if "id" in each])


def test_every_metric_is_of_this_stack(chosen):
    for graph in graphs_of(chosen):
        for namespace, _, dimensions in metrics_of(graph):
            names = [dimensions["service"]] if namespace == "aitrail" else dimensions.values()
            known = {"speech-record"} if namespace == "aitrail" else {"by-service", "by-principal"}
            assert all(each in known or each.startswith(("<", "by-")) for each in names)


@pytest.mark.slow
def test_dashboard_is_far_below_the_quotas_of_cloudwatch(templates):
    dashboards = [(row, template) for row, template in templates if row["aitrail:dashboard"] == "true"]

    assert dashboards
    for _row, template in dashboards:
        widgets = body_of(template)["widgets"]
        [dashboard] = template.of_type(DASHBOARD).values()
        numbers = [len(each["properties"]["metrics"]) for each in widgets if each["type"] == "metric"]
        assert len(widgets) <= WIDGETS
        assert max(numbers) <= OF_A_WIDGET
        assert sum(numbers) <= METRICS
        assert len(dashboard["DashboardBody"].encode()) <= BODY_BYTES


def test_widgets_do_not_overlap_and_fit_into_the_grid(shown):
    taken = set()
    for each in body_of(shown)["widgets"]:
        columns = range(each["x"], each["x"] + each["width"])
        cells = {(x, y) for x in columns for y in range(each["y"], each["y"] + each["height"])}
        assert columns.stop <= 24
        assert not cells & taken
        taken |= cells


def test_package_has_the_dashboard_with_what_it_cannot_change_fixed():
    found = package(Settings(dashboard=True), code="code.zip")
    [dashboard] = [
        each["Properties"]
        for each in evaluated(found, {}, stack="speech-record")["Resources"].values()
        if each["Type"] == DASHBOARD
    ]

    text = json.dumps(dashboard)
    assert "probe" not in text
    assert "${PROP('Dim.awsService')} ${PROP('Dim.outcome')}" in text
    assert 'service=\\\\\\"speech-record\\\\\\"' in text
    assert {"Trail", "SilentHours", "MemoryMegabytes"}.isdisjoint(found["Parameters"])
    assert lint_findings(json.dumps(found)) == []

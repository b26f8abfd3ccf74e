"""The dashboard in CloudWatch: whether the recording works, at a glance."""

from collections.abc import Iterable, Sequence

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.charts import Chart

# CloudWatch's grid has 24 columns.
_WHOLE = 24
_IN_A_ROW = 3
_ALARMS = "The state of each alarm: if one is red, open it; its description says what happened and what to do."
_NO_ALARMS = "This stack has no alarms (`aitrail:alarms`)."


class Dashboard(Construct):
    """A dashboard named after the stack: the states of all `alarms`, then graphs, each with a sentence below it.

    Dashboards are not in a Region, so that the name has it: stacks of the same name may be in several.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stack_name: str,
        alarms: Sequence[cloudwatch.Alarm],
        charts: Iterable[Chart],
    ) -> None:
        super().__init__(scope, construct_id)
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"{stack_name}-{Aws.REGION}",
            # The units name the periods, which are the same for every time that is shown.
            period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        says = _ALARMS if alarms else _NO_ALARMS
        dashboard.add_widgets(cloudwatch.TextWidget(markdown=says, width=_WHOLE, height=1))
        if alarms:
            dashboard.add_widgets(
                cloudwatch.AlarmStatusWidget(title="State of each alarm", alarms=alarms, width=_WHOLE, height=4)
            )
        shown = list(charts)
        for begin in range(0, len(shown), _IN_A_ROW):
            row = shown[begin : begin + _IN_A_ROW]
            dashboard.add_widgets(*map(_graph, row))
            dashboard.add_widgets(*map(_text, row))


def _graph(chart: Chart) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=f"{chart.title} ({chart.unit})",
        left=chart.lines,
        left_y_axis=cloudwatch.YAxisProps(label=chart.unit, min=0, show_units=False),
        stacked=chart.is_stacked,
        width=_WHOLE // _IN_A_ROW,
        height=6,
    )


def _text(chart: Chart) -> cloudwatch.TextWidget:
    return cloudwatch.TextWidget(markdown=chart.says, width=_WHOLE // _IN_A_ROW, height=3)

"""Options that commands share: deployment, filter, window, columns, output.

In: the command line; out: validated values for the packages below. It prints only errors.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.cli.options.aws import Access, UnreachableError, hint
    from aitrail.cli.options.bill import BillChoice, bill_options, billed_of, window_of_bill
    from aitrail.cli.options.caching import cache_folder
    from aitrail.cli.options.choice import OneOf, OneOfKnown
    from aitrail.cli.options.columns import asked_columns, columns_option, only, table_columns
    from aitrail.cli.options.command import Command, option, verbose_option
    from aitrail.cli.options.config import ASK, config_of, config_option, config_path, naming_of
    from aitrail.cli.options.deliveries import (
        DELIVERED,
        Report,
        Requeue,
        report_options,
        requeue_options,
    )
    from aitrail.cli.options.filters import all_conditions_but, filter_options
    from aitrail.cli.options.jobs import jobs_option
    from aitrail.cli.options.limit import limit_options
    from aitrail.cli.options.metrics import amounts_of, comparisons_of, requests_of
    from aitrail.cli.options.offering import offer_of
    from aitrail.cli.options.origins import WHICH, origin_options, texts_of
    from aitrail.cli.options.other_commands import CommandLine, command_lines
    from aitrail.cli.options.other_time import OtherTime, other_time_options
    from aitrail.cli.options.output import output_options
    from aitrail.cli.options.paths import PATH
    from aitrail.cli.options.place import Deployed, Place, place_options, refuse_unused
    from aitrail.cli.options.prices import price_file, prices_option, usual_prices
    from aitrail.cli.options.question import Asked, newest, question_options, with_conditions
    from aitrail.cli.options.reading_progress import scan_progress
    from aitrail.cli.options.scope import refusal, scope_of
    from aitrail.cli.options.seen_principals import PRINCIPAL_FILES
    from aitrail.cli.options.service_files import narrate_other_services, registry_of, service_files_option
    from aitrail.cli.options.stacks import aws_options, bucket_options, stacks_options
    from aitrail.cli.options.timeline import TIMELINE_COLUMNS, TimelineChoice, timeline_argument, timeline_options
    from aitrail.cli.options.waiting import Wait, wait_options
    from aitrail.cli.options.window import (
        WHEN,
        Span,
        clock_of,
        ends_options,
        length_of,
        now_of,
        timezone_option,
        window_options,
        zone_of,
    )
    from aitrail.cli.options.wrapping import HelpContext
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        question=("Asked", "newest", "question_options", "with_conditions"),
        aws=("Access", "UnreachableError", "hint"),
        bill=("BillChoice", "bill_options", "billed_of", "window_of_bill"),
        caching=("cache_folder",),
        choice=("OneOf", "OneOfKnown"),
        columns=("asked_columns", "columns_option", "only", "table_columns"),
        other_commands=("CommandLine", "command_lines"),
        config=("ASK", "config_of", "config_option", "config_path", "naming_of"),
        deliveries=("DELIVERED", "Report", "Requeue", "report_options", "requeue_options"),
        filters=("all_conditions_but", "filter_options"),
        jobs=("jobs_option",),
        limit=("limit_options",),
        metrics=("amounts_of", "comparisons_of", "requests_of"),
        offering=("offer_of",),
        origins=("WHICH", "origin_options", "texts_of"),
        other_time=("OtherTime", "other_time_options"),
        output=("output_options",),
        paths=("PATH",),
        place=("Deployed", "Place", "place_options", "refuse_unused"),
        prices=("price_file", "prices_option", "usual_prices"),
        reading_progress=("scan_progress",),
        scope=("refusal", "scope_of"),
        command=("Command", "option", "verbose_option"),
        seen_principals=("PRINCIPAL_FILES",),
        service_files=("narrate_other_services", "registry_of", "service_files_option"),
        stacks=("aws_options", "bucket_options", "stacks_options"),
        timeline=("TIMELINE_COLUMNS", "TimelineChoice", "timeline_argument", "timeline_options"),
        waiting=("Wait", "wait_options"),
        window=(
            *("WHEN", "Span", "clock_of", "ends_options", "length_of", "now_of"),
            *("timezone_option", "window_options", "zone_of"),
        ),
        wrapping=("HelpContext",),
    )

"""Asks AWS for what the checks need. Each check only reads; one that fails is reported as unknown."""

from collections.abc import Iterator
from datetime import datetime

from aitrail.preflight.adopted_tables import look_at_tables
from aitrail.preflight.answers import Clients, looked
from aitrail.preflight.deployer import look_at_deployer
from aitrail.preflight.existing_bucket import look_at_bucket
from aitrail.preflight.finding import Finding, Severity, advice
from aitrail.preflight.plan import Plan
from aitrail.preflight.trails import findings_of_trails


def look(plan: Plan, clients: Clients, now: datetime) -> Iterator[Finding]:
    """What was found, the most severe first; `clients` makes clients of services in the Region of the plan."""
    order = list(Severity)
    yield from sorted(_found(plan, clients, now), key=lambda each: order.index(each.severity))


def _found(plan: Plan, clients: Clients, now: datetime) -> Iterator[Finding]:
    yield from looked(
        "trails", "whether the account already has a trail; a second one costs money", lambda: _trails(plan, clients)
    )
    yield from looked("concurrency", "the account's quota of concurrent executions", lambda: _quota(plan, clients))
    if plan.bucket:
        yield from look_at_bucket(plan, plan.bucket, clients, now)
    yield from look_at_tables(plan, clients)
    yield from look_at_deployer(plan, clients)


def _trails(plan: Plan, clients: Clients) -> Iterator[Finding]:
    trails = clients("cloudtrail").describe_trails(includeShadowTrails=True)["trailList"]
    yield from findings_of_trails(plan, trails)


def _quota(plan: Plan, clients: Clients) -> Iterator[Finding]:
    limit = clients("lambda").get_account_settings()["AccountLimit"]
    unreserved = int(limit["UnreservedConcurrentExecutions"])
    if unreserved < plan.concurrency:
        yield advice(
            "concurrency-quota",
            f"The account allows {unreserved} concurrent executions that are not reserved, in {plan.region}, but the "
            f"stack may use {plan.concurrency} (aitrail:maximumConcurrency, aitrail:backfillConcurrency): deliveries "
            "may wait, and other functions as well.",
            "Lower the settings, or ask AWS to raise the quota.",
        )

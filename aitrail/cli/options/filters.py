"""The options of a filter: --service, --principal, --errors and so on."""

import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import click

from aitrail.cli.options.command import option, repeated
from aitrail.cli.options.config import naming_of
from aitrail.cli.options.offering import offer_of
from aitrail.cli.options.service_files import registry_of
from aitrail.questions import (
    ENGINES,
    EVENT_CATEGORIES,
    EXCLUDES,
    ConditionError,
    Conditions,
    checked,
    usage_fields,
    wanted_of,
)
from aitrail.rows import CREDENTIALS, OUTCOMES
from aitrail.services import Registry, load

_ERRORS = tuple(outcome for outcome in OUTCOMES if outcome != "ok")
# Prefix of parameter names, because --region is a different option from --in-region.
_PREFIX = "wanted_"
_SECTION = "Which calls (repeat for more values; !VALUE excludes)"


_Known = Callable[[click.Context], Iterable[str]]


def _completed(known: Collection[str] | _Known) -> Callable[..., list[str]]:
    offer = offer_of(known if callable(known) else lambda _: known)

    def completed(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        prefix = EXCLUDES if incomplete.startswith(EXCLUDES) else ""
        return [prefix + each for each in offer(context, parameter, incomplete.removeprefix(prefix))]

    return completed


def _services(registry: Registry) -> list[str]:
    return [service.name for service in registry.services]


def _texts(name: str, condition: str, metavar: str, text: str, known: Collection[str] | _Known = ()) -> Any:  # noqa: ANN401
    return option(
        _SECTION,
        name,
        _PREFIX + condition,
        multiple=True,
        metavar=metavar,
        help=text,
        shell_complete=_completed(known) if known else None,
    )


_OPTIONS: Sequence[Any] = (
    _texts(
        *("--service", "service", "NAME"),
        f"{', '.join(_services(load()))}; or one of --service-files.",
        lambda context: _services(registry_of(context)),
    ),
    _texts("--operation", "operation", "NAME", "SynthesizeSpeech, or a pattern such as 'Delete*'."),
    _texts(
        *("--principal", "principal", "WHO"),
        "user/alice, role/Admin, sso/…, root, a pattern such as 'sso/*', or an ARN, whose account is ignored (see "
        "--principal-account).",
    ),
    _texts("--principal-account", "principal_account", "ID", "Account that the principal belongs to."),
    _texts("--resource", "resource", "WHAT", "bot/ID, lexicon/NAME …, an ARN, or a pattern such as 'lexicon/*'."),
    _texts("--account", "account", "ID", "Account that was called."),
    _texts("--in-region", "region", "REGION", "Region that was called."),
    _texts("--outcome", "outcome", "OUTCOME", f"{', '.join(OUTCOMES)}.", OUTCOMES),
    option(_SECTION, "--errors", is_flag=True, help="All outcomes except ok."),
    _texts("--credentials", "credentials", "KIND", f"{', '.join(CREDENTIALS)}.", CREDENTIALS),
    _texts("--source-ip", "source_ip", "ADDRESS", "203.0.113.9, 203.0.113.0/24, lex.amazonaws.com, or a pattern."),
    _texts("--access-key", "access_key", "ID", "Access key that signed the call."),
    option(_SECTION, "--read-only", is_flag=True, help="Only calls that read."),
    option(
        _SECTION, "--write-only", is_flag=True, help="Only calls that change something, or do not say whether they do."
    ),
    _texts("--event-category", "event_category", "NAME", f"{', '.join(EVENT_CATEGORIES)}.", EVENT_CATEGORIES),
    _texts("--error-code", "error_code", "CODE", "ConflictException, or a pattern such as 'Throttling*'."),
    _texts("--session", "session", "NAME", "Name of a role session, its ARN (of any role), or a pattern."),
    _texts("--called-by", "called_by", "SERVICE", "Service that made the call for the principal: lex.amazonaws.com …"),
    _texts(
        *("--user-agent", "user_agent", "AGENT"),
        "Product and version (Boto3/1.34.2, 'Boto3/*'), or a pattern for the whole text ('*Python/3.8*'). The latter "
        "reads every row that meets the other conditions.",
    ),
    _texts("--engine", "engine", "NAME", f"Polly's engine: {', '.join(ENGINES)}.", ENGINES),
    _texts("--voice", "voice", "NAME", "Polly's voice: Joanna, or a pattern such as 'Jo*'."),
    _texts("--language", "language", "CODE", "en-US, or a pattern such as 'en*'."),
    _texts(
        "--api-version",
        "api_version",
        "VERSION",
        f"Version of the API of Lex: {', '.join(sorted(load().api_versions))}.",
        lambda context: sorted(registry_of(context).api_versions),
    ),
    _texts(
        *("--label", "label", "NAME=VALUE"),
        "Any field of the column usage (`aitrail services` lists them): outputFormat=mp3, or a pattern. Of several "
        "fields, each has to match.",
        lambda context: [f"{name}=" for name in usage_fields(registry_of(context))],
    ),
    _texts(
        *("--team", "team", "NAME"),
        "Team of the call, as the configuration file names it, or a pattern.",
        lambda context: naming_of(context).names("team"),
    ),
    _texts(
        *("--network", "network", "NAME"),
        "Network of the address, likewise; '!*' is outside of all.",
        lambda context: naming_of(context).names("network"),
    ),
    option(
        *(_SECTION, "--mfa/--no-mfa", f"{_PREFIX}mfa"),
        default=None,
        help="Only calls with MFA; or only calls without it, or that do not say.",
    ),
)


def all_conditions_but(*kept: str) -> set[str]:
    """The names of conditions, and of the flags for them, but these: what `filter_options` can leave out."""
    return {*Conditions.__annotations__, "errors", "write_only"}.difference(kept)


def filter_options(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options of a filter; the command gets them, validated, as `conditions`.

    `without` names conditions to leave out.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_conditions(
            *args: Any,  # noqa: ANN401 (passed through)
            errors: bool = False,
            read_only: bool = False,
            write_only: bool = False,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            texts = {name: options.pop(_PREFIX + name, ()) for name in Conditions.__annotations__}
            given = {name: values for name, values in texts.items() if values not in ((), None)}
            conditions = Conditions(**given)  # type: ignore[typeddict-item]
            outcomes = texts["outcome"]
            if errors and wanted_of(outcomes):
                raise click.UsageError("--errors means all outcomes except ok: give --errors or --outcome.")
            if errors:
                conditions["outcome"] = (*_ERRORS, *outcomes)
            if read_only and write_only:
                raise click.UsageError("--read-only and --write-only cannot be used together: give one of them.")
            if read_only or write_only:
                conditions["read_only"] = read_only
            _check(conditions)
            command(*args, conditions=conditions, **options)

        for add in reversed(_OPTIONS):
            with_conditions = add(with_conditions)
        parameters = with_conditions.__click_params__  # type: ignore[attr-defined]
        parameters[:] = [parameter for parameter in parameters if parameter.name.removeprefix(_PREFIX) not in without]
        return with_conditions

    return decorated


def _check(conditions: Conditions) -> None:
    """Refuses conditions that no row can meet, before anything is read, and names the option."""
    context = click.get_current_context()
    try:
        checked(conditions, registry_of(context), naming_of(context))
    except ConditionError as error:
        name = _PREFIX + (error.condition or "")
        parameter = next(each for each in context.command.params if each.name == name)
        raise click.BadParameter(f"{error}{repeated(parameter.opts[0], error.text or '')}", param=parameter) from error

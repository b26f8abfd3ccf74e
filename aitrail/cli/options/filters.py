"""The options of a filter: --service, --principal, --errors and so on."""

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

import click

from aitrail.cli.options.command import option, repeated
from aitrail.questions import EVENT_CATEGORIES, ConditionError, Conditions, checked
from aitrail.rows import CREDENTIALS, OUTCOMES
from aitrail.services import load

_ERRORS = tuple(outcome for outcome in OUTCOMES if outcome != "ok")
# Prefix of parameter names, because --region is a different option from --in-region.
_PREFIX = "wanted_"
_SECTION = "Which calls (repeat an option for more values)"


def _completed(known: Collection[str]) -> Callable[..., list[str]]:
    return lambda _context, _parameter, incomplete: [each for each in known if each.startswith(incomplete.lower())]


def _services() -> list[str]:
    return [service.name for service in load().services]


def _texts(name: str, condition: str, metavar: str, text: str, known: Collection[str] = ()) -> Any:  # noqa: ANN401
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
    _texts("--service", "service", "NAME", f"{', '.join(_services())}.", _services()),
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
)


def filter_options(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options of a filter; the command gets them, validated, as `conditions`.

    `without` names conditions to leave out.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_conditions(
            *args: Any,  # noqa: ANN401 (passed through)
            errors: bool,
            read_only: bool,
            write_only: bool,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            texts = {name: options.pop(_PREFIX + name, ()) for name in Conditions.__annotations__}
            conditions = Conditions(**{name: values for name, values in texts.items() if values})  # type: ignore[typeddict-item]
            if errors and "outcome" in conditions:
                raise click.UsageError("--errors means all outcomes except ok: give --errors or --outcome.")
            if errors:
                conditions["outcome"] = _ERRORS
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
    try:
        checked(conditions)
    except ConditionError as error:
        name = _PREFIX + (error.condition or "")
        parameter = next(each for each in click.get_current_context().command.params if each.name == name)
        raise click.BadParameter(f"{error}{repeated(parameter.opts[0], error.text or '')}", param=parameter) from error

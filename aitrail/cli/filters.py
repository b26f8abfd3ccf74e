"""--service, --principal, --errors and the like: which rows a question is about."""

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

import click

from aitrail.cli.sections import option
from aitrail.conditions import EVENT_CATEGORIES, Conditions
from aitrail.identity import CREDENTIALS
from aitrail.rows import OUTCOMES
from aitrail.services import load

_ERRORS = tuple(outcome for outcome in OUTCOMES if outcome != "ok")
# Of the names of parameters: --region is another option than --in-region.
_PREFIX = "wanted_"
_SECTION = "Which calls (repeat an option for other values)"


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
    _texts("--operation", "operation", "NAME", "SynthesizeSpeech, or a pattern: 'Delete*'."),
    _texts("--principal", "principal", "WHO", "user/alice, role/Admin, sso/…, root, an ARN, or a pattern: 'sso/*'."),
    _texts("--resource", "resource", "WHAT", "bot/ID, lexicon/NAME …, an ARN, or a pattern: 'lexicon/*'."),
    _texts("--account", "account", "ID", "Account that was called."),
    _texts("--in-region", "region", "REGION", "Region that was called."),
    _texts("--outcome", "outcome", "OUTCOME", f"{', '.join(OUTCOMES)}.", OUTCOMES),
    option(_SECTION, "--errors", is_flag=True, help="All outcomes but ok."),
    _texts("--credentials", "credentials", "KIND", f"{', '.join(CREDENTIALS)}.", CREDENTIALS),
    _texts("--source-ip", "source_ip", "ADDRESS", "203.0.113.9, 203.0.113.0/24, lex.amazonaws.com, or a pattern."),
    _texts("--access-key", "access_key", "ID", "Access key that signed the call."),
    option(_SECTION, "--read-only/--write-only", default=None, help="Only calls that read; only all others."),
    _texts("--event-category", "event_category", "NAME", f"{', '.join(EVENT_CATEGORIES)}.", EVENT_CATEGORIES),
)


def filter_options(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of a filter; the command gets them as `conditions`. `without` names conditions to leave out."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_conditions(*args: Any, errors: bool = False, read_only: bool | None = None, **options: Any) -> None:  # noqa: ANN401
            texts = {name: options.pop(_PREFIX + name, ()) for name in Conditions.__annotations__}
            conditions = Conditions(**{name: values for name, values in texts.items() if values})  # type: ignore[typeddict-item]
            if errors and "outcome" in conditions:
                raise click.UsageError("--errors stands for all outcomes but ok: give it or --outcome.")
            if errors:
                conditions["outcome"] = _ERRORS
            if read_only is not None:
                conditions["read_only"] = read_only
            command(*args, conditions=conditions, **options)

        for add in reversed(_OPTIONS):
            with_conditions = add(with_conditions)
        parameters = with_conditions.__click_params__  # type: ignore[attr-defined]
        parameters[:] = [parameter for parameter in parameters if parameter.name.removeprefix(_PREFIX) not in without]
        return with_conditions

    return decorated

"""The parser's own words: headings of the help and complaints about usage, in the language of this call.

Typer speaks English. Its help is written by a formatter, which ours replaces; its complaints arrive as exceptions,
which :func:`usage_text` puts in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import typer

from tanhui.faces.cli.language import LANG, t

__all__ = ["UsageError", "speak_our_language", "usage_text"]

#: The root of what the parser raises; typer names only its children.
UsageError: type[Any] = typer.BadParameter.__mro__[1]
#: Typer's English for headings and remarks, and the key of our words for each.
WORDS = {
    "Usage: ": "help.usage",
    "Options": "help.options",
    "Arguments": "help.arguments",
    "Commands": "help.commands",
    "Show this message and exit.": "help.help",
    "[required]": "help.required",
    "[OPTIONS]": "help.options_here",
    "COMMAND [ARGS]...": "help.command_here",
    "default: ": "help.default",
}
_HELP_FORMATTER: type[Any] = typer.Context.formatter_class


class OurFormatter(_HELP_FORMATTER):  # type: ignore[misc]
    """Help with our words instead of typer's, and whole sentences instead of ones cut to a line."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line that shows the form of a call."""
        super().write_usage(prog, ours(args), ours(prefix or "Usage: "))

    def write_heading(self, heading: str) -> None:
        """A heading over options or commands."""
        self.write(" " * self.current_indent + ours(heading) + t("help.colon") + "\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **options: Any) -> None:
        """Options or commands, one a line."""
        several = re.compile(r"<list\[(\w+)\]>")
        named = [(several.sub(lambda found: f"<{found[1].lower()}>", name), ours(text)) for name, text in rows]
        super().write_dl(named, *args, **options)


def ours(text: str) -> str:
    """A text of typer's with our words."""
    if LANG == "en":
        return text
    for theirs, key in WORDS.items():
        text = text.replace(theirs, t(key))
    return text


def speak_our_language() -> None:
    """Have every command write its help with :class:`OurFormatter`."""
    typer.core.TyperCommand.context_class.formatter_class = OurFormatter


def usage_text(error: Any) -> str:
    """What is wrong with a call, how it is meant, and where its help is; the help itself where nothing was asked."""
    context = getattr(error, "ctx", None)
    if context is None:
        return complaint(error)
    if type(error).__name__ == "NoArgsIsHelpError" or error.message == "Missing command.":
        return str(context.get_help())
    help_call = f"{context.command_path} --help"
    return "\n".join((ours(context.get_usage()), t("usage.try", call=help_call), "", complaint(error)))


def complaint(error: Any) -> str:
    """One sentence on what is wrong."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        near = ", ".join(sorted(error.possibilities or ()))
        return t("usage.no_such_option", option=error.option_name) + (t("usage.meant", near=near) if near else "")
    if kind == "MissingParameter":
        return t("usage.missing", name=parameter(error))
    if kind == "BadParameter":
        return t("usage.bad_value", name=parameter(error), detail=detail(error.message))
    message = str(error.format_message())
    if found := re.fullmatch(r"No such command '(.*?)'\..*", message):
        known = list(getattr(error.ctx.command, "commands", {}))
        near = ", ".join(get_close_matches(found[1], known, cutoff=0.5))
        return t("usage.no_such_command", name=found[1]) + (t("usage.meant", near=near) if near else "")
    if found := re.fullmatch(r"Got unexpected extra arguments? ?\(?s?\)? ?\((.*)\)", message):
        return t("usage.too_many", extra=found[1])
    if kind == "BadOptionUsage":
        return t("usage.no_value", option=error.option_name)
    return t("usage.other", detail=message)


def parameter(error: Any) -> str:
    """The option or argument an error is about, as it is written in a call."""
    found = error.param
    if found is None:
        return str(error.param_hint or "")
    if found.param_type_name == "option":
        return str(found.opts[-1])
    return str(found.metavar or found.name.upper())


#: What pydantic says of a value, and the key of our words for it.
DETAILS = (
    (r"Input should be greater than or equal to (\S+)", "usage.at_least"),
    (r"Input should be less than or equal to (\S+)", "usage.at_most"),
    (r"Input should be a valid (?:integer|number).*", "usage.not_a_number"),
    (r"(?:path|file|directory) (.*) is not readable\.", "usage.not_readable"),
    (r"Value error, .* is not one of (.*)\.", "usage.one_of"),
)


def detail(message: str) -> str:
    """Why a value will not do."""
    for pattern, key in DETAILS:
        if found := re.fullmatch(pattern, message):
            return t(key, limit=found[1] if found.groups() else "")
    return message

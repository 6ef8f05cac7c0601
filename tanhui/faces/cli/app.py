"""The command tree and the one handler that turns errors into words and exit codes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer

from tanhui.faces.cli import (
    audit,
    compensation,
    documents,
    duplicates,
    encumbrances,
    field,
    history,
    library,
    lidar,
    operations,
    parties,
    project,
    projects,
    projects_losses,
    registry,
    scout,
    serve,
    sinks,
    trees,
    workbook,
)
from tanhui.faces.cli.failures import in_words
from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.parser import UsageError, speak_our_language, usage_text
from tanhui.faces.cli.show import error_line, ready_streams, say_line, show_error, show_json
from tanhui.kernel.wording import LANGS

__all__ = ["app", "run"]

#: Exit codes that are not an error's own: wrong usage, and the shell's for an interrupt.
USAGE, INTERRUPTED = 2, 130

app = typer.Typer(
    name="tanhui",
    help=t("app.help"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    """``tanhui --version``."""
    if wanted:
        from tanhui import __version__

        say_line(f"tanhui {__version__}")
        raise typer.Exit


def known_language(lang: str) -> str:
    """``--lang`` must be one of ours; the environment may say anything."""
    if lang not in LANGS:
        raise typer.BadParameter(t("usage.lang", known=", ".join(LANGS)))
    return lang


@app.callback()
def root(
    lang: Annotated[
        str, typer.Option("--lang", metavar="zh|en", callback=known_language, help=t("option.lang"))
    ] = LANG,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help=t("option.version"))
    ] = False,
) -> None:
    """The whole product behind one command."""


ROOMS = (
    project,
    trees,
    library,
    sinks,
    lidar,
    registry,
    encumbrances,
    parties,
    projects,
    projects_losses,
    operations,
    scout,
    field,
    history,
    serve,
    workbook,
    documents,
    duplicates,
    compensation,
    audit,
)
for commands in ROOMS:
    commands.add_to(app)


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    as_json = "--json" in argv
    ready_streams()
    speak_our_language()
    with suppress(ValueError):  # only the main thread may, and only a command line needs it
        signal.signal(signal.SIGTERM, interrupt)
    try:
        code = finished(argv, as_json)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read our answer, ``head`` perhaps, has seen enough
        return close_quietly()
    except OSError as error:  # the answer could not be written, to a full disk perhaps
        close_quietly()
        return say_refusal(error)
    except Exception as error:  # a mistake of ours while showing one
        return say_refusal(error)


def say_refusal(error: Exception) -> int:
    """An error in words on stderr, whatever was asked for."""
    refused = in_words(error)
    error_line(refused.text(LANG))
    return refused.exit_code


def finished(argv: Sequence[str], as_json: bool) -> int:
    """Run a command line; whatever it raises is shown."""
    try:
        code = app(list(argv), standalone_mode=False)
    except UsageError as wrong:
        return show_usage(usage_text(wrong), as_json)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        refused = in_words(error)
        show_error(refused, as_json)
        return refused.exit_code
    if code == INTERRUPTED:  # typer turns an interrupt into this code
        if as_json:
            show_json({"error": {"code": "interrupted", "message": t("interrupted")}})
        error_line(t("interrupted"))
    return code if isinstance(code, int) else 0


def show_usage(text: str, as_json: bool) -> int:
    """Wrong usage: part of the document with ``--json``, words on stderr otherwise."""
    if as_json:
        show_json({"error": {"code": "usage", "message": text}})
    else:
        error_line(text)
    return USAGE


def interrupt(*_: Any) -> None:
    """Being asked to end is like Ctrl-C: what was begun is cleared away."""
    raise KeyboardInterrupt


def close_quietly() -> int:
    """Give up stdout, so that Python has nothing left to complain about when it ends."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0

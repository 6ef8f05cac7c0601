"""The command tree and the one handler that turns errors into words and exit codes."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stderr
from typing import Annotated

import typer

from tanhui.faces.cli import library, project, registry, trees
from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import say_line, show_error, show_json
from tanhui.kernel.errors import TanhuiError

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


@app.callback()
def root(
    lang: Annotated[str, typer.Option("--lang", help=t("option.lang"))] = LANG,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help=t("option.version"))
    ] = False,
) -> None:
    """The whole product behind one command."""


for commands in (project, trees, library, registry):
    commands.add_to(app)


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    as_json = "--json" in argv
    usage = io.StringIO()
    try:
        # With --json what the parser has to say about wrong usage becomes part of the document.
        with redirect_stderr(usage) if as_json else nullcontext():
            app(list(argv))
    except TanhuiError as error:
        show_error(error, as_json)
        return error.exit_code
    except SystemExit as finished:
        code = finished.code if isinstance(finished.code, int) else 0
        if as_json and code == USAGE and usage.getvalue():
            show_json({"error": {"code": "usage", "message": usage.getvalue().strip()}})
        return code
    except KeyboardInterrupt:
        sys.stderr.write(t("interrupted") + "\n")
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    return 0

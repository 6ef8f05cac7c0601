"""The command tree and the one handler that turns errors into words and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tanhui.faces.cli import library, project, registry, trees
from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import say_line, show_error, show_json
from tanhui.kernel.errors import TanhuiError

__all__ = ["app", "run"]

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
    import click

    as_json = "--json" in argv
    try:
        code = app(list(argv), standalone_mode=False)
    except TanhuiError as error:
        show_error(error, as_json)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        say_line(error.format_message())
        return 0
    except click.ClickException as error:
        if as_json:
            show_json({"error": {"code": "usage", "message": error.format_message()}})
        else:
            error.show()
        return 2
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.stderr.write(t("interrupted") + "\n")
        return 130
    except BrokenPipeError:
        return 0
    return code if isinstance(code, int) else 0

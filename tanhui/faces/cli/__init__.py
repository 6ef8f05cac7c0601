"""The command ``tanhui``: one entry, one place where errors become words and exit codes.

Exit 0 done, 1 refused by a domain rule, 2 bad input or usage. With ``--json`` stdout carries one JSON document and
nothing else; progress and messages go to stderr.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from tanhui.faces.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while our own modules were still being read
        code = 130
    sys.exit(code)

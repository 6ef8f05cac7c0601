"""What the machine refuses, in words: a full disk, a missing right, too little memory, and mistakes of our own."""

from __future__ import annotations

import errno
import os

from tanhui.faces.cli.language import t
from tanhui.kernel.errors import InputError, TanhuiError

__all__ = ["BUG", "Bug", "in_words"]

#: Exit code of a mistake of ours (``EX_SOFTWARE`` of sysexits.h): neither the input nor a rule is to blame.
BUG = 70
#: With this set to anything a mistake of ours shows its traceback.
DEBUG = "TANHUI_DEBUG"

_CODES = {
    errno.ENOSPC: "cli.disk_full",
    errno.EDQUOT: "cli.disk_full",
    errno.EFBIG: "cli.disk_full",
    errno.EACCES: "cli.not_allowed",
    errno.EPERM: "cli.not_allowed",
    errno.EROFS: "cli.read_only",
    errno.EISDIR: "cli.is_folder",
    errno.ENOTDIR: "cli.not_a_folder",
    errno.EEXIST: "cli.not_a_folder",
    errno.ENOENT: "cli.no_such_path",
    errno.ENAMETOOLONG: "cli.name_too_long",
    errno.ELOOP: "cli.link_loop",
}


class Bug(TanhuiError):
    """A mistake of ours."""

    code = "cli.bug"
    exit_code = BUG


def in_words(error: BaseException) -> TanhuiError:
    """An error that is none of ours as one of ours, with a sentence and an exit code.

    A mistake of ours is raised again where ``TANHUI_DEBUG`` is set.
    """
    if isinstance(error, TanhuiError):
        return error
    if isinstance(error, MemoryError):
        return InputError("cli.no_memory")
    if isinstance(error, OSError):
        return os_error(error)
    if isinstance(cause := getattr(error, "orig", None), Exception):  # SQLAlchemy keeps the database's own error
        return InputError("cli.database", detail=str(cause))
    if os.environ.get(DEBUG):
        raise error
    return Bug(kind=type(error).__name__, detail=str(error)[:300])


def os_error(error: OSError) -> TanhuiError:
    """What the operating system refused, about which path."""
    code = _CODES.get(error.errno or 0)
    path = error.filename2 or error.filename or t("the_output")  # a failed write names no path
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if code is None:
        return InputError("cli.os", path=str(path), detail=error.strerror or str(error))
    return InputError(code, path=str(path))

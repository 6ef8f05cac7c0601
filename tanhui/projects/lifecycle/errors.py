"""What the life cycle refuses. The sentence of each code is in ``data/rulebooks/wording.toml``."""

from __future__ import annotations

from tanhui.kernel.errors import RefusedInput

__all__ = ["LifecycleRefused"]


class LifecycleRefused(RefusedInput):
    """An act that the rule book forbids now: everything that is missing is listed, nothing was changed."""

    code = "lifecycle.refused"
    exit_code = 1

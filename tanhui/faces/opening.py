"""The one door through which faces come to a registry: made with the newest layout, opened only with that layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tanhui.registry.service import Registry

__all__ = ["make_registry", "open_registry"]


def make_registry(folder: Path, name: str, **terms: Any) -> Registry:
    """A new registry with the tables of every room, opened; ``terms`` as for :meth:`Registry.init`."""
    from tanhui.faces.migrations import lay_out
    from tanhui.registry.service import Registry

    registry = Registry.init(folder, name, **terms)
    try:
        with registry.transaction() as (connection, _):
            lay_out(connection)
    except BaseException:
        registry.close()
        raise
    return registry


def open_registry(folder: Path, **how: Any) -> Registry:
    """A registry whose layout is the one this program works with; ``how`` as for :class:`Registry`.

    Raises
    ------
    InputError
        If the layout is older, and must be upgraded first, or newer.
    """
    from tanhui.faces.migrations import checked
    from tanhui.registry.service import Registry

    return Registry(checked(folder), **how)

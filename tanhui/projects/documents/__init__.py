"""Documents of a rule book: from a run and the registry to editable .docx files, and back with a signature.

An outline (``data/documents/<book>/<document>.toml``) says which facts, tables, figures and passages to write stand
where; a template of somebody's own may take its place. Every figure is a fact with a key that ``tanhui explain``
follows. What a person wrote is never written over.
"""

from __future__ import annotations

from typing import Any

__all__ = ["accept", "difference", "standing", "write_documents"]


def __getattr__(name: str) -> Any:
    """The use cases, imported when asked for: they bring heavy libraries."""
    if name not in __all__:
        raise AttributeError(name)
    from tanhui.projects.documents import service

    return getattr(service, name)

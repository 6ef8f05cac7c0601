"""The shape of ``result.json``: what every river fills, so that the report and other readers can rely on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tanhui.kernel.manifest import unique_leaves
from tanhui.kernel.parameters import Leaf
from tanhui.kernel.wording import LANGS
from tanhui.mrv.methods import reason_text
from tanhui.projects.model import Head

__all__ = ["head", "parameter_rows", "reason_texts", "whole_result"]


def head(project: Head) -> dict[str, Any]:
    """What the project file says of itself."""
    return {
        "project": project.id,
        "title": project.title.model_dump(),
        "lead": project.lead.model_dump(),
        "illustrative": project.illustrative,
    }


def whole_result(
    *,
    estimates: Sequence[dict[str, Any]],
    claims: Sequence[dict[str, Any]],
    indicative_reasons: Sequence[str],
    **more: Any,
) -> dict[str, Any]:
    """A complete result document, without its ``run``.

    ``creditable`` is true only where there is a claim, nothing stands against it and the data are real.
    """
    document: dict[str, Any] = {
        "creditable": bool(claims) and not indicative_reasons and not more["illustrative"],
        "indicative_reasons": list(indicative_reasons),
        "estimates": list(estimates),
        "claims": list(claims),
        "map": None,
        "plan": None,
        "eligibility": [],
        "advice": [],
        "quality": [],
    }
    return {"project": more.pop("project"), **document, **more}


def parameter_rows(leaves: Iterable[Leaf]) -> list[dict[str, Any]]:
    """Parameters with what they mean, each once, by id."""
    return [{**leaf.to_dict(), "zh": leaf.zh, "en": leaf.en} for leaf in unique_leaves(leaves)]


def reason_texts(reasons: Iterable[str]) -> list[dict[str, str]]:
    """Reasons ``<wording key>:<subject>`` as sentences in both languages, each once."""
    return [{lang: reason_text(reason, lang) for lang in LANGS} for reason in dict.fromkeys(reasons)]

"""Refusals as RFC 9457 problems: the codes of the command line, a status, and words in the reader's language.

A problem never repeats what was sent: a password in the wrong field must not come back or reach a log.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tanhui.faces.api.negotiation import language
from tanhui.kernel.errors import DataError, DomainError, Fault, InputError, IntegrityError, RefusedInput, TanhuiError
from tanhui.kernel.wording import Lang, say
from tanhui.registry.access.errors import AccessRefused, NotRecognised
from tanhui.registry.access.service import RuleRefused

__all__ = ["HANDLERS", "PROBLEM", "ApiError", "TooMany", "field_faults", "problem", "problem_document", "status_of"]

log = logging.getLogger("tanhui.api")
PROBLEM = "application/problem+json"
#: Statuses of codes whose kind of error says another one.
STATUS = {
    "api.body_too_large": 413,
    "api.body_slow": 408,
    "api.body_wrong": 400,
    "api.json_wrong": 400,
    "api.request_id_wrong": 400,
    "api.cursor_wrong": 400,
    "api.method_wrong": 405,
    "api.no_such_path": 404,
    "api.bug": 500,
    "access.credential_needed": 422,
    "access.needs_second": 403,
    "access.scope_missing": 403,
    "registry.not_permitted": 403,
    "registry.signature_refused": 403,
    "registry.no_such_leaf": 404,
    "registry.no_such_prefix": 404,
    "registry.no_such_tile": 404,
    "registry.busy": 503,
    "registry.storage_failed": 503,
    "registry.not_yet_published": 503,
    "registry.unknown_act": 422,
    "registry.unknown_role": 422,
    "registry.unknown_encumbrance_kind": 422,
}
#: When it is worth asking again after a 503. [s]
AGAIN_S = 1


class ApiError(TanhuiError):
    """What is refused because of how it was asked over HTTP."""

    code = "api.refused"


class TooMany(ApiError):
    """More requests than the rate allows; ``wait_s`` is when one may ask again."""

    code = "api.too_many"

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(wait_s=wait_s)


def status_of(error: TanhuiError) -> int:
    """The HTTP status of a refusal."""
    if error.code in STATUS:
        return STATUS[error.code]
    if isinstance(error, NotRecognised):
        return 401
    if isinstance(error, TooMany):
        return 429
    if isinstance(error, RuleRefused):
        return 403
    if ".unknown_" in error.code:
        return 404
    if isinstance(error, (InputError, DomainError)):
        return 422
    return 500 if isinstance(error, (IntegrityError, DataError)) else 409


def problem_document(error: TanhuiError, lang: Lang) -> dict[str, Any]:
    """A refusal as a problem."""
    status, told = status_of(error), error.to_dict(lang)
    if status == 500:
        # What is wrong inside is for the log, not for whoever asks.
        told = ApiError("api.bug").to_dict(lang)
    document = {
        "type": f"urn:tanhui:error:{told['code']}",
        "title": say(f"api.title.{status}", lang),
        "status": status,
        "detail": told["message"],
        "code": told["code"],
    }
    if told.get("facts"):
        document["facts"] = told["facts"]
    if told.get("faults"):
        document["faults"] = [
            {"code": fault["code"], "field": fault["column"], "row": fault["row"], "reason": fault["reason"]}
            for fault in told["faults"]
        ]
    return document


def problem(error: TanhuiError, lang: Lang) -> Response:
    """A refusal as an HTTP answer."""
    document = problem_document(error, lang)
    headers = {"Cache-Control": "no-store", "Content-Language": lang}
    if document["status"] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tanhui"'
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.wait_s)
    elif document["status"] == 503:
        headers["Retry-After"] = str(AGAIN_S)
    content = json.dumps(document, ensure_ascii=False).encode()
    return Response(content, document["status"], headers, media_type=PROBLEM)


def field_faults(errors: Sequence[Any], row: int | None = None, prefix: str = "") -> list[Fault]:
    """What pydantic found wrong, field by field, without the values."""
    found = []
    for error in errors:
        where = [str(part) for part in error["loc"] if part not in ("body", "query", "header", "path")]
        column = ".".join([prefix, *where]).strip(".")
        found.append(Fault("api.field", row=row, column=column, facts={"why": str(error["type"])}))
    return found


def refused_input(errors: Sequence[Any]) -> TanhuiError:
    """What pydantic found wrong, as one refusal that lists all of it."""
    if any(error["type"] == "json_invalid" for error in errors):
        return InputError("api.json_wrong")
    faults = field_faults(errors)
    alone = [fault.column for fault in faults] == ["Idempotency-Key"]
    return InputError("api.request_id_wrong") if alone else RefusedInput(faults)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, TanhuiError)
    if status_of(error) == 500:
        log.error("%s\n%s", error.code, "".join(traceback.format_tb(error.__traceback__)))
    return problem(error, language(request.scope))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(refused_input(error.errors()), language(request.scope))


async def _http(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself."""
    assert isinstance(error, HTTPException)
    codes = {404: "api.no_such_path", 405: "api.method_wrong"}
    answer = problem(ApiError(codes.get(error.status_code, "api.body_wrong")), language(request.scope))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


#: What turns errors into answers.
HANDLERS: dict[Any, Any] = {
    TanhuiError: _refused,
    AccessRefused: _refused,
    RequestValidationError: _invalid,
    HTTPException: _http,
}

"""A client of the registry's REST API: thin, typed, and safe to repeat.

Every act carries a request id, so a call that got no answer is simply made again: the registry does it once. A refusal
is raised as :class:`Refused` with the registry's code.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import httpx

from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.wording import Lang
from tanhui.registry.access.orders import SignedOrder

__all__ = ["Client", "Refused"]

#: Answers after which the same request may be made again, how often, and how long to wait where none is said. [s]
AGAIN, ATTEMPTS, WAIT_S, LONGEST_WAIT_S = frozenset({429, 503}), 5, 0.2, 30.0

Document = dict[str, Any]


class Refused(TanhuiError):
    """What the registry refused: its status, its code and the problem as it was sent."""

    code = "api.refused"

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, dict(problem)
        super().__init__(str(problem.get("code", self.code)), **problem.get("facts", {}))

    def text(self, lang: Lang = "en") -> str:
        """The sentence the registry sent, in the language that was asked for."""
        return str(self.problem.get("detail") or super().text(lang))


class Client:
    """A connection to a registry.

    Parameters
    ----------
    url : str
        Its address, without ``/v1``.
    credential : str, optional
        A session's token or an API key; :meth:`log_in` gets one.
    lang : str
        The language of refusals.
    transport : httpx.BaseTransport, optional
        Another way there, such as an application in this process.
    """

    def __init__(
        self,
        url: str,
        credential: str | None = None,
        *,
        lang: Lang = "en",
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        verify: Any = True,
    ) -> None:
        headers = {"Accept-Language": lang, "Accept": "application/json"}
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/v1", headers=headers, timeout=timeout_s, transport=transport, verify=verify
        )
        if credential is not None:
            self.use(credential)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def use(self, credential: str | None) -> None:
        """Show this credential from now on, or none."""
        self._http.headers.pop("Authorization", None)
        if credential is not None:
            self._http.headers["Authorization"] = f"Bearer {credential}"

    # Coming in --------------------------------------------------------------------------------------------------------

    def enrol(self, code: str, *, password: str | None = None, public: str | None = None) -> str:
        """Come in by a one-time code; who one is from now on."""
        given = {"code": code, "password": password, "public": public}
        return str(self._post("/enrolments", _given(given))["person"])

    def log_in(self, person: str, password: str) -> None:
        """Open a session and use it."""
        self.use(str(self._post("/sessions", {"person": person, "password": password})["token"]))

    def log_in_signed(self, order: SignedOrder) -> None:
        """Open a session by a signed order with the act ``open_session``, and use it."""
        self.use(str(self._post("/sessions", {"signed": order.to_dict()})["token"]))

    def log_out(self) -> None:
        """End the session."""
        self._send("DELETE", "/sessions/current")
        self.use(None)

    def me(self) -> Document:
        """Whose credential it is."""
        return self.get("/sessions/current")

    def invite(self, person: str) -> str:
        """A one-time code for somebody."""
        return str(self._post(f"/people/{person}/code", {})["code"])

    def make_api_key(self, scopes: Sequence[str], days: int) -> Document:
        """A key for programs; ``key`` is shown this once."""
        return self._post("/api-keys", {"scopes": list(scopes), "days": days})

    # Acts -------------------------------------------------------------------------------------------------------------

    def act(self, path: str, request: str | None = None, /, **arguments: Any) -> Document:
        """Ask for an act at its path: ``status`` is ``done``, ``repeated`` or ``proposed``."""
        return self._post(path, _given(arguments), request or new_request())

    def open_account(
        self, name: str, *, roles: Sequence[str] | None = None, region: str | None = None, request: str | None = None
    ) -> str:
        """Open an account; its id."""
        done = self.act("/accounts", request, name=name, roles=list(roles) if roles else None, region=region)
        return str(done["id"])

    def add_person(self, account: str, name: str, *, request: str | None = None) -> str:
        """Somebody who acts for an account; their id."""
        return str(self.act("/people", request, account=account, name=name)["id"])

    def issue(
        self,
        result: Mapping[str, Any],
        manifest: Mapping[str, Any],
        *,
        owner: str,
        region: str,
        request: str | None = None,
        **more: Any,
    ) -> Document:
        """Issue the claim of a run."""
        return self.act("/batches", request, result=result, manifest=manifest, owner=owner, region=region, **more)

    def transfer(self, source: str, target: str, batch: str, units: int, *, request: str | None = None) -> Document:
        """Transfer units, lowest serial first."""
        return self.act("/transfers", request, source=source, target=target, batch=batch, units=units)

    def retire(
        self,
        account: str,
        batch: str,
        units: int,
        *,
        beneficiary: str,
        purpose: str,
        period: tuple[str, str] | None = None,
        request: str | None = None,
    ) -> str:
        """Retire units for ever; the retirement's id."""
        days = list(period) if period else None
        given = {"beneficiary_name": beneficiary, "purpose": purpose, "period": days}
        return str(self.act("/retirements", request, account=account, batch=batch, units=units, **given)["id"])

    def orders(self, orders: Iterable[Mapping[str, Any] | SignedOrder]) -> list[Document]:
        """Up to 1,000 orders in one transaction; what became of each."""
        sent = [order.to_dict() if isinstance(order, SignedOrder) else dict(order) for order in orders]
        outcomes: list[Document] = self._post("/orders", {"orders": sent})["outcomes"]
        return outcomes

    # Another pair of eyes ---------------------------------------------------------------------------------------------

    def proposals(self) -> list[Document]:
        """What waits for somebody else to agree."""
        return self._items("/proposals")

    def proposal(self, proposal: str) -> Document:
        """One of them."""
        return self.get(f"/proposals/{proposal}")

    def agree(self, proposal: str) -> Document:
        """Agree to what somebody else proposed."""
        return self._post(f"/proposals/{proposal}/agreement", {})

    def withdraw(self, proposal: str) -> None:
        """Take a proposal back."""
        self._send("DELETE", f"/proposals/{proposal}")

    # What only the operator does --------------------------------------------------------------------------------------

    def add_webhook(self, url: str, kinds: Sequence[str] = (), account: str = "") -> Document:
        """Have new entries of the log told to a receiver; its ``secret`` is shown this once."""
        return self._post("/webhooks", {"url": url, "kinds": list(kinds), "account": account})

    def webhooks(self) -> list[Document]:
        """Every webhook, with how much was given up."""
        return self._items("/webhooks")

    def deliveries(self, webhook: str) -> list[Document]:
        """The newest messages of a webhook, and what came of them."""
        return self._items(f"/webhooks/{webhook}/deliveries")

    def test_webhook(self, webhook: str) -> Document:
        """Send a message that tells of nothing; ``delivered`` and ``outcome``."""
        return self._post(f"/webhooks/{webhook}/test", {})

    def pause_webhook(self, webhook: str) -> Document:
        """Send nothing until it is resumed."""
        return self._post(f"/webhooks/{webhook}/pause", {})

    def resume_webhook(self, webhook: str) -> Document:
        """Go on where it was paused."""
        return self._post(f"/webhooks/{webhook}/resume", {})

    def retry_webhook(self, webhook: str) -> int:
        """Try again what was given up; how many messages."""
        return int(self._post(f"/webhooks/{webhook}/again", {})["again"])

    def rotate_webhook(self, webhook: str) -> Document:
        """A new ``secret``, shown this once."""
        return self._post(f"/webhooks/{webhook}/secret", {})

    def end_webhook(self, webhook: str) -> None:
        """End a webhook."""
        self._send("DELETE", f"/webhooks/{webhook}")

    def erase_name(self, commitment: str, document: str) -> Document:
        """Forget the name behind a commitment, on a document with this SHA-256: ``done``, or ``proposed``."""
        return self._post("/erasures", {"commitment": commitment, "document": document})

    def set_account_kind(self, account: str, kind: str) -> Document:
        """Say whether an account is a ``natural`` or a ``legal`` person's."""
        return self._post("/accounts/kind", {"account": account, "kind": kind})

    # Reading ----------------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Document:
        """A document."""
        document: Document = self._send("GET", path, params=_given(query)).json()
        return document

    def every(self, path: str, **query: Any) -> Iterator[Document]:
        """Every row of a listing, page by page."""
        cursor = None
        while True:
            found = self.get(path, cursor=cursor, **query)
            yield from found["items"]
            cursor = found["next"]
            if cursor is None:
                return

    def export(self, path: str, form: str) -> bytes:
        """All of a listing as ``csv`` or ``parquet``."""
        return self._send("GET", path, params={"format": form}).content

    def certificate(self, retirement: str) -> Document:
        """The certificate of a retirement."""
        return self.get(f"/certificates/{retirement}")

    def checkpoint(self) -> str:
        """The newest signed checkpoint."""
        return self._send("GET", "/checkpoint").text

    def log_file(self, path: str) -> bytes:
        """A file of the log, as :func:`tanhui.registry.log.static.read_log` asks for it."""
        try:
            return self._send("GET", f"/{path}").content
        except Refused as error:
            if error.status == 404:
                raise LookupError(path) from error
            raise

    # ------------------------------------------------------------------------------------------------------------------

    def _items(self, path: str) -> list[Document]:
        items: list[Document] = self.get(path)["items"]
        return items

    def _post(self, path: str, body: Mapping[str, Any], request: str | None = None) -> Document:
        headers = {"Idempotency-Key": request} if request else {}
        document: Document = self._send("POST", path, json=dict(body), headers=headers).json()
        return document

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request, again where that is worth it and does no harm: it reads, or has a request id."""
        safe = method == "GET" or "Idempotency-Key" in more.get("headers", {}) or path == "/orders"
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                answer = self._http.request(method, path, **more)
            except httpx.TransportError as error:
                if last or not safe:
                    raise TanhuiError("api.unreachable", url=str(self._http.base_url), detail=str(error)) from error
                time.sleep(WAIT_S * attempt)
                continue
            if answer.status_code < 400:
                return answer
            if last or answer.status_code not in AGAIN:
                break
            time.sleep(_wait_s(answer, attempt))
        raise Refused(answer.status_code, _problem(answer))


def new_request() -> str:
    """An id for a request whose maker gave none: it is protected against being lost, not against being asked twice."""
    return str(uuid.uuid4())


def _given(values: Mapping[str, Any]) -> Document:
    return {name: value for name, value in values.items() if value is not None}


def _wait_s(answer: httpx.Response, attempt: int) -> float:
    told = answer.headers.get("Retry-After", "")
    return min(float(told), LONGEST_WAIT_S) if told.isdecimal() else WAIT_S * attempt


def _problem(answer: httpx.Response) -> Document:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

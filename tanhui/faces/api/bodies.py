"""The form of what is asked over HTTP: one model for each act, with the arguments the ledger's act takes.

Unknown fields are refused, a number is a number and a text a text. What goes into the public log (regions, topics,
hashes) has a form in which no name can be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tanhui.registry.access.persons import KINDS
from tanhui.registry.model import PURPOSES, REASONS, RULINGS
from tanhui.registry.permissions import encumbrance_kinds, roles

__all__ = [
    "ACT_BODIES",
    "ID",
    "AccountKindBody",
    "ApiKeyBody",
    "Body",
    "EnrolBody",
    "ErasureBody",
    "IssueBody",
    "LogInBody",
    "OrdersBody",
    "WebhookBody",
    "arguments",
]

#: An id of the registry, and a client's name for a request.
ID = r"^[A-Za-z0-9._-]{1,64}$"
REQUEST = r"^[A-Za-z0-9._:~-]{1,100}$"
#: Letters of any language, no control characters.
TEXT = r"^[^\x00-\x1f\x7f-\x9f]+$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
REGION = r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$"
SHA256 = r"^([0-9a-f]{64})?$"


def one_of(words: Iterable[str]) -> str:
    """The form of a text that is one of some words."""
    return f"^({'|'.join(words)})$"


Id = Annotated[str, Field(pattern=ID)]
OptionalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")]
Name = Annotated[str, Field(pattern=TEXT, min_length=1, max_length=200)]
Units = Annotated[int, Field(ge=1, le=10**15)]
Hash = Annotated[str, Field(pattern=SHA256)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,99}$")]
Role = Annotated[str, Field(pattern=one_of(roles()))]
Kind = Annotated[str, Field(pattern=one_of(encumbrance_kinds()))]
Purpose = Annotated[str, Field(pattern=one_of(PURPOSES))]
Reason = Annotated[str, Field(pattern=one_of(REASONS))]
Ruling = Annotated[str, Field(pattern=one_of(RULINGS))]
Roles = Annotated[list[Role], Field(max_length=20)]


class Body(BaseModel):
    """Something sent by a client."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


class OpenAccount(Body):
    """A new account."""

    name: Name
    roles: Roles | None = None
    region: Annotated[str, Field(pattern=REGION)] = ""


class SetStanding(Body):
    """Other roles for an account; none closes it."""

    account: Id
    roles: Roles


class AddPerson(Body):
    """Somebody who acts for an account."""

    account: Id
    name: Name


class EndPerson(Body):
    """Somebody no longer acts for an account."""

    person: Id


class AddKey(Body):
    """A key with which a person signs orders: Ed25519, base64."""

    person: Id
    public: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]


class EndKey(Body):
    """A key that no longer signs."""

    key: Id


class Transfer(Body):
    """Units to another account, lowest serial first."""

    source: Id
    target: Id
    batch: Id
    units: Units


class Reassign(Body):
    """Units change hands on a document, without their owner."""

    source: Id
    target: Id
    batch: Id
    units: Units
    reason: Ruling
    document: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class UnitsLeg(Body):
    """Units from one account to another."""

    source: Annotated[Id, Field(alias="from")]
    target: Annotated[Id, Field(alias="to")]
    batch: Id
    units: Units


class AmountLeg(Body):
    """An amount from one account to another, in the asset's smallest unit."""

    source: Annotated[Id, Field(alias="from")]
    target: Annotated[Id, Field(alias="to")]
    asset: Id
    amount: Units


class Exchange(Body):
    """Units and amounts between several accounts, all or nothing."""

    legs: Annotated[list[UnitsLeg | AmountLeg], Field(min_length=1, max_length=100)]


class Retire(Body):
    """Units used up for ever."""

    account: Id
    batch: Id
    units: Units
    beneficiary_name: Name
    purpose: Purpose
    period: Annotated[list[Annotated[str, Field(pattern=DAY)]], Field(min_length=2, max_length=2)] | None = None


class Cancel(Body):
    """Units taken out of the world without being used."""

    account: Id
    batch: Id
    units: Units
    reason: Reason
    document: Hash = ""


class DefineAsset(Body):
    """A kind of amount."""

    asset: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]
    unit: Annotated[str, Field(pattern=r"^[A-Za-z0-9/ .-]{1,20}$")]
    issuer: Id


class Mint(Body):
    """An amount comes into circulation."""

    asset: Id
    target: Id
    amount: Units
    reason: Ruling | Literal[""] = ""
    document: Hash = ""


class Redeem(Body):
    """An amount goes out of circulation."""

    asset: Id
    source: Id
    amount: Units
    reason: Ruling | Literal[""] = ""
    document: Hash = ""


class Lock(Body):
    """An encumbrance on free units, on what lies under another one, or on an amount."""

    kind: Kind
    account: Id
    batch: OptionalId = ""
    units: Annotated[int, Field(ge=0, le=10**15)] = 0
    over: OptionalId = ""
    asset: OptionalId = ""
    amount: Annotated[int, Field(ge=0, le=10**15)] = 0
    beneficiary: OptionalId = ""
    target: OptionalId = ""
    priority: Annotated[int, Field(ge=1, le=1000)] = 1
    expires: Annotated[str, Field(pattern=f"^$|{MOMENT}")] = ""
    terms: Hash = ""


class Post(Body):
    """What encumbrances were for happens."""

    locks: Annotated[list[Id], Field(min_length=1, max_length=100)]
    target: OptionalId = ""
    units: Annotated[int, Field(ge=0, le=10**15)] = 0
    document: Hash = ""


class Release(Body):
    """An encumbrance is lifted."""

    lock: Id
    units: Annotated[int, Field(ge=0, le=10**15)] = 0
    document: Hash = ""


class Expire(Body):
    """An encumbrance whose time has run out is lifted."""

    lock: Id


class Record(Body):
    """A step of a project, a notice: by its hash."""

    topic: Word
    subject: Word
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


#: Every act that can be asked for by its name.
ACT_BODIES: dict[str, type[Body]] = {
    "open_account": OpenAccount,
    "set_standing": SetStanding,
    "add_person": AddPerson,
    "end_person": EndPerson,
    "add_key": AddKey,
    "end_key": EndKey,
    "transfer": Transfer,
    "reassign": Reassign,
    "exchange": Exchange,
    "retire": Retire,
    "cancel": Cancel,
    "define_asset": DefineAsset,
    "mint": Mint,
    "redeem": Redeem,
    "lock": Lock,
    "post": Post,
    "release": Release,
    "expire": Expire,
    "record": Record,
}


def arguments(body: Body) -> dict[str, Any]:
    """A body as the arguments of an act; a default that was written out is as good as one that was not."""
    return body.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)


class IssueBody(Body):
    """The claim of a run, to be issued: ``result.json`` and ``manifest.json``, and which of its claims."""

    result: dict[str, Any]
    manifest: dict[str, Any]
    claim: Annotated[int, Field(ge=0, le=1000)] = 0
    owner: Id
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    product: OptionalId = ""
    unit_kg: Literal[1, 1000] = 1000
    statement: dict[str, Any] | None = None


class PlainOrder(Body):
    """An order of whoever is logged in."""

    request: Annotated[str, Field(pattern=REQUEST)]
    act: Annotated[str, Field(pattern=one_of(ACT_BODIES))]
    arguments: dict[str, Any]


class SignedOrderBody(Body):
    """An order signed by a key of its client."""

    order: dict[str, Any]
    key_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    signature: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]


class OrdersBody(Body):
    """Many orders that commit together, each done or refused by itself."""

    orders: Annotated[list[PlainOrder | SignedOrderBody], Field(min_length=1, max_length=1000)]


class WebhookBody(Body):
    """Who is to be told of new entries, and of which kinds; none means all."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    kinds: Annotated[list[Word], Field(max_length=50)] = []
    account: OptionalId = ""


class ErasureBody(Body):
    """A name that is to be forgotten, by its commitment, on a document."""

    commitment: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    document: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AccountKindBody(Body):
    """What kind of person an account is of."""

    account: Id
    kind: Annotated[str, Field(pattern=one_of(KINDS))]


class EnrolBody(Body):
    """Coming in by a one-time code, with a password, a key or both."""

    code: Annotated[str, Field(max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    public: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")] | None = None


class LogInBody(Body):
    """Logging in by a password, or by a signed order with the act ``open_session``."""

    person: Id | None = None
    password: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    signed: SignedOrderBody | None = None


class ApiKeyBody(Body):
    """A key for programs."""

    scopes: Annotated[list[Literal["read", "act", "admin"]], Field(min_length=1, max_length=3)]
    days: Annotated[int, Field(ge=1, le=3660)]

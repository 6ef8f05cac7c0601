"""The nouns of the ledger: serial intervals, places, legs, encumbrances, and the journal entries that carry them.

All serials of a registry lie on one number line from 1 upwards. A batch is a piece of it, issued once; a holding is a
piece in one *place*: an owner, and the encumbrances that lie on it. What has no serials (money, points, fees) is an
*amount* of an asset in a place. An act is a :class:`JournalEntry`, whose legs commit together and which is one leaf of
the public log. So everything here is public: people are pseudonyms and commitments, and nothing is a float.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period

__all__ = [
    "CANCELLED",
    "EXPORTED",
    "ISSUANCE",
    "RETIRED",
    "Account",
    "AmountLeg",
    "Approval",
    "Asset",
    "Batch",
    "Cancellation",
    "Declaration",
    "Encumbrance",
    "Holding",
    "Interval",
    "Issuance",
    "IssuedClaim",
    "JournalEntry",
    "Key",
    "Leg",
    "Origin",
    "Person",
    "Place",
    "Record",
    "Resolution",
    "Retirement",
    "Ruling",
    "Seal",
    "Standing",
]

#: Where issued serials and amounts come from: the part of the line that nobody holds yet, and the issuer of an asset.
ISSUANCE = "@issuance"
#: Who holds retired, cancelled and exported serials. No leg leads out of the first two.
RETIRED, CANCELLED, EXPORTED = "@retired", "@cancelled", "@exported"
FINAL = frozenset({RETIRED, CANCELLED})
#: Serials and amounts fit a signed 64-bit integer in every database.
SERIAL_LIMIT = 2**62
#: What every document of a sandbox registry carries, in both languages.
SANDBOX_MARK = "sandbox 沙盒"

Purpose = Literal["voluntary", "compliance", "event"]
#: Why units may be retired. A code, not a text: a text could name people.
PURPOSES: tuple[Purpose, ...] = ("voluntary", "compliance", "event")
Reason = Literal["over_issue", "reversal", "buffer", "owner", "court"]
#: Why units may be cancelled without being used.
REASONS: tuple[Reason, ...] = ("over_issue", "reversal", "buffer", "owner", "court")
RulingReason = Literal["court", "merger", "inheritance", "correction", "reversal"]
#: Why units may change hands without their owner.
RULINGS: tuple[RulingReason, ...] = ("court", "merger", "inheritance", "correction", "reversal")
#: Ranks of encumbrances of one precedence.
MOST_PRIORITIES = 1000


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Serials ``first`` to ``end - 1``: half-open, so that neighbours share a number and never a unit."""

    first: int
    end: int

    def __post_init__(self) -> None:
        if not 1 <= self.first < self.end <= SERIAL_LIMIT:
            raise DomainError("registry.interval_wrong", first=self.first, end=self.end)

    @property
    def units(self) -> int:
        """How many serials."""
        return self.end - self.first

    def contains(self, other: Interval) -> bool:
        """Whether all of ``other`` lies inside."""
        return self.first <= other.first and other.end <= self.end

    def overlaps(self, other: Interval) -> bool:
        """Whether a serial lies in both."""
        return self.first < other.end and other.first < self.end

    def __str__(self) -> str:
        """First and last serial, both included, as people and the log write them."""
        return f"{self.first}-{self.end - 1}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where units are: an owner, and the encumbrances on them, the strongest first. Written ``owner/E12/E40``."""

    owner: str
    locks: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        """Whether nothing lies on what is here."""
        return not self.locks

    def under(self, lock: str) -> bool:
        """Whether an encumbrance lies on what is here."""
        return lock in self.locks

    def without(self, lock: str) -> Place:
        """The same owner, one encumbrance less."""
        return place("/".join((self.owner, *(other for other in self.locks if other != lock))))

    def __str__(self) -> str:
        return "/".join((self.owner, *self.locks))


@lru_cache(maxsize=65_536)
def place(text: str) -> Place:
    """The place a text names. The same text gives the same object, so that comparing places is quick."""
    owner, *locks = text.split("/")
    return Place(owner, tuple(locks))


@dataclass(frozen=True, slots=True)
class Holding:
    """Serials of one batch in one place. The holdings of a registry tile its issued line exactly."""

    serials: Interval
    batch: str
    place: Place

    @property
    def owner(self) -> str:
        """Who holds them."""
        return self.place.owner

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {
            "batch": self.batch,
            "owner": self.owner,
            "locks": list(self.place.locks),
            "first": str(self.serials.first),
            "end": str(self.serials.end),
            "units": str(self.serials.units),
        }


@dataclass(frozen=True, slots=True)
class Leg:
    """Serials that go from one place to another."""

    batch: str
    serials: Interval
    source: Place
    target: Place


@dataclass(frozen=True, slots=True)
class AmountLeg:
    """An amount of an asset that goes from one place to another, in the asset's smallest unit."""

    asset: str
    amount: int
    source: Place
    target: Place


@dataclass(frozen=True, slots=True)
class Approval:
    """Who asked for an act or agreed to it: a person known by a session, or one whose key signed the order's hash."""

    person: str
    key: str = ""
    order: str = ""
    signature: str = ""


# The nouns of entries. ``NAME`` is the word under which the log carries them.


@dataclass(frozen=True, slots=True)
class Declaration:
    """The first leaf of every log: whose it is, under which keys, and how many people an act of weight takes.

    ``keys`` are verifier keys as C2SP writes them. ``account`` and ``person`` are the operator's: all other accounts
    and people come in through them.
    """

    NAME: ClassVar[str] = "registry"
    origin: str
    sandbox: bool
    keys: tuple[str, ...]
    eyes: int
    account: str
    person: str


@dataclass(frozen=True, slots=True)
class Account:
    """An organisation or a natural person that takes part, by a pseudonym; ``commitment`` hides the name."""

    NAME: ClassVar[str] = "account"
    id: str
    commitment: str
    roles: tuple[str, ...] = ("owner", "trader")
    region: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's roles from now on; none means that it is closed."""

    NAME: ClassVar[str] = "standing"
    account: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts for an account."""

    NAME: ClassVar[str] = "person"
    id: str
    account: str
    commitment: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Key:
    """A person's public key (Ed25519, base64), or its end."""

    NAME: ClassVar[str] = "key"
    id: str
    person: str
    public: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Asset:
    """A kind of amount: money in fen, points, fees. ``issuer`` answers for what is in circulation."""

    NAME: ClassVar[str] = "asset"
    id: str
    unit: str
    issuer: str


@dataclass(frozen=True, slots=True)
class IssuedClaim:
    """What the batches of one issuance have in common: the claim, and the run it comes from.

    ``creditable`` was derived by the registry; ``open_points`` counts the reasons against (listed in ``result.json``).
    ``verifier`` is the key of who vouched for it, ``voucher`` the signature (:mod:`tanhui.registry.vouching`); both
    are empty in a sandbox.
    """

    project: str
    region: str
    product: str
    unit_kg: int
    method: str
    kind: str
    gas: str
    gwp: str
    period: Period
    credits_t: int
    run: str
    manifest_sha256: str
    claim_sha256: str
    creditable: bool
    open_points: int
    sandbox: bool
    verifier: str = ""
    voucher: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A batch as the log carries it, beside the claim that all batches of an issuance share."""

    id: str
    vintage: int
    serials: Interval


@dataclass(frozen=True, slots=True)
class Origin:
    """Where imported units come from: a registry, its name for the export, and the serials on its own line.

    ``document`` is the hash of what shows it: the other registry's certificate, letter or export.
    """

    registry: str
    id: str
    serials: Interval
    document: str = ""


@dataclass(frozen=True, slots=True)
class Issuance:
    """A claim turned into batches, one for each vintage; with an origin, units of another registry taken in."""

    NAME: ClassVar[str] = "issuance"
    claim: IssuedClaim
    pieces: tuple[Piece, ...]
    origin: Origin | None = None

    @property
    def batches(self) -> tuple[Batch, ...]:
        """The batches in full."""
        return tuple(Batch(piece.id, piece.vintage, piece.serials, self.claim) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Batch:
    """Serials issued once, of one vintage of one claim."""

    id: str
    vintage: int
    serials: Interval
    claim: IssuedClaim

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        from tanhui.registry.entries import to_document

        line = {"first": str(self.serials.first), "end": str(self.serials.end), "units": str(self.serials.units)}
        return {"id": self.id, "vintage": str(self.vintage), **line, "claim": to_document(self.claim)}


@dataclass(frozen=True, slots=True)
class Retirement:
    """Units used up for ever, for a beneficiary (a commitment), a purpose and the period it is claimed for."""

    NAME: ClassVar[str] = "retirement"
    id: str
    beneficiary: str
    purpose: str
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Units taken out of the world without being used; ``document`` is the hash of what it rests on."""

    NAME: ClassVar[str] = "cancellation"
    id: str
    reason: str
    document: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Why something happens without whose it is: a court, a merger, an inheritance, a mistake put right, a debt.

    Units change hands; an amount is issued in its issuer's name, or taken from its holder.
    """

    NAME: ClassVar[str] = "ruling"
    reason: str
    document: str


@dataclass(frozen=True, slots=True)
class Encumbrance:
    """A right that lies on units or amounts of an account until it is resolved.

    ``priority`` orders rights of one precedence, 1 first. ``expires`` is a moment or empty. ``target`` is who gets what
    is posted; empty where that is decided when it is posted. ``terms`` is the hash of the contract or order, ``assets``
    the kinds of amounts it lies on.
    """

    NAME: ClassVar[str] = "encumbrance"
    id: str
    kind: str
    account: str
    beneficiary: str
    target: str = ""
    priority: int = 1
    expires: str = ""
    terms: str = ""
    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which encumbrances an entry posts, releases or lets expire; ``document`` is the hash of what it rests on."""

    NAME: ClassVar[str] = "resolution"
    locks: tuple[str, ...]
    document: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """Something another room wants in the log, by its hash: a step of a project, a notice, an export."""

    NAME: ClassVar[str] = "record"
    topic: str
    subject: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The state after all entries so far, by its root. It stands before every checkpoint, and so under its root."""

    NAME: ClassVar[str] = "seal"
    state: str


Noun = (
    Declaration
    | Account
    | Standing
    | Person
    | Key
    | Asset
    | Issuance
    | Retirement
    | Cancellation
    | Ruling
    | Encumbrance
    | Resolution
    | Record
    | Seal
)
#: Kinds of entry that may do without their noun: an issuer needs no ruling to issue or to take back.
OPTIONAL = frozenset({"mint", "redeem"})
#: Every kind of entry with its noun; a transfer of units or amounts has none.
KINDS: dict[str, type | None] = {
    "registry": Declaration,
    "account": Account,
    "standing": Standing,
    "person": Person,
    "key": Key,
    "asset": Asset,
    "issue": Issuance,
    "import": Issuance,
    "transfer": None,
    "reassign": Ruling,
    "mint": Ruling,
    "redeem": Ruling,
    "retire": Retirement,
    "cancel": Cancellation,
    "lock": Encumbrance,
    "post": Resolution,
    "release": Resolution,
    "expire": Resolution,
    "record": Record,
    "seal": Seal,
}


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One act: its legs commit together or not at all. ``index`` is its place in the log, ``by`` who answers for it."""

    index: int
    at: str
    kind: str
    noun: Noun | None = None
    legs: tuple[Leg, ...] = ()
    amounts: tuple[AmountLeg, ...] = ()
    by: tuple[Approval, ...] = ()

    def as_kind(self, noun: type[Any]) -> Any:
        """The noun, which must be of a type."""
        assert isinstance(self.noun, noun)
        return self.noun

    @property
    def moves(self) -> tuple[Leg | AmountLeg, ...]:
        """All that goes from one place to another."""
        return (*self.legs, *self.amounts)

    @property
    def serials(self) -> tuple[Interval, ...]:
        """The serials that move."""
        return tuple(leg.serials for leg in self.legs)

    @property
    def units(self) -> int:
        """How many serials move."""
        return sum(leg.serials.units for leg in self.legs)

    def orders(self) -> list[str]:
        """The signed orders that it uses up, by their hashes."""
        return sorted({approval.order for approval in self.by if approval.key})

    def people(self) -> Iterator[str]:
        """Who answers for it."""
        return (approval.person for approval in self.by)

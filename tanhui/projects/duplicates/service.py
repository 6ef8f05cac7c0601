"""Use cases: check projects against everything named, write the statement with its maps, verify one later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import digest, file_digest, readable_bytes
from tanhui.kernel.errors import Fault, InputError, IntegrityError, RefusedInput
from tanhui.kernel.files import staged_folder, write_whole
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.signing import SigningKey, TrustedKey
from tanhui.kernel.wording import Lang
from tanhui.projects.duplicates.model import Pair, Site
from tanhui.projects.duplicates.statement import ROLE, counts, map_page, signed, signers, statement_body, statement_page

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from tanhui.projects.tenure.model import Right

__all__ = ["Checked", "Question", "check_duplicates", "verify_statement"]

#: Names of the files of a result folder.
STATEMENT, PAGE = "statement.json", "statement.html"


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be checked against what.

    Attributes
    ----------
    projects : sequence of Path
        Projects of ours: project folders or parcel files. They are checked against each other too.
    against : sequence of Path
        Files of others: outlines (KML, KMZ, GeoJSON, Shapefile ...) or lists (CSV, Excel).
    tenure : sequence of Path
        Tenure tables.
    place, declarant : str
        Province and county of the projects; who declares, their owner where nobody is named.
    """

    projects: Sequence[Path]
    against: Sequence[Path] = ()
    tenure: Sequence[Path] = ()
    place: str = ""
    declarant: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement on the disk, and the pairs in it."""

    out: Path
    document: Mapping[str, Any]
    pairs: tuple[Pair, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs are certain, possible, and no conflict."""
        return counts(self.pairs)

    @property
    def clear(self) -> bool:
        """Whether nothing stands against the declaration."""
        return not (self.counts["certain"] or self.counts["possible"])


def check_duplicates(
    question: Question,
    out: Path,
    *,
    day: date,
    connection: Connection | None = None,
    keys: Sequence[SigningKey] = (),
    lang: Lang = "zh",
    progress: Progress | None = None,
) -> Checked:
    """Find what may be registered twice and write the statement, its page and a map of each pair.

    Parameters
    ----------
    question : Question
        What is checked against what.
    out : Path
        A new folder, or one of an earlier check.
    day : date
        The day of the statement.
    connection : Connection, optional
        A registry's database, for the land claimed there.
    keys : sequence of SigningKey
        Who signs.
    lang : {"zh", "en"}
        Language the pages open in; they hold both.

    Raises
    ------
    RefusedInput
        With every fault of every file; nothing is written.
    """
    report = progress or silent
    mine, others, tables, sources = read_all(question, connection)
    report("duplicates", 1, 3)
    pairs = found_pairs(mine, others, tables)
    report("duplicates", 2, 3)
    every = [site for sites in mine for site in sites]
    projects = {site.project: {"project": site.project, "name": site.name} for site in every}
    declarant = question.declarant or next((site.owner for site in every if site.owner), "")
    body = statement_body(day.isoformat(), declarant, list(projects.values()), sources, pairs)
    document = signed(body, keys)
    with staged_folder(out) as stage:
        write_pages(stage, document, pairs, lang)
    report("duplicates", 3, 3)
    return Checked(out, document, tuple(pairs))


Tables = dict[str, "Sequence[Right]"]


def read_all(
    question: Question, connection: Connection | None
) -> tuple[list[list[Site]], list[Site], Tables, list[dict[str, Any]]]:
    """Every site and right of every file; the faults of all files are listed together."""
    from tanhui.projects.duplicates.read_sites import other_sites, our_sites, registry_sites
    from tanhui.projects.tenure.read_tenure import read_tenure

    faults: list[Fault] = []
    sources: list[dict[str, Any]] = []

    def attempt(read: Any, path: Path, role: str, *more: Any) -> list[Any]:
        try:
            found = list(read(path, *more))
        except RefusedInput as refusal:
            faults.extend(refusal.faults)
            return []
        sources.append({"source": path.name, "role": role, "entries": len(found), "sha256": sha256_of(path)})
        return found

    mine = [attempt(our_sites, path, "ours", question.place) for path in question.projects]
    others = [site for path in question.against for site in attempt(other_sites, path, "against")]
    tables: Tables = {path.name: attempt(read_tenure, path, "tenure") for path in question.tenure}
    if faults:
        raise RefusedInput(faults)
    if connection is not None:
        known = registry_sites(connection, [site for sites in mine for site in sites])
        sources.append({"source": "registry", "role": "registry", "entries": len(known), "sha256": ""})
        others += known
    return mine, others, tables, sources


def sha256_of(path: Path) -> str:
    """The hash of a file; of a folder, that of the files in it that describe a project."""
    if path.is_file():
        return file_digest(path)
    parts = sorted(part for part in path.rglob("*") if part.is_file() and not part.name.startswith("."))
    return digest("\n".join(f"{part.relative_to(path).as_posix()} {file_digest(part)}" for part in parts).encode())


def found_pairs(mine: Sequence[Sequence[Site]], others: Sequence[Site], tables: Tables) -> list[Pair]:
    """All pairs: land first, the largest overlap before the smaller, then names, then rights."""
    from tanhui.projects.duplicates.match import land_pairs, name_pairs, tenure_pairs

    land: list[Pair] = []
    for place, sites in enumerate(mine):
        land += land_pairs(sites, [*(site for later in mine[place + 1 :] for site in later), *others])
    land.sort(key=lambda pair: (not pair.conflict, -pair.overlap_m2))
    names = name_pairs([site for sites in mine for site in sites], others)
    return [*land, *names, *tenure_pairs(tables)]


def write_pages(stage: Path, document: Mapping[str, Any], pairs: Sequence[Pair], lang: Lang) -> None:
    """The statement, its page, and a map of each pair that has outlines."""
    data = readable_bytes(document)
    maps = {number: f"map-{number:03d}.html" for number, pair in enumerate(pairs, start=1) if pair.shared}
    for number, name in maps.items():
        write_whole(stage / name, map_page(number, pairs[number - 1], document["body"], lang).encode())
    write_whole(stage / PAGE, statement_page(document, pairs, maps, lang).encode())
    write_whole(stage / STATEMENT, data)
    manifest = {"format": "tanhui-duplicates-1", "statement_sha256": digest(data)}
    write_whole(stage / "manifest.json", readable_bytes(manifest))


def verify_statement(path: Path, trust: Mapping[str, TrustedKey], role: str = ROLE) -> tuple[dict[str, Any], list[str]]:
    """A signed statement, and the names of the trusted who signed it.

    Raises
    ------
    InputError
        If it cannot be read.
    IntegrityError
        If it is no statement, a signature is wrong, or nobody trusted signed it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("duplicates.unreadable", path=str(path), detail=str(error)) from None
    if not isinstance(document, dict):
        raise IntegrityError("duplicates.no_statement")
    names = [key.name for key in signers(document, trust, role)]
    if not names:
        raise IntegrityError("duplicates.nobody_signed", role=role)
    return document["body"], names

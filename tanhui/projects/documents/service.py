"""What people do with documents: write them all, see how they stand, compare two, take back what was signed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import digest, file_digest
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.wording import Lang, say
from tanhui.mrv.methods import method
from tanhui.projects.audit.model import Audit
from tanhui.projects.documents import ledger as folders
from tanhui.projects.documents.annex import annex
from tanhui.projects.documents.catalogue import catalogue
from tanhui.projects.documents.compose import ANNEX, Contents, Made, compose
from tanhui.projects.documents.diff import Difference, compare, read_document
from tanhui.projects.documents.facts import collect
from tanhui.projects.documents.figures import draw_figures
from tanhui.projects.documents.material import Filed, Material, read_material
from tanhui.projects.documents.model import Fact, Outline
from tanhui.projects.documents.outline import outlines
from tanhui.projects.documents.package import is_untouched, properties_of
from tanhui.projects.documents.signatures import marks_in, read_pdf
from tanhui.projects.documents.tables import make_tables
from tanhui.projects.documents.template import check_template, from_template, read_template
from tanhui.projects.explain import read_run
from tanhui.projects.model import Afforestation, load_project
from tanhui.projects.run import run_project

__all__ = ["Accepted", "Written", "accept", "book_of", "difference", "standing", "write_documents"]

SUFFIX = ".docx"


@dataclass(frozen=True, slots=True)
class Written:
    """What a call wrote.

    Attributes
    ----------
    files : tuple of (str, str, str)
        Document, the file it was written to, and ``written``, ``kept`` (the same bytes were there) or ``beside``.
    skipped : tuple of (str, tuple of str)
        Documents that need facts the run does not have, and which.
    older : tuple of mapping
        Signatures that belong to an older edition now.
    """

    folder: Path
    run: str
    files: tuple[tuple[str, str, str], ...]
    skipped: tuple[tuple[str, tuple[str, ...]], ...]
    older: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "folder": str(self.folder),
            "run": self.run,
            "documents": [{"document": name, "file": file, "state": state} for name, file, state in self.files],
            "skipped": [{"document": name, "missing": list(missing)} for name, missing in self.skipped],
            "older_signatures": [dict(entry) for entry in self.older],
        }


@dataclass(frozen=True, slots=True)
class Accepted:
    """A signed PDF on record. ``stated``: the PDF itself does not say which edition it was made from."""

    document: str
    file: str
    sha256: str
    edition: str
    docx_sha256: str
    evidence: str
    stated: bool

    def to_dict(self) -> dict[str, Any]:
        """As the ledger and ``--json`` carry it."""
        return {name: getattr(self, name) for name in self.__slots__}


def write_documents(
    folder: Path,
    out: Path,
    *,
    book: str = "",
    only: str = "",
    templates: Sequence[Path] = (),
    lang: Lang | None = None,
    day: date | None = None,
    filed: Filed | None = None,
    audit: Audit | None = None,
    study: Mapping[str, Any] | None = None,
    run: Path | None = None,
    beside: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write the documents of a project's rule book.

    Parameters
    ----------
    folder : Path
        The project folder.
    out : Path
        The folder of documents; what it holds stays, whole or not at all.
    book : str
        The rule book; that of the methodology by default.
    only : str
        One document alone.
    templates : sequence of Path
        Templates of somebody's own, each named after its document, or one with ``only``.
    lang : {"zh", "en"}, optional
        The language; each document's own by default.
    day : date, optional
        The day of the documents; left to be written by default.
    filed : Filed, optional
        The project in the registry.
    audit : Audit, optional
        The audit of this run.
    study : mapping, optional
        The pre-feasibility study, with its investment analysis.
    run : Path, optional
        A run of this very project folder; made anew by default.
    beside : bool
        Write beside files that somebody changed.

    Raises
    ------
    RefusedInput
        With every fault of the project, the template, the run, or every file that somebody changed. Nothing is written.
    """
    report = progress or silent
    project = registrable(load_project(folder))
    chosen = choose(outlines(book or book_of(project, filed)), only)
    forms = {name: (read_template(path), path.name) for name, path in assigned(templates, chosen, only).items()}
    for name, (data, file) in forms.items():
        check_template(data, chosen[name], file)
    before = folders.read_ledger(out)
    with folders.staged(out) as stage:
        place_run(folder, project, stage / folders.RUN, run, report)
        material = read_material(stage / folders.RUN, project, filed, audit, study)
        made, skipped, extra = make_all(chosen, material, lang, day, forms, report, whole=not only)
        if only and skipped:
            raise InputError("documents.needs", name=only, missing=missing_names(skipped[0][1]))
        files = {f"{name}{SUFFIX}": one.data for name, one in made.items()} | extra
        names = folders.names_beside(out, files, beside=beside)
        entries = ledger_after(before, material, made, names, next(iter(chosen.values())).book)
        states = {file: state_of(out, file, names[file], data) for file, data in files.items()}
        folders.fill(out.absolute(), stage, files, names, entries)
    told = tuple((file.rpartition(".")[0], names[file], states[file]) for file in files)
    return Written(out, material.manifest["run"], told, tuple(skipped), tuple(older_signatures(entries)))


def registrable(project: Any) -> Afforestation:
    """A project that a rule book has documents for."""
    if not isinstance(project, Afforestation):
        raise InputError("documents.no_book", method=project.method)
    return project


def book_of(project: Afforestation, filed: Filed | None = None) -> str:
    """The rule book of a project: the registry's, or that of its methodology's standard."""
    return filed.state.book if filed else method(project.method).standard.lower()


def choose(known: Mapping[str, Outline], only: str) -> dict[str, Outline]:
    """All documents, or the one that is named."""
    if only and only not in known:
        book = next(iter(known.values())).book
        raise InputError("documents.unknown_document", name=only, book=book, known=", ".join(known))
    return {name: outline for name, outline in known.items() if only in ("", name)}


def assigned(templates: Sequence[Path], chosen: Mapping[str, Outline], only: str) -> dict[str, Path]:
    """Which document each template is for."""
    found: dict[str, Path] = {}
    for path in templates:
        name = only if only and len(templates) == 1 else path.stem
        if name not in chosen or name in found:
            raise InputError("documents.one_template", file=path.name, known=", ".join(chosen))
        found[name] = path
    return found


def place_run(folder: Path, project: Afforestation, target: Path, run: Path | None, report: Progress) -> None:
    """Put the run into the folder of documents: a new one, or a copy of one that was made from this very project."""
    if run is None:
        run_project(folder, target, report)
        return
    result, manifest = read_run(run)
    if result["project"] != project.id:
        raise RefusedInput([Fault("documents.other_project", file=str(run), value=str(result["project"]))])
    if faults := stale_inputs(folder, manifest):
        raise RefusedInput(faults)
    target.mkdir()
    for name in ("result.json", "manifest.json", "report.html", *result["tables"]):
        if (run / name).is_file():
            shutil.copy2(run / name, target / name)


def stale_inputs(folder: Path, manifest: Mapping[str, Any]) -> list[Fault]:
    """Inputs of a run that the project folder has otherwise now."""
    faults = []
    for row in manifest["inputs"]:
        there = [path for path in sorted(folder.rglob(Path(row["name"]).name)) if path.is_file()]
        if there and row["sha256"] not in {file_digest(path) for path in there}:
            faults.append(Fault("documents.stale_run", file=str(there[0]), value=row["name"]))
    return faults


def make_all(
    chosen: Mapping[str, Outline],
    material: Material,
    lang: Lang | None,
    day: date | None,
    forms: Mapping[str, tuple[bytes, str]],
    report: Progress,
    *,
    whole: bool,
) -> tuple[dict[str, Made], list[tuple[str, tuple[str, ...]]], dict[str, bytes]]:
    """Every document that the facts suffice for, those they do not, and the workbook of long tables."""
    facts = collect(material)
    lacking = {name: tuple(k for k in outline.needs if k not in facts) for name, outline in chosen.items()}
    wanted = {name: outline for name, outline in chosen.items() if not lacking[name]}
    spoken = sorted({lang or outline.lang for outline in wanted.values()})
    contents = {}
    for number, one in enumerate(spoken):
        report("figures", number, len(spoken))
        banners = banner_texts(material, next(iter(chosen.values())).book, one)
        tables = make_tables(facts, material, one)
        contents[one] = Contents(facts, tables, draw_figures(material, one), one, day, banners)
    report("figures", len(spoken), len(spoken))
    made = {}
    for number, (name, outline) in enumerate(wanted.items()):
        report("documents", number, len(wanted))
        base = contents[lang or outline.lang]
        made[name] = from_template(outline, base, *forms[name]) if name in forms else compose(outline, base)
    report("documents", len(wanted), len(wanted))
    extra: dict[str, bytes] = {}
    for one in spoken[:1]:
        told = {"tanhui-run": str(facts["run.id"].value), "tanhui-project": str(facts["project.id"].value)}
        book = annex(contents[one].tables, one, told)
        extra = {ANNEX: book} if book else {}
    return made, [(name, missing) for name, missing in lacking.items() if missing], extra


def banner_texts(material: Material, book: str, lang: Lang) -> tuple[str, ...]:
    """What every page must say."""
    found = []
    if material.filed and material.filed.book.mark:
        found.append(material.filed.book.banner(lang))
    if material.result["illustrative"]:
        found.append(say("documents.banner.illustrative", lang))
    if material.project and method(material.project.method).standard.lower() != book:
        found.append(say("documents.banner.method", lang, method=material.project.method))
    if reasons := set(material.result["indicative_reasons"]):
        found.append(say("documents.banner.indicative", lang, count=len(reasons)))
    return tuple(found)


def missing_names(keys: Sequence[str]) -> str:
    """Facts by their names, for a sentence."""
    return ", ".join(f"{catalogue()[key]['zh']} {catalogue()[key]['en']}" for key in keys)


def ledger_after(
    before: folders.Ledger | None, material: Material, made: Mapping[str, Made], names: Mapping[str, str], book: str
) -> folders.Ledger:
    """The ledger with what is written now; facts that the run alone does not give are kept in it."""
    run = material.manifest["run"]
    entries = before or folders.new_ledger(material.result["project"], book)
    of_run = collect(Material(material.result, material.manifest, material.tables))
    other = {key: fact for key, fact in collect(material).items() if key not in of_run}
    entries |= {"run": run, "book": book, "facts": {key: plain(fact) for key, fact in sorted(other.items())}}
    for name, one in made.items():
        file = names[f"{name}{SUFFIX}"]
        told = {"file": file, "sha256": digest(one.data), "edition": one.edition, "run": run}
        folders.note_written(entries, name, **told, figures=sorted(one.used))
    return entries


def plain(fact: Fact) -> dict[str, Any]:
    """A fact as JSON can carry it."""
    return fact.to_dict()


def state_of(out: Path, file: str, name: str, data: bytes) -> str:
    """What becomes of a file."""
    if name != file:
        return "beside"
    return "kept" if (out / name).is_file() and (out / name).read_bytes() == data else "written"


# Signatures and standing


def accept(folder: Path, name: str, pdf: Path) -> Accepted:
    """Record a signed PDF against the edition of a document that it was made from.

    Raises
    ------
    InputError
        If the PDF was made from another document, an older edition, or one that was not written here.
    """
    data = read_pdf(pdf)
    with folders.updating(folder) as ledger:
        if name not in ledger["documents"]:
            known = ", ".join(ledger["documents"])
            raise InputError("documents.unknown_document", name=name, book=ledger["book"], known=known)
        entry = ledger["documents"][name]
        file = folder / entry["file"]
        if not file.is_file():
            raise InputError("documents.no_file", path=str(folder), file=entry["file"])
        marks = marks_in(data)
        check_marks(marks, pdf.name, name, entry)
        outline = outlines(ledger["book"]).get(name)
        accepted = Accepted(
            document=name,
            file=pdf.name,
            sha256=digest(data),
            edition=entry["edition"],
            docx_sha256=file_digest(file),
            evidence=outline.evidence if outline else "",
            stated=not marks,
        )
        others = [row for row in ledger["signed"] if row["sha256"] != accepted.sha256 or row["document"] != name]
        ledger["signed"] = [*others, accepted.to_dict()]
    return accepted


def check_marks(marks: Sequence[tuple[str, str]], file: str, name: str, entry: Mapping[str, Any]) -> None:
    """Whether a PDF is of this document, in its present edition."""
    if not marks or (name, entry["edition"]) in marks:
        return
    if others := [document for document, _ in marks if document != name]:
        raise InputError("documents.signed_other", file=file, other=others[0], name=name)
    signed = marks[0][1]
    if signed not in {edition["edition"] for edition in entry["editions"]}:
        raise InputError("documents.signed_unknown", file=file, signed=signed)
    raise InputError("documents.signed_older", file=file, signed=signed, current=entry["edition"], name=name)


def older_signatures(ledger: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Signed PDFs whose document has another edition now."""
    documents = ledger["documents"]
    return [
        row
        for row in ledger["signed"]
        if row["document"] in documents and documents[row["document"]]["edition"] != row["edition"]
    ]


def standing(folder: Path) -> list[dict[str, Any]]:
    """How each document of a folder stands: changed, what is still to be written, signed on which version."""
    ledger = folders.read_ledger(folder)
    if ledger is None:
        raise InputError("documents.no_file", path=str(folder), file=folders.LEDGER)
    rows = []
    for name, entry in ledger["documents"].items():
        path = folder / entry["file"]
        there = path.is_file()
        data = path.read_bytes() if there else b""
        signed = [row for row in ledger["signed"] if row["document"] == name]
        current = any(row["docx_sha256"] == digest(data) for row in signed)
        rows.append(
            {
                "document": name,
                "file": entry["file"],
                "state": "gone" if not there else "as_written" if is_untouched(data) else "edited",
                "edition": properties_of(data).get("tanhui-edition", entry["edition"]) if there else entry["edition"],
                "to_write": read_document(path).to_write if there else 0,
                "signed": "none" if not signed else "current" if current else "older",
                "signatures": signed,
            }
        )
    return rows


def difference(before: Path, after: Path) -> Difference:
    """What the second of two documents says otherwise."""
    return compare(read_document(before), read_document(after))

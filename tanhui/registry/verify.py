"""Checking files: a certificate, or the folder of a run with the certificates made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import exact_json, file_digest, hash_json
from tanhui.kernel.errors import InputError
from tanhui.kernel.manifest import result_digest
from tanhui.registry.anchors import Anchors
from tanhui.registry.certificate import MALFORMED, MAX_BYTES, verify_certificate
from tanhui.registry.commitments import Opening
from tanhui.registry.issuance import reasons_against
from tanhui.registry.log.note import NoteKey
from tanhui.registry.verdict import Check, Verdict

__all__ = ["verify_certificate_file", "verify_run_folder"]

#: A file beyond this was not meant as a certificate, and is not read. [bytes]
MAX_FILE = 1_000_000


def verify_certificate_file(
    path: Path,
    trust: Anchors | Iterable[NoteKey] | None = None,
    *,
    run_folder: Path | None = None,
    opening: Opening | None = None,
) -> Verdict:
    """Check a certificate file to the last byte; with ``run_folder``, back to the run's own documents."""
    data = _read(path, MAX_FILE)
    try:
        document = exact_json(data)
    except MALFORMED:
        document = None
    if document is None or len(data) > MAX_BYTES:
        return Verdict("certificate", (Check("form", False),))
    if run_folder is None:
        return verify_certificate(document, trust, opening=opening)
    run = verify_run_folder(run_folder)
    if run.failures():
        return replace(run, subject="certificate")
    manifest, result = (exact_json(_read(run_folder / name)) for name in ("manifest.json", "result.json"))
    verdict = verify_certificate(document, trust, manifest=manifest, result=result, opening=opening)
    return replace(verdict, checks=(*run.checks, *verdict.checks))


def verify_run_folder(folder: Path) -> Verdict:
    """Check that ``manifest.json`` and ``result.json`` are one run's, to the last byte, and say of it what is so.

    Nobody signs a run folder by itself, so the verdict is at most "consistent, issuer not authenticated".
    """
    documents: dict[str, Any] = {}
    checks = []
    for name in ("manifest", "result"):
        data = _read(folder / f"{name}.json")
        try:
            documents[name] = exact_json(data)
            checks.append(Check(f"{name}_form", True))
        except MALFORMED:
            checks.append(Check(f"{name}_form", False))
    if len(documents) == 2:
        checks += _run_checks(documents["manifest"], documents["result"])
        checks += _table_checks(folder, documents["result"])
    return Verdict("run", tuple(checks), ("same_run",), ("measured", "nobody_signed"))


def _run_checks(manifest: Any, result: Any) -> list[Check]:
    try:
        run = hash_json({key: value for key, value in manifest.items() if key != "run"})
        named = manifest["run"] == run == result["run"] and manifest["project"] == result["project"]
        bound = manifest["result_sha256"] == result_digest(result)
        said = [(result, {}), *((claim, claim) for claim in result["claims"])]
        # A flag may be more modest than what we derive, never bolder.
        honest = all(not doc.get("creditable") or not reasons_against(result, manifest, claim) for doc, claim in said)
    except MALFORMED:
        return [Check("run_named", False)]
    return [Check("run_named", named), Check("result_bound", bound), Check("creditable_flag", honest)]


def _table_checks(folder: Path, result: Any) -> list[Check]:
    """Every table that the result names lies beside it, unchanged."""
    try:
        named = {str(name): str(sha256) for name, sha256 in result.get("tables", {}).items()}
    except MALFORMED:
        return [Check("tables_bound", False)]
    wrong = [name for name, sha256 in named.items() if not _is_file(folder / Path(name).name, sha256)]
    return [Check("tables_bound", not wrong, ", ".join(wrong))] if named else []


def _is_file(path: Path, sha256: str) -> bool:
    return path.is_file() and file_digest(path) == sha256


def _read(path: Path, limit: int | None = None) -> bytes:
    try:
        if limit is not None and path.stat().st_size > limit:
            raise InputError("registry.file_too_large", path=str(path), limit=limit)
        return path.read_bytes()
    except OSError as error:
        raise InputError("registry.file_unreadable", path=str(path), detail=str(error)) from None

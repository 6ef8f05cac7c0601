"""Reading without login: what was issued and used up, the log with its proofs, certificates. No personal data."""

from __future__ import annotations

import base64
import json
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from tanhui.faces.api.answers import PUBLIC, answer, export, json_answer, json_bytes, wanted_format
from tanhui.faces.api.bodies import ID
from tanhui.faces.api.negotiation import language
from tanhui.faces.api.rows import LISTINGS, MOST_ROWS, PAGE, all_rows, page
from tanhui.faces.api.service import Services, Shared, route
from tanhui.faces.api.wire import pay
from tanhui.registry.anchors import load_log_keys
from tanhui.registry.certificate import verify_certificate
from tanhui.registry.entries import leaf_json
from tanhui.registry.errors import RegistryError
from tanhui.registry.folder import TRUST
from tanhui.registry.log.tiles import ENTRIES, TILE_WIDTH, Tile, entry_bundle, parse_tile_path, tile_width
from tanhui.registry.log.tree import consistency_proof, inclusion_proof
from tanhui.registry.operations.cosigned import handed_out
from tanhui.registry.store import Reader
from tanhui.registry.views import Ending

__all__ = ["Cursor", "Format", "Limit", "OptionalQuery", "PathId", "PathRequest", "listed", "router"]

router = APIRouter(tags=["public"])

PathId = Annotated[str, Path(pattern=ID)]
PathRequest = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:~-]{1,200}$")]
OptionalQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._/:-]{1,100}$")]
Cursor = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,200}$")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Format = Annotated[str | None, Query(pattern="^(json|csv|parquet)$")]
Place = Annotated[int, Query(ge=0, lt=2**62)]
#: Requests that an export counts for.
EXPORT_COST = 20
#: What is complete in a log never changes; a partial tile is soon taken over by a complete one.
FOR_EVER, FOR_NOW = "public, max-age=31536000, immutable", "public, max-age=3600"


def listed(
    request: Request,
    services: Services,
    name: str,
    cursor: str | None,
    limit: int,
    form: str | None,
    *,
    cache: str = PUBLIC,
    **filters: str | None,
) -> Response:
    """A page of a listing, or all of it as a file."""
    listing, wanted = LISTINGS[name], {key: value for key, value in filters.items() if value is not None}
    form = wanted_format(request, form)
    with services.gate.reading() as view:
        if form != "json":
            pay(services.limiter, EXPORT_COST, address=request.state.address)
            return export(name, form, listing.columns, all_rows(view, listing, wanted), cache=cache)

        def made() -> bytes:
            return json_bytes(page(view, listing, cursor, limit, wanted).to_dict())

        # A public page says what stands in the log, so it stays the same until the log is longer. Others hold names,
        # and a name can be erased.
        key = (name, cursor, limit, *sorted(wanted.items()), view.size())
        content = services.kept.get(key, made) if cache == PUBLIC else made()
    return answer(request, content, "application/json", cache=cache)


@router.get("/batches", **route("list_batches", 200))
def list_batches(
    request: Request,
    services: Shared,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
    project: OptionalQuery = None,
) -> Response:
    """What was issued."""
    return listed(request, services, "batches", cursor, limit, format, project=project)


@router.get("/batches/{batch}", **route("get_batch", 200))
def get_batch(request: Request, batch: PathId, services: Shared) -> Response:
    """One batch."""
    with services.gate.reading() as view:
        found = view.batch(batch)
    if found is None:
        raise RegistryError("registry.unknown_batch", batch=batch)
    return json_answer(request, found.to_dict())


@router.get("/retirements", **route("list_retirements", 200))
def list_retirements(
    request: Request,
    services: Shared,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
    batch: OptionalQuery = None,
) -> Response:
    """What was used up."""
    return listed(request, services, "retirements", cursor, limit, format, batch=batch)


@router.get("/retirements/{retirement}", **route("get_retirement", 200))
def get_retirement(request: Request, retirement: PathId, services: Shared) -> Response:
    """One retirement."""
    return answer(request, ending(services, retirement, "retire"), "application/json")


@router.get("/cancellations", **route("list_cancellations", 200))
def list_cancellations(
    request: Request,
    services: Shared,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
    batch: OptionalQuery = None,
) -> Response:
    """What was taken out of the world."""
    return listed(request, services, "cancellations", cursor, limit, format, batch=batch)


@router.get("/cancellations/{cancellation}", **route("get_cancellation", 200))
def get_cancellation(request: Request, cancellation: PathId, services: Shared) -> Response:
    """One cancellation."""
    return answer(request, ending(services, cancellation, "cancel"), "application/json")


def ending(services: Services, name: str, kind: str) -> bytes:
    """A retirement or a cancellation. Both are for ever."""
    return services.kept.get((kind, name), lambda: _ending(services, name, kind))


def _ending(services: Services, name: str, kind: str) -> bytes:
    with services.gate.reading() as view:
        entry = view.entry(view.ending_position(name))
    if entry.kind != kind:
        raise RegistryError("registry.unknown_retirement", retirement=name)
    return leaf_json(Ending.of(entry).to_dict())


@router.get("/assets", **route("list_assets", 200))
def list_assets(
    request: Request, services: Shared, cursor: Cursor = None, limit: Limit = PAGE, format: Format = None
) -> Response:
    """Kinds of amounts."""
    return listed(request, services, "assets", cursor, limit, format)


@router.get("/projects", **route("list_projects", 200))
def list_projects(
    request: Request,
    services: Shared,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
    project: OptionalQuery = None,
) -> Response:
    """Issued claims of projects."""
    return listed(request, services, "projects", cursor, limit, format, project=project)


@router.get("/projects/records", **route("list_records", 200))
def list_records(
    request: Request,
    services: Shared,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    format: Format = None,
    subject: OptionalQuery = None,
    topic: OptionalQuery = None,
) -> Response:
    """Steps of projects, notices: by their hashes."""
    return listed(request, services, "records", cursor, limit, format, subject=subject, topic=topic)


# The log --------------------------------------------------------------------------------------------------------------


@router.get("/checkpoint", **route("get_checkpoint"))
def get_checkpoint(request: Request, services: Shared) -> Response:
    """The newest signed checkpoint, with the cosignatures that witnesses gave for it."""
    with services.gate.reading() as view:
        note = handed_out(view.connection, view.checkpoint())
    return answer(request, note.encode(), "text/plain; charset=utf-8")


@router.get("/tile/{path:path}", **route("get_tile"))
def get_tile(request: Request, path: Annotated[str, Path(max_length=64)], services: Shared) -> Response:
    """A tile of the log, or a bundle of its entries."""
    tile = parse_tile_path(f"tile/{path}")
    complete = tile.width == TILE_WIDTH
    content = services.kept.get(tile, lambda: _tile(services, tile)) if complete else _tile(services, tile)
    return answer(request, content, "application/octet-stream", cache=FOR_EVER if complete else FOR_NOW)


def _tile(services: Services, tile: Tile) -> bytes:
    with services.gate.reading() as view:
        if tile.width > tile_width(published(view), tile.level, tile.index):
            raise RegistryError("registry.no_such_tile", path=tile.path)
        if tile.level != ENTRIES:
            return view.tile(tile.level, tile.index, tile.width)
        first = tile.index * TILE_WIDTH
        return entry_bundle([leaf for _, leaf in view.leaves(first, first + tile.width)])


@router.get("/proofs/inclusion", **route("prove_inclusion", 200))
def prove_inclusion(request: Request, services: Shared, index: Place, size: Place | None = None) -> Response:
    """That a leaf is in the log."""
    with services.gate.reading() as view:
        size = _checked_size(view, size)
        if index >= size:
            raise RegistryError("registry.no_such_leaf", index=index, size=size)
        content = services.kept.get(("inclusion", index, size), lambda: _inclusion(view, index, size))
    return answer(request, content, "application/json")


def _inclusion(view: Reader, index: int, size: int) -> bytes:
    node = view.nodes(size)
    leaf, path = node(0, index), inclusion_proof(index, size, node)
    return leaf_json({"index": str(index), "size": str(size), "leaf_hash": leaf.hex(), "path": base64_list(path)})


@router.get("/proofs/consistency", **route("prove_consistency", 200))
def prove_consistency(request: Request, services: Shared, first: Place, second: Place | None = None) -> Response:
    """That an older log is the beginning of a newer one."""
    with services.gate.reading() as view:
        second = _checked_size(view, second)
        if not 1 <= first <= second:
            raise RegistryError("registry.no_such_prefix", first=first, second=second)
        content = services.kept.get(("consistency", first, second), lambda: _consistency(view, first, second))
    return answer(request, content, "application/json")


def _consistency(view: Reader, first: int, second: int) -> bytes:
    path = consistency_proof(first, second, view.nodes(second))
    return leaf_json({"first": str(first), "second": str(second), "path": base64_list(path)})


def published(view: Reader) -> int:
    """Leaves that the newest checkpoint covers."""
    newest = view.newest_checkpoint()
    return newest[0] if newest else 0


def _checked_size(view: Reader, asked: int | None) -> int:
    """The size of a log that was published: the one asked for, else the newest."""
    newest = published(view)
    size = newest if asked is None else asked
    if not 1 <= size <= newest:
        raise RegistryError("registry.no_such_prefix", first=size, second=newest)
    return size


def base64_list(hashes: list[bytes]) -> list[str]:
    """Hashes as they are sent."""
    return [base64.b64encode(value).decode() for value in hashes]


# Certificates ---------------------------------------------------------------------------------------------------------


@router.get("/certificates/{retirement}", **route("get_certificate", 200))
def get_certificate(request: Request, retirement: PathId, services: Shared) -> Response:
    """The certificate of a retirement."""
    return answer(request, certificate(services, retirement), "application/json")


@router.get("/certificates/{retirement}/verdict", **route("get_verdict", 200))
def get_verdict(request: Request, retirement: PathId, services: Shared) -> Response:
    """A certificate with what checking it says, for a page; whoever wants proof checks it by themselves."""
    document = json.loads(certificate(services, retirement))
    verdict = verify_certificate(document, load_log_keys(services.registry.folder / TRUST))
    return json_answer(request, {"certificate": document, "verdict": verdict.to_dict(language(request.scope))})


def certificate(services: Services, retirement: str) -> bytes:
    """A certificate. Once made it stays as it is: a later checkpoint would prove the same."""
    return services.kept.get(("certificate", retirement), lambda: _certificate(services, retirement))


def _certificate(services: Services, retirement: str) -> bytes:
    """A certificate; the checkpoint that covers it is made where it is not there yet."""
    try:
        return leaf_json(services.registry.certificate(retirement))
    except RegistryError as error:
        if error.code != "registry.not_yet_published":
            raise
    services.registry.publish()
    return leaf_json(services.registry.certificate(retirement))


@router.get("/trust", **route("get_trust", 200))
def get_trust(request: Request, services: Shared) -> Response:
    """Whose log it is and under which keys. Trust it only if it came to you another way."""
    return answer(request, (services.registry.folder / TRUST).read_bytes(), "application/json")


@router.get("/health", **route("get_health", 200))
def get_health(request: Request, services: Shared) -> Response:
    """That the registry answers, and how far its log is."""
    with services.gate.reading() as view:
        size, signed = view.size(), published(view)
    registry = services.registry
    document = {"registry": registry.origin, "sandbox": registry.sandbox, "size": str(size), "published": str(signed)}
    return json_answer(request, document, cache="no-store")

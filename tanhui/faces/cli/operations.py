"""Registry commands for those who run one: publish, replay, back up, restore, compare, migrate, witnesses, webhooks."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.registry import AsOption, FolderArgument, commands, show_verdict
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table
from tanhui.kernel.errors import InputError
from tanhui.kernel.progress import silent

if TYPE_CHECKING:
    from tanhui.registry.log.note import NoteKey
    from tanhui.registry.webhooks.service import Webhooks

__all__ = ["add_to"]

#: The passphrase of keys in a backup, where it is not typed.
PASSPHRASE = "TANHUI_PASSPHRASE"

webhooks = typer.Typer(no_args_is_help=True, help=t("webhook.help"), rich_markup_mode=None)
commands.add_typer(webhooks, name="webhook")

SourceArgument = Annotated[str, typer.Argument(metavar="LOG", help=t("replay.source"))]
TrustOption = Annotated[Path | None, typer.Option("--trust", metavar="FILE", help=t("verify.trust"))]
KeysOption = Annotated[bool, typer.Option("--keys", help=t("backup.keys"))]
SubscriptionArgument = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help=t("webhook.id"))]


def add_to(_app: typer.Typer) -> None:
    """Importing this module puts the commands beside the other registry commands."""


@commands.command("publish", help=t("publish.help"))
def publish(
    folder: FolderArgument,
    log: Annotated[Path, typer.Argument(metavar="LOG", help=t("publish.log"))],
    as_json: JsonOption = False,
) -> None:
    """Bring the public log in a folder up to date."""
    from tanhui.faces.migrations import checked
    from tanhui.registry.operations.publish import publish_log

    done = publish_log(checked(folder), log)
    facts = {"size": done.size, "new": done.size - done.before, "path": log}
    show_json(done.to_dict()) if as_json else say_line(t("publish.done", **facts))


@commands.command("replay", help=t("replay.help"))
def replay(
    source: SourceArgument,
    trust: TrustOption = None,
    openings: Annotated[Path | None, typer.Option("--openings", metavar="FILE", help=t("replay.openings"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the state from the public log alone."""
    from tanhui.registry.anchors import load_log_keys
    from tanhui.registry.operations.replay_public import read_openings, replay_log

    anchors = load_log_keys(trust) if trust else None
    known = read_openings(openings) if openings else None
    with progress_bar() as progress:
        verdict = replay_log(source, anchors, openings=known, progress=progress or silent)
    show_verdict(verdict, as_json)


@commands.command("openings", help=t("openings.help"))
def openings(
    folder: FolderArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("openings.out"))],
    as_json: JsonOption = False,
) -> None:
    """Export what the commitments hide."""
    from tanhui.faces.migrations import checked
    from tanhui.registry.operations.replay_public import export_openings

    count = export_openings(checked(folder), out)
    show_json({"openings": count, "path": str(out)}) if as_json else say_line(t("openings.done", count=count, path=out))


@commands.command("backup", help=t("backup.help"))
def backup(
    folder: FolderArgument,
    target: Annotated[Path, typer.Argument(metavar="BACKUP", help=t("backup.target"))],
    keys: KeysOption = False,
    as_json: JsonOption = False,
) -> None:
    """Copy a registry that may be at work."""
    from tanhui.registry.operations.backup import backup as make

    passphrase = read_passphrase(twice=True) if keys else None
    with progress_bar() as progress:
        made = make(folder, target, datetime.now(UTC), passphrase=passphrase, progress=progress or silent)
    show_json(made.to_dict()) if as_json else say_line(t("backup.done", path=target, size=made.size))


@commands.command("restore", help=t("restore.help"))
def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help=t("restore.source"))],
    folder: Annotated[Path | None, typer.Argument(metavar="REGISTRY", help=t("restore.folder"))] = None,
    kept: Annotated[list[Path] | None, typer.Option("--kept", metavar="FILE", help=t("restore.kept"))] = None,
    database: Annotated[str | None, typer.Option("--database", metavar="URL", help=t("restore.database"))] = None,
    keys: KeysOption = False,
    unwitnessed: Annotated[bool, typer.Option("--unwitnessed", help=t("restore.unwitnessed"))] = False,
    loss: Annotated[bool, typer.Option("--accept-loss", help=t("restore.accept_loss"))] = False,
    people: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup back, or accept what was lost in one."""
    if loss:
        if folder is not None:
            raise InputError("operations.accept_alone")
        return accept(source, people or [], as_json)
    if folder is None:
        raise InputError("operations.restore_where")
    from tanhui.faces.migrations import lay_out
    from tanhui.registry.operations.restore import restore as put_back
    from tanhui.registry.operations.witnesses import WITNESSES, load_witnesses

    with progress_bar() as progress:
        done = put_back(
            source,
            folder,
            datetime.now(UTC),
            kept=[read_text(path) for path in kept or ()],
            witnesses=() if unwitnessed else load_witnesses(source / WITNESSES),
            database=database,
            lay_out=lay_out,
            passphrase=read_passphrase() if keys else None,
            progress=progress or silent,
        )
    if as_json:
        show_json(done.to_dict())
    else:
        say_line(t("restore.done", path=folder, size=done.size))
        if not done.keys:
            say_line(t("restore.no_keys"))
        if done.missing:
            say_line(t("restore.older", missing=done.missing, seen=done.seen, path=folder))
    if done.missing:
        raise typer.Exit(1)


def accept(folder: Path, people: list[str], as_json: bool) -> None:
    """Go on after a restore that lost leaves."""
    from tanhui.faces.migrations import checked
    from tanhui.registry.entries import entry_document
    from tanhui.registry.operations.restore import accept_loss

    entry = accept_loss(checked(folder), people)
    show_json(entry_document(entry)) if as_json else say_line(t("restore.accepted", index=entry.index))


@commands.command("compare", help=t("compare.help"))
def compare(
    source: SourceArgument,
    kept: Annotated[list[Path], typer.Argument(metavar="CHECKPOINT", help=t("compare.kept"))],
    trust: TrustOption = None,
    evidence: Annotated[Path | None, typer.Option("--evidence", metavar="FILE", help=t("compare.evidence"))] = None,
    as_json: JsonOption = False,
) -> None:
    """A checkpoint that somebody kept against the log as it is now."""
    from tanhui.faces.migrations import checked
    from tanhui.kernel.canonical import readable_bytes
    from tanhui.kernel.files import write_whole
    from tanhui.registry.folder import is_registry
    from tanhui.registry.operations.compare import compare as found_in

    where = checked(Path(source)) if is_registry(Path(source)) else source
    found = found_in(where, [read_text(path) for path in kept], anchors(trust, where))
    if found is not None and evidence is not None:
        write_whole(evidence, readable_bytes(found.to_dict()))
    if as_json:
        show_json({"verdict": found.kind if found else "grown", "evidence": found.to_dict() if found else None})
    else:
        say_line(t(f"compare.{found.kind if found else 'grown'}"))
    if found is not None:
        raise typer.Exit(1)


@commands.command("migrate", help=t("migrate.help"))
def migrate(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Bring the database to the newest layout."""
    from tanhui.faces.migrations import upgrade

    before, after = upgrade(folder)
    document = {"before": before, "after": after}
    show_json(document) if as_json else say_line(t("migrate.done", before=before or "–", after=after))


@commands.command("witness", help=t("witness.help"))
def witness(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Ask the witnesses to cosign the newest checkpoint."""
    from tanhui.faces.migrations import checked
    from tanhui.registry.operations.witnesses import WITNESSES, ask_witnesses, load_witnesses

    if not load_witnesses(folder / WITNESSES):
        raise InputError("operations.no_witnesses", path=str(folder / WITNESSES))
    answers = ask_witnesses(checked(folder))
    if as_json:
        show_json([answer.to_dict(LANG) for answer in answers])
    else:
        rows = [
            (a.witness.key.name, a.size, a.refused.text(LANG) if a.refused else t("witness.cosigned")) for a in answers
        ]
        show_table([t(f"column.{key}") for key in ("witness", "leaves", "answer")], rows, whole=(0,))
    if any(answer.refused for answer in answers):
        raise typer.Exit(1)


@webhooks.command("add", help=t("webhook.add.help"))
def webhook_add(
    folder: FolderArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help=t("webhook.url"))],
    kinds: Annotated[list[str] | None, typer.Option("--kind", help=t("webhook.kind"))] = None,
    account: Annotated[str, typer.Option("--account", metavar="ACCOUNT", help=t("webhook.account"))] = "",
    as_json: JsonOption = False,
) -> None:
    """Subscribe."""
    with open_webhooks(folder) as service:
        made, secret = service.subscribe(url, kinds or (), account)
    document = {**made.to_dict(), "secret": secret}
    show_json(document) if as_json else say_line(t("webhook.added", id=made.id, secret=secret))


@webhooks.command("list", help=t("webhook.list.help"))
def webhook_list(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Subscriptions, with what could not be delivered."""
    with open_webhooks(folder) as service:
        found = service.subscriptions()
    if as_json:
        show_json([{**made.to_dict(), "dead": dead} for made, dead in found])
        return
    headers = [t(f"column.{key}") for key in ("subscription", "url", "kinds", "state", "dead")]
    rows = [(m.id, m.url, " ".join(m.kinds), t(f"webhook.{m.state}"), dead) for m, dead in found]
    show_table(headers, rows, whole=(0,))


@webhooks.command("deliveries", help=t("webhook.deliveries.help"))
def webhook_deliveries(folder: FolderArgument, subscription: SubscriptionArgument, as_json: JsonOption = False) -> None:
    """What a receiver was or is to be told, and what came of it."""
    with open_webhooks(folder) as service:
        found = [each.to_dict() for each in service.deliveries(subscription)]
    if as_json:
        show_json(found)
        return
    names = ("index", "state", "attempts", "outcome")
    rows = [[each[name] if name != "state" else t(f"webhook.{each[name]}") for name in names] for each in found]
    show_table([t(f"column.{name}") for name in names], rows)


@webhooks.command("test", help=t("webhook.test.help"))
def webhook_test(folder: FolderArgument, subscription: SubscriptionArgument, as_json: JsonOption = False) -> None:
    """Send a message that tells of nothing."""
    from tanhui.registry.webhooks.outbox import is_delivered

    with open_webhooks(folder) as service:
        outcome = service.test(subscription)
    document = {"delivered": is_delivered(outcome), "outcome": outcome}
    show_json(document) if as_json else say_line(t("webhook.tested", outcome=outcome))
    if not document["delivered"]:
        raise typer.Exit(1)


@webhooks.command("pause", help=t("webhook.pause.help"))
def webhook_pause(folder: FolderArgument, subscription: SubscriptionArgument, as_json: JsonOption = False) -> None:
    """Send nothing until it is resumed."""
    with open_webhooks(folder) as service:
        found = service.pause(subscription)
    show_json(found.to_dict()) if as_json else say_line(t("webhook.now_paused", id=subscription))


@webhooks.command("resume", help=t("webhook.resume.help"))
def webhook_resume(folder: FolderArgument, subscription: SubscriptionArgument, as_json: JsonOption = False) -> None:
    """Go on where it was paused."""
    with open_webhooks(folder) as service:
        found = service.resume(subscription)
    show_json(found.to_dict()) if as_json else say_line(t("webhook.resumed", id=subscription))


@webhooks.command("rotate", help=t("webhook.rotate.help"))
def webhook_rotate(folder: FolderArgument, subscription: SubscriptionArgument, as_json: JsonOption = False) -> None:
    """A new secret."""
    with open_webhooks(folder) as service:
        found, secret = service.rotate(subscription)
    document = {**found.to_dict(), "secret": secret}
    show_json(document) if as_json else say_line(t("webhook.added", id=subscription, secret=secret))


@webhooks.command("end", help=t("webhook.end.help"))
def webhook_end(folder: FolderArgument, subscription: SubscriptionArgument, as_json: JsonOption = False) -> None:
    """End a subscription."""
    with open_webhooks(folder) as service:
        service.end(subscription)
    show_json({"ended": subscription}) if as_json else say_line(t("webhook.ended", id=subscription))


@webhooks.command("again", help=t("webhook.again.help"))
def webhook_again(folder: FolderArgument, subscription: SubscriptionArgument, as_json: JsonOption = False) -> None:
    """Try again what was given up."""
    with open_webhooks(folder) as service:
        count = service.again(subscription)
    show_json({"again": count}) if as_json else say_line(t("webhook.tried_again", count=count))


@webhooks.command("deliver", help=t("webhook.deliver.help"))
def webhook_deliver(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Deliver what is due until nothing is."""
    delivered, failed = 0, dict[str, int]()
    with open_webhooks(folder) as service:
        while results := service.deliver():
            for result in results:
                delivered += not result.failure
                if result.failure:
                    failed[result.failure] = failed.get(result.failure, 0) + 1
    document: dict[str, Any] = {"delivered": delivered, "failed": failed}
    if as_json:
        show_json(document)
    else:
        why = ", ".join(f"{code} × {count}" for code, count in sorted(failed.items()))
        say_line(t("webhook.delivered", delivered=delivered, failed=why or 0))


def open_webhooks(folder: Path) -> Webhooks:
    """The webhooks of a registry whose layout is ours."""
    from tanhui.faces.migrations import checked
    from tanhui.registry.webhooks.service import Webhooks

    return Webhooks(checked(folder))


def anchors(trust: Path | None, where: Path | str) -> tuple[NoteKey, ...]:
    """The keys to believe: those named, else those that a registry's own folder hands out."""
    from tanhui.registry.anchors import load_log_keys
    from tanhui.registry.folder import TRUST

    if trust is None and isinstance(where, str):
        raise InputError("operations.trust_needed")
    return load_log_keys(trust or Path(where) / TRUST)


def read_passphrase(*, twice: bool = False) -> str:
    """The passphrase of keys in a backup, from the environment or typed unseen."""
    known = os.environ.get(PASSPHRASE)
    return known or str(typer.prompt(t("backup.passphrase"), hide_input=True, confirmation_prompt=twice, err=True))


def read_text(path: Path) -> str:
    """A checkpoint that somebody kept."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("operations.checkpoint_unreadable", path=str(path), detail=str(error)) from None

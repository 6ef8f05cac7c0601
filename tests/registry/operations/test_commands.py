"""The commands of those who run a registry, as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tanhui.registry.log.cosignature import COSIGNATURE_V1
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.operations.witnesses import WITNESSES
from tanhui.registry.service import Registry
from tests.registry.conftest import World
from tests.registry.operations.servers import WitnessServer, handler, serving


def tanhui(*arguments: object, lang: str = "en", code: int = 0, **more: str) -> str:
    """A real call; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tanhui", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "TANHUI_LANG": lang, **more},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if "--json" in arguments or code == 0 else done.stdout + done.stderr


def answer(*arguments: object, code: int = 0, **more: str) -> Any:
    return json.loads(tanhui(*arguments, "--json", code=code, **more))


def test_publish_replay_and_compare(world: World, tmp_path: Path):
    folder, log, trust = world.folder, tmp_path / "log", world.folder / "trust.json"
    (tmp_path / "kept").write_text(world.registry.checkpoint())
    world.registry.transfer(world.owner, world.buyer, world.batch, 1, request="t")
    published = answer("registry", "publish", folder, log)
    assert (published["size"], published["new_leaves"]) == (published["size"], published["size"])
    verdict = answer("registry", "replay", log, "--trust", trust)
    assert verdict["verdict"] == "holds"
    assert verdict["facts"]["root"] == published["root"]
    assert "–" in tanhui("registry", "replay", log, code=1)
    assert answer("registry", "openings", folder, "--out", tmp_path / "o.jsonl")["openings"] == 2
    assert answer("registry", "replay", log, "--trust", trust, "--openings", tmp_path / "o.jsonl")["verdict"] == "holds"
    for source in (folder, log):
        assert answer("registry", "compare", source, tmp_path / "kept", "--trust", trust)["verdict"] == "grown"
    assert answer("registry", "compare", log, tmp_path / "kept", code=2)["error"]["code"] == "operations.trust_needed"
    missing = answer("registry", "compare", folder, tmp_path / "none", code=2)
    assert missing["error"]["code"] == "operations.checkpoint_unreadable"


def test_backup_restore_and_the_decision_about_a_loss(world: World, tmp_path: Path):
    folder, kept = world.folder, tmp_path / "kept"
    made = answer("registry", "backup", folder, tmp_path / "b", "--keys", TANHUI_PASSPHRASE="x")
    assert (
        answer("registry", "backup", folder, tmp_path / "b", code=2)["error"]["code"] == "operations.target_not_empty"
    )
    world.registry.transfer(world.owner, world.buyer, world.batch, 1, request="t")
    kept.write_text(world.registry.checkpoint())
    again, old = tmp_path / "again", tmp_path / "old"
    whole = answer("registry", "restore", tmp_path / "b", again, "--keys", TANHUI_PASSPHRASE="x")
    assert (whole["size"], whole["missing"], whole["read_only"]) == (made["size"], "0", False)
    said = tanhui(
        "registry", "restore", tmp_path / "b", old, "--kept", kept, "--keys", code=1, lang="zh", TANHUI_PASSPHRASE="x"
    )
    assert "缺少 2 条" in said
    rolled_back = answer("registry", "compare", old, kept, "--evidence", tmp_path / "evidence.json", code=1)
    assert rolled_back["verdict"] == "rollback"
    assert json.loads((tmp_path / "evidence.json").read_text()) == rolled_back["evidence"]
    refused = answer("registry", "account", old, "Late Ltd", code=1)
    assert refused["error"]["code"] == "registry.restored_older"
    assert (
        answer("registry", "restore", old, "--accept-loss", code=1)["error"]["code"] == "operations.loss_needs_people"
    )
    person = world.registry.declaration.person
    entry = answer("registry", "restore", old, "--accept-loss", "--as", person)
    assert entry["record"]["topic"] == "restore.loss"
    answer("registry", "account", old, "Late Ltd")
    for wrong in ((tmp_path / "b", old, "--accept-loss"), (tmp_path / "b",), (tmp_path, tmp_path / "r")):
        answer("registry", "restore", *wrong, code=2)


def test_migrate(tmp_path: Path):
    folder = tmp_path / "old"
    Registry.init(folder, "registry.example/old").close()  # as it was made before there was a history
    assert answer("registry", "accounts", folder, code=2)["error"]["code"] == "migrations.older"
    first = answer("registry", "migrate", folder)
    assert (first["before"], answer("registry", "migrate", folder)["before"]) == ("", first["after"])
    assert answer("registry", "accounts", folder) == []


def test_witness(world: World, tmp_path: Path):
    assert answer("registry", "witness", world.folder, code=2)["error"]["code"] == "operations.no_witnesses"
    signer = NoteSigner("witness.example", bytes(32), COSIGNATURE_V1)
    (tmp_path / "w").mkdir()
    server = WitnessServer(tmp_path / "w", signer, {world.registry.origin: world.trust})
    with serving(handler(server.answer)) as url:
        (world.folder / WITNESSES).write_text(f'[[witness]]\nurl = "{url}"\nkey = "{signer.key}"\n')
        assert answer("registry", "witness", world.folder)[0]["refused"] is None
        assert "cosigned" in tanhui("registry", "witness", world.folder)
        # A restore asks the witness; it has seen more than this old copy.
        shutil.copytree(world.folder, tmp_path / "copy")
        world.registry.transfer(world.owner, world.buyer, world.batch, 1, request="t")
        answer("registry", "witness", world.folder)
        answer("registry", "backup", tmp_path / "copy", tmp_path / "b")
        assert answer("registry", "restore", tmp_path / "b", tmp_path / "r", code=1)["missing"] == "2"
    # Silent, it might have seen more: nothing is put back unless it is told that way.
    answer("registry", "restore", tmp_path / "b", tmp_path / "r2", code=2)
    assert answer("registry", "restore", tmp_path / "b", tmp_path / "r2", "--unwitnessed")["missing"] == "0"


def test_webhooks(world: World):
    made = answer("registry", "webhook", "add", world.folder, "https://hooks.example.com/x", "--kind", "transfer")
    assert made["secret"].startswith("whsec_")
    assert made["kinds"] == ["transfer"]
    assert [row["id"] for row in answer("registry", "webhook", "list", world.folder)] == [made["id"]]
    assert made["id"] in tanhui("registry", "webhook", "list", world.folder, lang="zh")
    assert answer("registry", "webhook", "deliver", world.folder) == {"delivered": 0, "failed": {}}
    assert answer("registry", "webhook", "again", world.folder, made["id"]) == {"again": 0}
    assert answer("registry", "webhook", "deliveries", world.folder, made["id"]) == []
    assert answer("registry", "webhook", "pause", world.folder, made["id"])["state"] == "paused"
    assert "paused" in tanhui("registry", "webhook", "list", world.folder)
    assert answer("registry", "webhook", "resume", world.folder, made["id"])["state"] == "open"
    assert answer("registry", "webhook", "rotate", world.folder, made["id"])["secret"] != made["secret"]
    tested = answer("registry", "webhook", "test", world.folder, made["id"], code=1)
    assert tested == {"delivered": False, "outcome": "webhooks.host_unknown"}
    answer("registry", "webhook", "end", world.folder, made["id"])
    answer("registry", "webhook", "end", world.folder, made["id"], code=1)
    refused = answer("registry", "webhook", "add", world.folder, "https://169.254.169.254/", code=2)
    assert refused["error"]["code"] == "webhooks.host_refused"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help(lang: str):
    said = tanhui("registry", "--help", lang=lang)
    for name in ("publish", "replay", "openings", "backup", "restore", "compare", "migrate", "witness", "webhook"):
        assert name in said
        assert tanhui("registry", name, "--help", lang=lang)

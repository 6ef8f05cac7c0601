"""The commands for projects: each step from files, what comes next, and everything that is wrong at once."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from openpyxl import Workbook

from tanhui.faces.cli import app, language, projects, projects_losses, show
from tanhui.faces.cli.app import run
from tanhui.registry.service import Registry
from tests.registry.documents import run_documents

BOX = [[112.0, 27.0], [112.01, 27.0], [112.01, 27.01], [112.0, 27.01], [112.0, 27.0]]
CREDITING = {"crediting_first": "2024-01-01", "crediting_last": "2063-12-31"}
DESIGN = {"methodology": "ccer/14-001-v01", "project_start": "2024-01-01", "registered_elsewhere": "no", **CREDITING}
RIGHT = {
    "小班号": "1",
    "不动产权证号": "C-1",
    "证载权利人": "李四",
    "合同编号": "HT-1",
    "所有权人": "东岳村",
    "承包方": "李四",
    "经营者": "绿源公司",
    "所有制": "集体",
    "起始日期": "2020-01-01",
    "终止日期": "2069-12-31",
    "证载面积": 1500,
    "碳汇收益权授权": "是",
    "会议决议哈希": "ab" * 32,
    "收益分成比例": 0.6,
}


class Desk:
    """A registry in a folder, and commands on it, called in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], speak: Callable[[str], None]) -> None:
        self.folder, self.capsys, self.speak = folder, capsys, speak
        self.run("init", "--name", "demo.example/cli", project=False)
        self.owner, self.validator, self.verifier, self.pool = (
            self.account(name, role)
            for name, role in (("o", "owner"), ("v", "validator"), ("w", "verifier"), ("p", "buffer"))
        )
        box = {"type": "Polygon", "coordinates": [BOX]}
        feature = {"type": "Feature", "properties": {"parcel_id": "1"}, "geometry": box}
        land = {"type": "FeatureCollection", "features": [feature]}
        (folder / "land.geojson").write_text(json.dumps(land), encoding="utf-8")

    def call(self, command: str, *arguments: object, project: str | bool = "p-1", lang: str = "en") -> Any:
        """Exit code, stdout and stderr."""
        self.speak(lang)
        named = ("--project", project) if project else ()
        code = run([str(word) for word in ("registry", command, self.folder / "r", *named, *arguments)])
        return CompletedProcess(command, code, *self.capsys.readouterr())

    def run(self, command: str, *arguments: object, project: str | bool = "p-1") -> Any:
        done = self.call(command, *arguments, project=project)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in arguments else done.stdout

    def account(self, name: str, role: str) -> str:
        found: str = self.run("account", name, "--role", role, "--json", project=False)["id"]
        return found

    def paper(self, *kinds: str) -> list[str]:
        """Documents as the command line names them."""
        for kind in kinds:
            (self.folder / f"{kind}.txt").write_text(kind, encoding="utf-8")
        return [word for kind in kinds for word in ("--evidence", f"{kind}={kind}.txt")]

    def design(self, book: str = "ccer", **facts: str) -> list[str]:
        """A whole design step."""
        words = ["--book", book, "--act", "publish_design", "--account", self.owner, "--date", "2026-01-05"]
        return [*words, *self.paper("design_document"), *told(facts)]

    def tenure(self, **changed: object) -> str:
        """A tenure table of one row."""
        book = Workbook()
        row = {**RIGHT, "承包方账户": self.pool, "经营者账户": self.owner, "所有权人账户": self.owner, **changed}
        book.active.append(list(row))
        book.active.append(list(row.values()))
        book.save(self.folder / "tenure.xlsx")
        return "tenure.xlsx"


def told(facts: dict[str, str]) -> list[str]:
    return [word for name, value in facts.items() for word in ("--fact", f"{name}={value}")]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)

    def speak(lang: str) -> None:
        for module in (app, language, projects, projects_losses, show):
            monkeypatch.setattr(module, "LANG", lang)

    yield Desk(tmp_path, capsys, speak)
    signal.signal(signal.SIGTERM, before)


def test_a_step_says_where_the_project_stands_and_keeps_only_hashes(desk: Desk):
    shown = desk.run("step", *desk.design(**DESIGN, validator=desk.validator), "--json")
    assert (shown["project"], shown["state"], shown["parties"]["owner"]) == ("p-1", "design_notice", desk.owner)
    assert "banner" not in shown
    listed = desk.run("projects", "--json", project=False)
    assert listed == [{"project": "p-1", "book": "ccer", "mark": "", "state": "design_notice"}]
    assert b"design_document" not in (desk.folder / "r" / "trust.json").read_bytes()
    comment = ["--act", "comment", "--date", "2026-01-06", *desk.paper("comment"), "--json"]
    waiting = desk.run("step", *comment)["open"]
    assert waiting == [{"kind": "comment", "sha256": sha256(b"comment").hexdigest()}]


def test_everything_that_is_wrong_is_said_at_once(desk: Desk):
    lost = ["--evidence", "design_document=gone.txt", "--evidence", "comment=gone-too.txt"]
    refused = desk.call("step", *desk.design()[:8], *lost, "--json")
    codes = [fault["code"] for fault in json.loads(refused.stdout)["error"]["faults"]]
    assert (refused.returncode, codes) == (2, ["cli.no_document"] * 2)
    words = ["--evidence", "design_document", "--evidence", "=x", "--evidence", "a=b", "--evidence", "a=c"]
    refused = desk.call("step", *desk.design()[:8], *words, "--json")
    codes = [fault["code"] for fault in json.loads(refused.stdout)["error"]["faults"]]
    assert (refused.returncode, codes) == (2, ["cli.not_a_pair", "cli.not_a_pair", "cli.given_twice"])
    refused = desk.call("step", *desk.design(methodology="x", registered_elsewhere="vcs", **CREDITING), "--json")
    codes = {fault["code"] for fault in json.loads(refused.stdout)["error"]["faults"]}
    assert (refused.returncode, codes) == (
        1,
        {"lifecycle.fact_missing", "lifecycle.unknown_methodology", "lifecycle.double_registered"},
    )
    for words, option in (
        (["--act", "publish_design"], "--book"),
        (["--act", "publish_design", "--book", "ccer"], "--account"),
        (["--act", "fly", "--book", "ccer"], "--role"),
    ):
        refused = desk.call("step", *words)
        assert refused.returncode == 2
        assert option in refused.stderr
    assert desk.call("step", *desk.design(), "--tenure", "x.csv").returncode == 2
    assert desk.run("projects", "--json", project=False) == []


def test_land_and_tenure_come_with_the_step(desk: Desk):
    design = [*desk.design("sandbox", methodology="x", **CREDITING), "--parcels", "land.geojson"]
    short = desk.tenure(终止日期="2040-12-31", 碳汇收益权授权="否")
    refused = desk.call("step", *design, "--tenure", short, "--proponent", "绿源公司", "--json")
    codes = [fault["code"] for fault in json.loads(refused.stdout)["error"]["faults"]]
    assert (refused.returncode, codes) == (2, ["tenure.term_too_short", "tenure.not_authorised"])
    desk.run("step", *design, "--tenure", desk.tenure(), "--proponent", "绿源公司")
    (parcel,) = desk.run("land", "--json")
    # By hand: 1,500 mu are 1,000,000 m2, less than the outline's 1,099,731.3 m2 (pyproj.Geod).
    assert (parcel["credited_m2"], parcel["decided_by"]) == (1_000_000, "certified")
    assert abs(parcel["area_m2"] - 1_099_731.3) < 1
    assert "certified area" in desk.run("land")
    other = [word.replace("design_document.txt", "other.txt") for word in design]
    (desk.folder / "other.txt").write_text("another design")
    taken = desk.call("step", *other, project="p-2")
    assert taken.returncode == 1
    assert "p-1" in taken.stderr


def test_next_in_both_languages_with_provisional_days_and_the_mark_of_a_scenario(desk: Desk):
    existing = {"existing_forest_m2": "0", "project_area_m2": "100"}
    design = desk.design("scenario/fast-track", **DESIGN, validator=desk.validator, **existing)
    design[design.index("2026-01-05")] = "2026-12-14"
    assert "scenario, not a rule in force" in desk.run("step", *design)
    english, chinese = (
        desk.run("next", "--date", "2026-12-15"),
        desk.call("next", "--date", "2026-12-15", lang="zh").stdout,
    )
    assert "scenario, not a rule in force" in english
    assert "情景，非现行规则" in chinese
    assert "provisional" in english
    assert "暂定" in chinese
    assert "validation body" in english
    assert "审定机构" in chinese
    shown = desk.run("next", "--date", "2026-12-15", "--json")
    steps = {step["act"]: step for step in shown["next"]}
    assert steps["validate"]["earliest"]["provisional"] is True
    assert steps["validate"]["missing"]
    assert shown["banner"]
    assert "scenario" in desk.run("projects", project=False)


def walk(desk: Desk) -> None:
    """A VCS project up to the credits, of which it puts 120 t of 1,000 t into the buffer."""
    facts: dict[str, dict[str, str]] = {
        "publish_design": {**DESIGN, "methodology": "verra/vm0047"},
        "publish_report": {"period_first": "2024-01-01", "period_last": "2025-12-31", "verifier": desk.verifier},
        "verify": {"credits_t": "1000"},
        "apply_issuance": {"credits_t": "1000", "buffer_t": "120"},
    }
    papers = {
        "publish_design": ["design_document"],
        "validate": ["validation_report", "design_document"],
        "apply_registration": ["application", "commitment", "design_document", "validation_report"],
        "register": ["decision"],
        "publish_report": ["accounting_report"],
        "verify": ["verification_report", "accounting_report"],
        "apply_issuance": ["application", "commitment", "accounting_report", "verification_report", "risk_report"],
    }
    days = ("2026-01-05", "2026-02-09", "2026-02-10", "2026-03-02", "2026-03-09", "2026-04-13", "2026-04-14")
    who = {"publish_design": desk.owner, "validate": desk.validator, "verify": desk.verifier}
    land = ["--parcels", "land.geojson", "--tenure", desk.tenure(), "--proponent", "绿源公司"]
    for (act, kinds), on in zip(papers.items(), days, strict=True):
        more = [*desk.paper(*kinds), *told(facts.get(act, {})), *(land if act == "publish_design" else [])]
        more += ["--account", who[act]] if act in who else []
        desk.run("step", "--book", "vcs", "--act", act, "--date", on, *more)
    out = desk.folder / "out"
    out.mkdir()
    result, manifest, _ = run_documents("p-1", {2024: 500, 2025: 500})
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_credits_a_fire_and_the_income(desk: Desk):
    walk(desk)
    issue = ["--act", "issue", "--date", "2026-04-30", *desk.paper("decision")]
    assert "--region" in desk.call("step", *issue, "--run", "out").stderr
    assert "must come with the credits" in desk.call("step", *issue).stderr
    assert "120 t belong into the buffer" in desk.call("step", *issue, "--run", "out", "--region", "CN-HN").stderr
    given = ["--run", "out", "--region", "CN-HN", "--buffer", desk.pool, "--request", "credits", "--json"]
    issued = desk.run("step", *issue, *given)
    assert [batch["units"] for batch in issued["batches"]] == ["500", "500"]
    assert desk.run("step", *issue, *given) == issued  # the same request acts once
    # A fire of 200 t: by hand 120 t from the buffer and 80 t owed by the owner. 0.0025 x 0.01 degrees at 27.005 N are
    # 27.493 ha (pyproj.Geod), with 8.08 t CO2/ha of which 0.9 are lost 199.93 t.
    stratum = {"id": "1", "stratum": "s", "rings": [BOX]}
    stock = {
        "quantity": "tree_t_ha",
        "domain": "s",
        "source": "tanhui",
        "year": 2025,
        "value": 8.08 * 12 / 44,
        "se": 0.2,
    }
    burnt = {"type": "Polygon", "coordinates": [[[min(x, 112.0025), y] for x, y in BOX]]}
    (desk.folder / "fire.geojson").write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": burnt}))
    result = {
        **json.loads((desk.folder / "out" / "result.json").read_text()),
        "map": {"parcels": [stratum]},
        "estimates": [stock],
    }
    (desk.folder / "stocks").mkdir()
    (desk.folder / "stocks" / "result.json").write_text(json.dumps(result))
    fire = ["--burnt", "fire.geojson", "--run", "stocks", "--day", "2026-06-01", "--cause", "unavoidable"]
    fire += ["--share-lost", "0.9", "--area-rse", "0.1", "--date", "2026-06-02", "--report", "loss_report.json"]
    assert "name its account" in desk.call("loss", *fire).stderr
    assert not (desk.folder / "loss_report.json").exists()
    fire += ["--buffer", desk.pool]
    foreseen = desk.run("loss", *fire, "--json")
    assert (foreseen["lost_t"], foreseen["reported"]) == ("200", False)
    assert foreseen["ci90_co2_t"][0] < foreseen["co2_t"] < foreseen["ci90_co2_t"][1]
    assert "1 reversals" not in desk.run("next", "--date", "2026-06-02")  # a dry run
    assert "80 t remain the owner's debt" in desk.run("loss", *fire, "--submit")
    papers = ["--evidence", "loss_report=loss_report.json", *desk.paper("decision"), "--date", "2026-06-03"]
    assert "name its account" in desk.call("settle", *papers).stderr
    settled = desk.run("settle", *papers, "--buffer", desk.pool, "--json")
    taken = {measure["measure"]: measure["amount_t"] for measure in settled["measures"]}
    assert (taken["cancel_buffer"], taken["owner_debt"], settled["owed_t"]) == ("120", "80", {"debt": 80})
    assert settled["measures"] == foreseen["foreseen"]["measures"]
    due = ["--kind", "debt", "--from", desk.owner, "--creditor", desk.pool, "--batch", issued["batches"][1]["id"]]
    assert desk.call("repay", *due, "--units", "81").returncode == 1
    assert desk.run("repay", *due, "--units", "30", "--json")["owed_t"] == "50"
    assert "owes 0 t" in desk.run("repay", *due, "--units", "50")
    # 600.00 of 1,000.00 yuan go to the household, the rest stays with the operator, who pays.
    orders = [("define_asset", {"unit": "fen"}), ("mint", {"target": desk.owner, "amount": 100_000})]
    with Registry(desk.folder / "r") as registry:
        for act, more in orders:
            issuer = {"issuer": registry.declaration.account} if act == "define_asset" else {}
            registry.do(act, act, asset="CNY", **more, **issuer)
    pay = ["--amount", "100000", "--asset", "CNY", "--from", desk.owner, "--from-day", "2024-01-01"]
    pay += ["--to-day", "2025-12-31", "--request", "pay"]
    shown = desk.run("pay", *pay, "--out", "statements.txt", "--json")
    assert shown["totals"][0] == {"pot": "contracts", "fen": "100000", "paid_fen": "100000", "accounts": "2"}
    assert "1,000.00" in desk.run("pay", *pay)
    assert "600.00" in (desk.folder / "statements.txt").read_text(encoding="utf-8")
    with Registry(desk.folder / "r") as registry:
        held = {place.owner: amount for asset, place, amount in registry.amounts() if asset == "CNY"}
    assert (held[desk.pool], held[desk.owner]) == (60_000, 40_000)
    assert desk.call("pay", *pay, "--scheme", "community_20").returncode == 1
    assert desk.call("audit", project=False).returncode == 0

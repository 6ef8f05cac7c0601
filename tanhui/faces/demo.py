"""The whole river on the two examples: real stocks, then an illustrative project down to a verified certificate.

The result folder holds ``rhode-island`` and ``afforestation-hunan`` (each with its report), ``registry`` (a sandbox),
``trust.json`` and ``certificate.json``. It appears finished or not at all.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import readable_bytes
from tanhui.kernel.data import package_root
from tanhui.kernel.errors import InputError
from tanhui.kernel.files import staged_folder, write_whole
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.time import Period
from tanhui.kernel.wording import LANGS, say

if TYPE_CHECKING:
    from tanhui.projects.run import Finished

__all__ = ["example_folder", "run_demo"]

REAL, ILLUSTRATIVE = "rhode-island", "afforestation-hunan"
REGISTRY_NAME = "demo.tanhui.example/hunan"


def example_folder(name: str) -> Path:
    """An example: beside the package in a checkout, inside it in a wheel."""
    for parent in (package_root() / "examples", package_root().parent / "examples"):
        if (parent / name / "project.toml").is_file():
            return parent / name
    raise InputError("demo.no_example", name=name)


def run_demo(out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Run both examples, issue, transfer and retire in a sandbox, and verify the certificate.

    Returns
    -------
    dict
        ``examples``: per example its title, report and headline figures in both languages; ``certificate`` and the
        ``verdict`` on it.
    """
    from tanhui.projects.run import run_project

    report = progress or silent
    with staged_folder(out) as stage:
        real = run_project(example_folder(REAL), stage / REAL, report)
        project = run_project(example_folder(ILLUSTRATIVE), stage / ILLUSTRATIVE, report)
        trade = trade_in_sandbox(project, stage)
        document = {
            "format": "tanhui-demo-1",
            "examples": [summary(real, out / REAL), summary(project, out / ILLUSTRATIVE)],
            "certificate": str(out / "certificate.json"),
            "trust": str(out / "trust.json"),
            **trade,
        }
        write_whole(stage / "manifest.json", readable_bytes(document))
    return document


def trade_in_sandbox(project: Finished, stage: Path) -> dict[str, Any]:
    """Issue the claim in a sandbox registry, sell some of it, retire some, and check the certificate offline."""
    from tanhui.faces.opening import make_registry
    from tanhui.registry.anchors import load_log_keys
    from tanhui.registry.certificate import certificate_bytes
    from tanhui.registry.folder import TRUST
    from tanhui.registry.verify import verify_certificate_file

    with make_registry(stage / "registry", REGISTRY_NAME) as registry:
        developer = registry.open_account("项目业主（示例）", request="demo-account-1")
        buyer = registry.open_account("买方（示例）", request="demo-account-2")
        claim = project.result["claims"][0]
        batches = registry.issue_from_claim(
            project.result, project.manifest, claim, owner=developer.id, region="CN-HN", request="demo-issue"
        )
        batch = batches[-1]
        sold = batch.serials.units // 2
        registry.transfer(developer.id, buyer.id, batch.id, sold, request="demo-transfer")
        retirement = registry.retire(
            buyer.id,
            batch.id,
            max(sold // 2, 1),
            beneficiary="某会议（示例）",
            purpose="voluntary",
            period=Period.inclusive(date(2025, 1, 1), date(2025, 12, 31)),
            request="demo-retire",
        )
        certificate = registry.certificate(retirement.id)
    shutil.copy(stage / "registry" / TRUST, stage / "trust.json")
    write_whole(stage / "certificate.json", certificate_bytes(certificate))
    verdict = verify_certificate_file(
        stage / "certificate.json", load_log_keys(stage / "trust.json"), run_folder=stage / ILLUSTRATIVE
    )
    return {
        "issued": {str(b.vintage): b.serials.units for b in batches},
        "transferred": sold,
        "retirement": retirement.to_dict(),
        "verdict": verdict.status,
        "exit_code": verdict.exit_code,
    }


def summary(finished: Finished, out: Path) -> dict[str, Any]:
    """An example's report and headline figures."""
    from tanhui.projects.report.numbers import digits_for, number
    from tanhui.projects.report.page import headline

    figures = []
    for card in headline(finished.result):
        digits = digits_for(card["value"], card["se"])
        low, high = (number(x, digits) for x in card["ci90"])
        value = f"{number(card['value'], digits)} {card['unit']}"
        figures.append({lang: f"{card['name'][lang]} {card['year']}: {value} ({low} – {high})" for lang in LANGS})
    figures += [
        {lang: say("cli.run.credits", lang, credits=f"{claim['credits_t']:,}") for lang in LANGS}
        for claim in finished.result["claims"]
        if claim["credits_t"]
    ]
    return {"title": finished.result["title"], "report": str(out / "report.html"), "figures": figures}

"""The command line: help for everything, one JSON document, exit codes, both languages."""

import json
import os
import subprocess
import sys

import pytest
from typer.main import get_command

from tanhui.faces.cli.app import app
from tanhui.faces.demo import ILLUSTRATIVE


def tanhui(*arguments, lang="en", cwd=None):
    """A real call of the command in a process of its own."""
    environment = {**os.environ, "TANHUI_LANG": lang}
    return subprocess.run(
        [sys.executable, "-m", "tanhui", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
    )


def commands(group, path=()):
    """Every command of the tree with its path."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(get_command(app)))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_and_json(path):
    command = ALL[path]
    assert command.help
    names = {name for parameter in command.params for name in parameter.opts}
    assert "--json" in names
    for parameter in command.params:
        assert parameter.name == "help" or getattr(parameter, "help", None), parameter.name


def test_help_in_both_languages():
    english, chinese = tanhui("--help").stdout, tanhui("--help", lang="zh").stdout
    for name in ("run", "plan", "trees", "verify", "registry", "demo"):
        assert name in english
        assert name in chinese
    assert "first measured tree" in english
    assert "每一吨都有证明" in chinese


def test_lang_option_wins():
    assert "没有名为" not in tanhui("--lang", "zh", "equations", "show", "chave2014").stderr
    assert "每一吨" in tanhui("--lang=zh", "--help").stdout


def test_usage_error_is_exit_2_and_json_when_asked():
    plain = tanhui("trees")
    assert plain.returncode == 2
    assert plain.stderr
    asked = tanhui("trees", "--json")
    assert asked.returncode == 2
    assert json.loads(asked.stdout)["error"]["code"] == "usage"


def test_bad_input_lists_every_fault_and_is_exit_2(tmp_path):
    path = tmp_path / "trees.csv"
    path.write_text(
        "tree_id,species,dbh_cm,height_m\n1,杉木,12,8\n2,杉木,0,x\n3,杉不木,15,9\n1,杉木,-5,9\n", encoding="utf-8"
    )
    answer = tanhui("trees", path, "--region", "cn", "--json")
    assert answer.returncode == 2
    faults = json.loads(answer.stdout)["error"]["faults"]
    assert {(fault["row"], fault["column"]) for fault in faults} >= {(3, "dbh_cm"), (3, "height_m"), (5, "dbh_cm")}
    assert all(fault["reason"] for fault in faults)
    in_chinese = tanhui("trees", path, "--region", "cn", lang="zh")
    assert "第 3 行" in in_chinese.stderr


def test_unknown_equation_suggests():
    answer = tanhui("equations", "show", "chave2015")
    assert answer.returncode == 2
    assert "chave2014" in answer.stderr


def test_equation_of_the_style_page():
    # By hand from eq. (4) of Chave et al. 2014: 0.0673 * (0.6 * 30**2 * 20)**0.976 = 581.616 kg.
    answer = tanhui("equations", "eval", "chave2014", "--dbh", "30", "--height", "20", "--density", "0.6", "--json")
    assert json.loads(answer.stdout)["mean"] == pytest.approx(581.616, abs=1e-3)


def test_verify_holds_only_under_trust(demo):
    certificate, trust = demo / "certificate.json", demo / "trust.json"
    assert tanhui("verify", certificate, "--trust", trust).returncode == 0
    without = tanhui("verify", certificate, "--json")
    assert without.returncode == 1
    assert json.loads(without.stdout)["verdict"] == "consistent, issuer not authenticated"
    whole = tanhui("verify", certificate, "--trust", trust, "--run", demo / ILLUSTRATIVE)
    assert whole.returncode == 0


def test_verify_finds_a_changed_certificate(demo, tmp_path):
    data = bytearray((demo / "certificate.json").read_bytes())
    place = data.index(b'"units"') if b'"units"' in data else len(data) // 2
    data[place + 3] ^= 1
    changed = tmp_path / "certificate.json"
    changed.write_bytes(bytes(data))
    answer = tanhui("verify", changed, "--trust", demo / "trust.json")
    assert answer.returncode in (1, 2)
    assert "olds." not in answer.stdout


def test_registry_from_run_to_certificate(demo, tmp_path):
    registry = tmp_path / "registry"

    def call(*arguments):
        answer = tanhui(*arguments, "--json")
        assert answer.returncode == 0, answer.stderr + answer.stdout
        return json.loads(answer.stdout)

    made = call("registry", "init", registry, "--name", "test.example/log")
    owner = call("registry", "account", registry, "业主")["id"]
    buyer = call("registry", "account", registry, "buyer")["id"]
    batches = call("registry", "issue", registry, "--run", demo / ILLUSTRATIVE, "--owner", owner, "--region", "CN-HN")
    batch = batches[0]["id"]
    call("registry", "transfer", registry, "--from", owner, "--to", buyer, "--batch", batch, "--units", "10")
    too_many = tanhui(
        "registry", "transfer", registry, "--from", buyer, "--to", owner, "--batch", batch, "--units", "11"
    )
    assert too_many.returncode == 1
    path = tmp_path / "certificate.json"
    call(
        "registry", "retire", registry, "--account", buyer, "--batch", batch, "--units", "10",
        "--beneficiary", "somebody", "--certificate", path,
    )  # fmt: skip
    assert tanhui("verify", path, "--trust", made["trust"]).returncode == 0
    assert tanhui("registry", "audit", registry).returncode == 0
    again = tanhui("registry", "issue", registry, "--run", demo / ILLUSTRATIVE, "--owner", owner, "--region", "CN-HN")
    assert again.returncode == 1


def test_new_check_and_template(tmp_path):
    assert tanhui("new", tmp_path / "mine").returncode == 0
    assert (tmp_path / "mine" / "project.toml").is_file()
    again = tanhui("new", tmp_path / "mine")
    assert again.returncode == 2
    assert tanhui("template", tmp_path / "survey.xlsx", "--filled").returncode == 0
    assert (tmp_path / "survey.xlsx").stat().st_size > 5000


def test_confirm_sign_and_trust_loop(tmp_path):
    checklist = tmp_path / "checklist.json"
    assert tanhui("methods", "confirm", "ccer/14-001-v01", "--out", checklist).returncode == 0
    made = tanhui("methods", "key", "expert-li", "--out", tmp_path / "li.key", "--json")
    assert json.loads(made.stdout)["keys"][0]["roles"] == ["expert"]
    assert (tmp_path / "li.key").stat().st_mode & 0o777 == 0o600
    assert tanhui("methods", "key", "expert-li", "--out", tmp_path / "li.key").returncode == 2


def test_plan_prints_every_year(hunan):
    answer = tanhui("plan", hunan, "--json")
    years = json.loads(answer.stdout)["years"]
    assert [row["year"] for row in years] == list(range(2014, 2035))


def test_nothing_on_stdout_but_the_document(demo, hunan, tmp_path):
    answer = tanhui("run", hunan, "--out", tmp_path / "out", "--json")
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document == json.loads((tmp_path / "out" / "result.json").read_text())


def test_a_checklist_without_decisions_is_not_signed(tmp_path):
    checklist, key = tmp_path / "checklist.json", tmp_path / "li.key"
    tanhui("methods", "confirm", "ipcc/stock-difference", "--out", checklist)
    tanhui("methods", "key", "li", "--out", key)
    answer = tanhui("methods", "sign", checklist, "--key", key, "--out", tmp_path / "signed.json", "--json")
    assert answer.returncode == 2
    assert json.loads(answer.stdout)["error"]["code"] == "methods.nothing_decided"
    assert not (tmp_path / "signed.json").exists()


@pytest.mark.parametrize("name", ["", "x\x1b[31m", "名" * 201])
def test_account_names_are_short_and_printable(tmp_path, name):
    registry = tmp_path / "registry"
    tanhui("registry", "init", registry, "--name", "test.example/log")
    answer = tanhui("registry", "account", registry, name, "--json")
    assert answer.returncode == 2
    assert json.loads(tanhui("registry", "accounts", registry, "--json").stdout) == []

"""What goes wrong on a machine, in a call or in a table: words and exit codes, never a traceback, nothing left."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tanhui.faces.cli import show
from tanhui.faces.cli.app import run
from tanhui.faces.cli.failures import BUG, in_words
from tanhui.faces.cli.parser import complaint
from tests.faces.test_cli import tanhui

TREES = "tree_id,plot,species,dbh_cm,height_m\n1,P1,杉木,12,8\n2,P2,杉木,15,9\n3,P10,马尾松,20,12\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "样木 表.csv"
    path.write_text(TREES, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def same_signals():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def said(capsys, *call):
    """Exit code, stdout and stderr of a call in this process."""
    code = run([str(part) for part in call])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


# The machine


def test_a_file_in_the_way_of_the_output(capsys, hunan, table):
    for call in (
        ("run", hunan, "--out", table),
        ("plan", hunan, "--out", table),
        ("template", table / "s.xlsx"),
        ("methods", "key", "li", "--out", table / "li.key"),
        ("methods", "confirm", "ccer/14-001-v01", "--out", table.parent),
        ("registry", "init", table / "registry", "--name", "a.example/b"),
    ):
        code, out, err = said(capsys, *call)
        assert code == 2, call
        assert not out
        assert str(table.parent) in err
    assert table.read_text(encoding="utf-8") == TREES
    assert sorted(path.name for path in table.parent.iterdir()) == sorted(["hunan", table.name])


def limited(*call, size=20_000):
    """A call that may write no larger files, as on a full disk."""

    def limit():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    command = [sys.executable, "-m", "tanhui", *map(str, call)]
    return subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)


def test_a_full_disk_leaves_nothing(hunan, table, tmp_path):
    out = tmp_path / "results"
    for call in (
        ("run", hunan, "--out", out / "run"),
        ("plan", hunan, "--out", out / "plan"),
        ("trees", table, "--group", "plot", "--draws", "3000", "--save-draws", out / "draws.parquet"),
        ("trees", table, "--group", "plot", "--draws", "3000", "--save-draws", out / "draws.npz"),
    ):
        answer = limited(*call)
        assert answer.returncode == 2, call
        assert "no room" in answer.stderr
        assert "Traceback" not in answer.stderr
        assert not out.exists() or not list(out.iterdir()), call


def test_a_full_disk_behind_stdout(table):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "tanhui", "trees", str(table), "--draws", "5", "--json"]
        answer = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 2
    assert "no room" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-", "<&-", "| head -1", "--json | head -1"])
def test_closed_streams_and_readers_that_leave(redirect):
    call = f"'{sys.executable}' -m tanhui equations list {redirect}"
    answer = subprocess.run(["bash", "-c", call], capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert not answer.stderr


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_leaves_nothing(hunan, tmp_path, signal_number):
    out = tmp_path / "results"
    command = [sys.executable, "-c", SLOW_RUN, "run", str(hunan), "--out", str(out), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "at work\n"
    process.send_signal(signal_number)
    answer, words = process.communicate()
    assert process.returncode == 130, words
    assert json.loads(answer)["error"]["code"] == "interrupted"
    assert "nothing half-done" in words
    assert not [path for path in tmp_path.iterdir() if path.name != "hunan"]


#: A run that says when it has opened its result folder, and then takes its time.
SLOW_RUN = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background are started with it ignored
from tanhui.projects import run
def flow(*_):
    print("at work", file=sys.stderr, flush=True)
    time.sleep(60)
run.flow = flow
from tanhui.faces.cli import main
main()
"""


def test_a_mistake_of_ours_is_said_to_be_ours(monkeypatch):
    monkeypatch.delenv("TANHUI_DEBUG", raising=False)
    bug = in_words(KeyError("x"))
    assert bug.exit_code == BUG
    assert "KeyError" in bug.text("en")
    assert "我们的错误" in bug.text("zh")
    monkeypatch.setenv("TANHUI_DEBUG", "1")
    with pytest.raises(KeyError):
        in_words(KeyError("x"))
    assert in_words(MemoryError()).exit_code == 2


# The call


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ((), "用法："),
        (("treees",), "没有命令“treees”。是否指：trees"),
        (("trees",), "缺少 FILE"),
        (("trees", "a", "b"), "多余的参数：b"),
        (("trees", "a", "--grup", "x"), "没有选项 --grup。是否指：--group"),
        (("trees", "a", "--draws", "1"), "--draws 的值不对：不得小于 2"),
        (("trees", "a", "--draws", "many"), "--draws 的值不对：应为数字"),
        (("trees", "a", "--draws"), "选项 --draws 后面缺少值"),
        (("methods", "key", "li", "--role", "king", "--out", "k"), "--role 的值不对：应为 'expert', 'verifier'"),
        (("--lang", "zh", "--lang", "fr", "trees"), "zh, en"),
    ],
)
def test_wrong_usage_in_chinese(call, words):
    answer = tanhui(*call, lang="zh")
    assert answer.returncode == 2
    assert words in answer.stderr
    assert "Error" not in answer.stderr
    as_json = tanhui(*call, "--json", lang="zh")
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["error"]["code"] == "usage"


def test_help_has_no_english_in_chinese():
    for call in (("--help",), ("trees", "--help"), ("registry", "--help")):
        text = tanhui(*call, lang="zh").stdout
        for word in ("Usage", "Options", "Commands", "Arguments", "Show this", "[required]", "default:"):
            assert word not in text


def test_help_is_not_cut_short():
    assert "..." not in tanhui("--help").stdout.replace("[ARGS]...", "")


def test_a_complaint_we_do_not_know_is_shown_as_it_is():
    class Odd(Exception):
        message = "odd"
        ctx = None

        def format_message(self):
            return "odd"

    assert complaint(Odd()) == "odd"


@pytest.mark.parametrize(
    "call",
    [
        ("trees", "none.csv"),
        ("trees", "."),
        ("run", "."),
        ("explain", ".", "net"),
        ("verify", "."),
        ("verify", "none.json"),
        ("equations", "show", "none"),
        ("equations", "list", "--species", "杉不木"),
        ("equations", "list", "--region", "mars"),
        ("equations", "list", "--quantity", "weight"),
        ("equations", "eval", "chave2014", "--dbh", "nan"),
        ("equations", "eval", "chave2014", "--dbh", "0"),
        ("equations", "eval", "chave2014", "--dbh", "9999"),
        ("methods", "key", "two words", "--out", "k.key"),
        ("methods", "eval", "ccer/14-001-v01", "none.toml"),
        ("registry", "audit", "."),
        ("registry", "retire", ".", "--account", "a", "--batch", "b", "--units", "1", "--beneficiary", "c",
         "--from-day", "2025-01-01"),
        ("registry", "retire", ".", "--account", "a", "--batch", "b", "--units", "1", "--beneficiary", "c",
         "--from-day", "2025-02-01", "--to-day", "2025-01-01"),
    ],
)  # fmt: skip
def test_every_refusal_is_one_document(capsys, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, *call, "--json")
    assert code == 2
    assert json.loads(out)["error"]["message"]
    assert not err
    assert not list(tmp_path.iterdir())


def test_a_project_file_stands_for_its_folder(capsys, hunan):
    code, out, _ = said(capsys, "check", hunan / "project.toml", "--json")
    assert code == 0
    assert json.loads(out)["project"] == "afforestation-hunan"


# What people read


def test_trees_shows_every_interval(capsys, table, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = said(capsys, "trees", table, "--group", "plot", "--draws", "50")
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines if line.lstrip().startswith("P")] == ["P1", "P2", "P10"]
    assert sum(line.count(" – ") for line in lines) == 3 * 4  # three quantities of three groups and the total
    assert "95 % interval" in out
    assert max(len(line) for line in lines if not line.startswith("!")) <= 80


def test_trees_speaks_chinese_throughout(table):
    answer = tanhui("trees", table, "--draws", "20", lang="zh")
    flags = [line for line in answer.stdout.splitlines() if line.startswith("!")]
    assert flags
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in line) for line in flags)


def test_ids_are_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = said(capsys, "equations", "list", "--species", "杉木")
    _, document, _ = said(capsys, "equations", "list", "--species", "杉木", "--json")
    ids = [row["id"] for row in json.loads(document)]
    assert len(ids) > 5
    assert all(name in out for name in ids)
    assert max(map(show.text_width, out.splitlines())) <= 80


def test_a_narrow_terminal_gets_blocks_instead_of_broken_numbers(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    show.show_table(["id", "amount"], [("a-long-id-of-something", 123_456_789)], whole=(0,))
    assert "id: a-long-id-of-something\namount: 123,456,789\n" in capsys.readouterr().out


def test_signs_that_steer_a_terminal_are_shown_and_not_sent(capsys, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("plot,dbh_cm,species\n\x1b[31mred,12,杉木\n[bold]x[/bold],13,杉木\n", encoding="utf-8")
    code, out, _ = said(capsys, "trees", path, "--group", "plot", "--draws", "5")
    assert code == 0
    assert "\x1b" not in out
    assert "\\x1b[31mred" in out
    assert "[bold]x[/bold]" in out
    path.write_text("dbh_cm,species\n12,\x1b[31m杉\n", encoding="utf-8")
    assert "\x1b" not in said(capsys, "trees", path)[2]


def test_json_where_the_terminal_knows_ascii_only(table):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "TANHUI_LANG": "zh"}
    command = [sys.executable, "-m", "tanhui", "trees", str(table), "--draws", "5"]
    answer = subprocess.run([*command, "--json"], capture_output=True, env=environment, check=False)
    assert json.loads(answer.stdout)["file"] == table.name
    assert subprocess.run(command, capture_output=True, env=environment, check=False).returncode == 0


def test_run_shows_names_and_intervals(demo, capsys):
    from tanhui.faces.cli.project import show_run
    from tests.faces.test_cli import ILLUSTRATIVE

    result = json.loads((demo / ILLUSTRATIVE / "result.json").read_text(encoding="utf-8"))
    show_run(result)
    out = capsys.readouterr().out
    assert "tree_co2e_t" not in out
    assert out.count(" – ") == sum(e["quantity"] in result["headline"] for e in result["estimates"])


def test_a_broken_run_folder_is_not_explained(capsys, demo, tmp_path):
    import shutil

    from tests.faces.test_cli import ILLUSTRATIVE

    folder = shutil.copytree(demo / ILLUSTRATIVE, tmp_path / "run")
    for text in ("[]", "{}", "[" * 100_000):
        (folder / "manifest.json").write_text(text)
        code, out, _ = said(capsys, "explain", folder, "net", "--json")
        assert code in (1, 2)
        assert json.loads(out)["error"]["code"].startswith("explain.")

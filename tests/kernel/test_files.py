"""Files and folders appear whole or not at all, and nothing foreign is replaced."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tanhui.kernel.errors import InputError
from tanhui.kernel.files import is_result_folder, staged_folder, write_whole

MANIFEST = '{"format": "tanhui-manifest-1"}'


def write(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(MANIFEST, encoding="utf-8")
    (folder / "result.json").write_text(text, encoding="utf-8")


def test_a_folder_appears_finished_and_replaces_an_earlier_result(tmp_path: Path):
    out = tmp_path / "deep" / "out [1]"
    for text in ("first", "second"):
        with staged_folder(out) as stage:
            assert stage != out
            write(stage, text)
        assert (out / "result.json").read_text() == text
    assert [path.name for path in out.parent.iterdir()] == ["out [1]"]


def test_a_failure_leaves_the_old_result_and_nothing_else(tmp_path: Path):
    out = tmp_path / "out"
    with staged_folder(out) as stage:
        write(stage, "old")

    def fail() -> None:
        with staged_folder(out) as stage:
            write(stage, "half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (out / "result.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", "mine"),
        ("manifest.json", '{"name": "a web app"}'),
        ("manifest.json", "{"),
        ("manifest.json", "[]"),
    ],
)
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, name, content):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text(content)
    with pytest.raises(InputError) as refusal, staged_folder(out):
        pass
    assert refusal.value.code == "out.not_empty"
    assert (out / name).read_text() == content


def test_a_file_in_the_way_is_refused(tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError), staged_folder(tmp_path / "out"):
        pass
    assert is_result_folder(tmp_path / "out") is False


def test_a_killed_run_leaves_no_half_result_and_the_next_one_clears_up(tmp_path: Path):
    script = (
        "import sys, time; from pathlib import Path; from tanhui.kernel.files import staged_folder\n"
        "with staged_folder(Path(sys.argv[1])) as stage:\n"
        "    (stage / 'result.json').write_text('half'); print('ready', flush=True); time.sleep(60)\n"
    )
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", script, str(out)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not out.exists()
    with staged_folder(out) as stage:
        write(stage, "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_runs_into_one_folder_both_end_and_the_later_one_stands(tmp_path: Path):
    script = (
        "import sys, time; from pathlib import Path; from tanhui.kernel.files import staged_folder\n"
        "with staged_folder(Path(sys.argv[1])) as stage:\n"
        "    (stage / 'manifest.json').write_text('{\"format\": \"tanhui-manifest-1\"}')\n"
        "    print('ready', flush=True); sys.stdin.readline(); (stage / 'result.json').write_text(sys.argv[2])\n"
    )
    out = tmp_path / "out"
    runs = []
    for name in ("first", "second"):
        call = [sys.executable, "-c", script, str(out), name]
        run = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"  # both are at work before either ends
        runs.append(run)
    for run in runs:
        run.communicate("\n")
        assert run.returncode == 0
    assert (out / "result.json").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_is_written_whole(tmp_path: Path):
    path = tmp_path / "new" / "file.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.stat(path).st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_what_is_private_is_so_from_its_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, seen = tmp_path / "new" / "secret", []

    def look(handle: int) -> None:
        seen.extend(entry.stat().st_mode & 0o777 for entry in path.parent.iterdir())

    monkeypatch.setattr(os, "fsync", look)
    write_whole(path, b"one")
    write_whole(path, b"two", mode=0o600)
    assert seen == [0o600, 0o644, 0o600] or seen == [0o600, 0o600, 0o644]  # half-written ones, and the first beside it
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_reader_sees_old_or_new_bytes_and_nothing_between(tmp_path: Path):
    path = tmp_path / "file"
    contents = {bytes([65 + n]) * 200_000 for n in range(2)}
    write_whole(path, min(contents))
    script = (
        "import sys; from pathlib import Path; from tanhui.kernel.files import write_whole\n"
        "for n in range(200): write_whole(Path(sys.argv[1]), bytes([65 + n % 2]) * 200_000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(path)])
    while process.poll() is None:
        assert path.read_bytes() in contents
        time.sleep(0.001)
    assert process.returncode == 0

"""The file that only grows: killed writers, two writers, and every byte of it changed once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.projects.audit import journal
from tanhui.projects.audit.model import Event, Evidence, Subject
from tanhui.projects.audit.rules import AuditRefused

WRITER = """
import sys
from pathlib import Path
from tanhui.projects.audit import journal
from tanhui.projects.audit.model import Event
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    text = f"{name} {number} " + "x" * 3000
    event = Event(0, "2026-11-24T09:00:00Z", "auditor", "raise", text, kind="FAR", clause="1")
    journal.append(folder, event)
    print(number, flush=True)
"""


def raised(text: str = "a", **facts: object) -> Event:
    return Event(0, "2026-11-24T09:00:00Z", "auditor", "raise", text, kind="NC", clause="1", **facts)  # type: ignore[arg-type]


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_what_was_written_is_read(tmp_path: Path, subject: Subject):
    journal.begin(tmp_path / "a", subject)
    proof = (Evidence("book.pdf", "a" * 64),)
    journal.append(tmp_path / "a", raised(misstatement_co2e_t=1.5, evidence=proof, subject="Y01"))
    answer = Event(
        0,
        "2026-11-25T09:00:00+08:00",
        "owner",
        "answer",
        "b",
        finding="NC-01",
        detail={"run": "2" * 64, "net_co2e_t": 1e4},
    )
    written = journal.append(tmp_path / "a", answer)
    assert journal.read(tmp_path / "a") == written
    assert [event.number for event in written.events] == [1, 2]
    assert written.findings[0].events[0].evidence == proof


def test_a_refused_event_leaves_the_file_as_it_was(tmp_path: Path, subject: Subject):
    journal.begin(tmp_path, subject)
    before = (tmp_path / journal.JOURNAL).read_bytes()
    with pytest.raises(AuditRefused):
        journal.append(tmp_path, Event(0, "2026-11-24T09:00:00Z", "owner", "raise", "x", kind="NC", clause="1"))
    with pytest.raises(AuditRefused) as refused:
        journal.append(tmp_path, raised(detail={"x": float("nan")}))
    assert refused.value.code == "audit.not_writable"
    assert (tmp_path / journal.JOURNAL).read_bytes() == before


def test_there_is_one_audit_in_a_folder(tmp_path: Path, subject: Subject):
    with pytest.raises(InputError):
        journal.read(tmp_path)
    with pytest.raises(InputError):
        journal.append(tmp_path, raised())
    (tmp_path / journal.JOURNAL).write_bytes(b'{"auditor":"au')  # killed while it began
    journal.begin(tmp_path, subject)
    with pytest.raises(InputError) as refused:
        journal.begin(tmp_path, subject)
    assert refused.value.code == "audit.exists"


def test_every_changed_byte_is_found(tmp_path: Path, subject: Subject):
    journal.begin(tmp_path, subject)
    journal.append(tmp_path, raised("first"))
    journal.append(tmp_path, raised("second", misstatement_co2e_t=12.5))
    path = tmp_path / journal.JOURNAL
    good = path.read_bytes()
    rng = random.Random(1)
    for at in range(len(good)):
        other = rng.choice([byte for byte in (0, 10, 32, 48, 97, 255, good[at] ^ 1) if byte != good[at]])
        path.write_bytes(good[:at] + bytes([other]) + good[at + 1 :])
        with pytest.raises(IntegrityError):
            journal.read(tmp_path)
    for cut in (good.split(b"\n")[0] + b"\n" + good.split(b"\n")[2] + b"\n", good.replace(b"\n", b"\n\n", 1)):
        path.write_bytes(cut)
        with pytest.raises(IntegrityError):
            journal.read(tmp_path)


def test_a_line_cut_off_anywhere_never_counted(tmp_path: Path, subject: Subject):
    journal.begin(tmp_path, subject)
    first = journal.append(tmp_path, raised("first"))
    path = tmp_path / journal.JOURNAL
    kept = path.read_bytes()
    journal.append(tmp_path, raised("second"))
    whole = path.read_bytes()
    for end in range(len(kept), len(whole) - 1, 7):
        path.write_bytes(whole[:end])
        assert journal.read(tmp_path) == first
        assert journal.append(tmp_path, raised("second")).findings[1].number == "NC-02"
        assert path.read_bytes() == whole


def test_whoever_keeps_the_last_hash_knows_the_whole(tmp_path: Path, subject: Subject):
    heads = []
    for name in ("a", "b"):
        journal.begin(tmp_path / name, subject)
        journal.append(tmp_path / name, raised("first"))
        journal.append(tmp_path / name, raised("second"))
        heads.append(journal.head(tmp_path / name))
    assert heads[0] == heads[1]
    journal.append(tmp_path / "a", raised("third"))
    assert journal.head(tmp_path / "a") != heads[0]


def test_writers_that_are_killed_lose_nothing_they_said(tmp_path: Path, subject: Subject):
    journal.begin(tmp_path, subject)
    rng, known = random.Random(7), 0
    for _ in range(5):
        process = writer(tmp_path, "w", 10_000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.12))
        os.kill(process.pid, signal.SIGKILL)
        told = 1 + len(process.stdout.read().splitlines())
        process.wait()
        found = len(journal.read(tmp_path).events)
        assert known + told <= found <= known + told + 1  # one may be on disk and not yet told
        known = found


def test_two_writers_wait_for_each_other(tmp_path: Path, subject: Subject):
    journal.begin(tmp_path, subject)
    both = [writer(tmp_path, name, 12) for name in ("a", "b")]
    for process in both:
        assert process.wait(timeout=120) == 0
    audit = journal.read(tmp_path)
    assert [finding.number for finding in audit.findings] == [f"FAR-{n:02d}" for n in range(1, 25)]
    said = [event.text[:4].strip() for event in audit.events]
    assert [one for one in said if one.startswith("a")] == [f"a {n}" for n in range(12)]

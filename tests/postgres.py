"""A private PostgreSQL for the tests: one server for each worker of a run, one fresh database for each test.

A test that asks for ``database_url`` runs twice, on SQLite and on PostgreSQL; ``postgres_url`` is for what only
PostgreSQL has. The server listens on a socket in a folder of its own, so servers of several workers never meet. It does
not wait for the disk unless told to: what a crash of the machine leaves behind is no subject of a quick test.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

#: The server refuses to run as root; a test run that is root hands it to the user whom the package has made.
USER = "postgres"
PACKAGES = Path(__file__).with_name("system-packages.sh")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass
class Server:
    """A server of our own; ``durable`` makes every commit wait for the disk, as in earnest."""

    folder: Path
    durable: bool = False
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start it, on a new set of databases the first time, and wait until it answers."""
        settings = ["listen_addresses=", f"unix_socket_directories={self.folder}", *(() if self.durable else FAST)]
        if not (self.folder / "data").is_dir():
            self._run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync")
        options = " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", "--wait", f"--log={self.folder / 'log'}", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is what a power cut would be."""
        self._run("pg_ctl", "--wait", f"--mode={mode}", "stop")

    def url(self, database: str) -> str:
        """How SQLAlchemy reaches a database."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def create_database(self, template: str = "template1") -> str:
        """The URL of a fresh database, a copy of ``template``."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [f"{programs()}/{program}", "-D", str(self.folder / "data"), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", USER, "--", *command]
        # The server keeps what it is given as output, so a pipe would never end.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd="/", check=False)
            said.seek(0)
            assert done.returncode == 0, said.read()


def programs() -> str | None:
    """The folder of PostgreSQL's programs, or nothing where there is no server."""
    if shutil.which("pg_config") is None:
        return None
    folder = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
    return folder if Path(folder, "initdb").is_file() else None


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """A server in a new folder, ended and removed when the block ends."""
    # Not pytest's folder: that one is closed to other users, and the name of a socket may not be long.
    folder = Path(tempfile.mkdtemp(prefix="tanhui-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    server = Server(folder, durable)
    try:
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").is_file():
            server.stop("immediate")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The server of this worker; ``postgres_server.create_database()`` is for a test that needs several."""
    if programs() is None:
        pytest.skip(f"PostgreSQL is not installed; {PACKAGES.name} installs it or says how")
    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """A fresh PostgreSQL database."""
    return postgres_server.create_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database, once of each kind that the product knows."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    return str(request.getfixturevalue("postgres_url"))

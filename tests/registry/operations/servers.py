"""Real servers on the loopback: files of a log over HTTP, and a witness that keeps its heads on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tanhui.kernel.files import write_whole
from tanhui.registry.log.note import NoteKey, NoteSigner
from tanhui.registry.log.witness import Head, WitnessRefused, add_checkpoint


class QuietFiles(SimpleHTTPRequestHandler):
    """Python's file server without a line for each request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class WitnessServer:
    """A witness: one decision at a time, and what it decided is on disk before anybody hears of it."""

    def __init__(self, folder: Path, signer: NoteSigner, logs: dict[str, Sequence[NoteKey]]) -> None:
        self._file, self._signer, self._logs, self._lock = folder / "heads.json", signer, logs, Lock()

    def answer(self, request: bytes) -> tuple[int, str, str]:
        """Status, content type and body."""
        with self._lock:
            heads = json.loads(self._file.read_text()) if self._file.exists() else {}
            known = {origin: Head(size, bytes.fromhex(root)) for origin, (size, root) in heads.items()}
            try:
                done = add_checkpoint(request, self._logs.get, known.get, [self._signer], int(time.time()))
            except WitnessRefused as refused:
                return refused.status, refused.content_type, refused.body or refused.text()
            heads[done.origin] = (done.head.size, done.head.root.hex())
            write_whole(self._file, json.dumps(heads).encode())
            return 200, "text/plain; charset=utf-8", done.body


def handler(answer: Callable[[bytes], tuple[int, str, str]]) -> type[BaseHTTPRequestHandler]:
    """A handler of POST requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, kind, body = answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving(handle: Any) -> Iterator[str]:
    """A server on a free port, and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handle)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def files(folder: Path) -> Any:
    """A handler that serves a folder."""
    return partial(QuietFiles, directory=str(folder))

"""How long a certificate takes to build, check and print, and how large it gets.

``python -m benchmarks.registry.certificate`` prints one table. Whole processes are timed from outside, best of five,
so that what is measured is the program and not its neighbours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.registry.log import rate

VERIFIER = Path(__file__).parents[2] / "examples" / "verifier" / "verify_certificate.py"
ADDRESS = "https://registry.example/v1/certificates/R000009"


def best(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of some runs. [ms]"""

    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return 1000 * min(once() for _ in range(times))


def process(*arguments: str) -> Callable[[], object]:
    """A whole program, which must say yes."""
    return lambda: subprocess.run(arguments, check=True, capture_output=True)


def make(folder: Path, others: int = 2000) -> dict[str, Any]:
    """A retirement in twenty pieces, in a log with some more acts."""
    from tests.registry.conftest import make_world

    world = make_world(folder)
    registry = world.registry
    third = registry.open_account("third", request="third").id
    for number in range(10):
        registry.transfer(world.owner, world.buyer, world.batch, 2, request=f"b{number}")
        registry.transfer(world.owner, third, world.batch, 1, request=f"t{number}")
    from tanhui.registry.acts import Order
    from tanhui.registry.model import Approval

    by = (Approval(registry.declaration.person),)
    registry.submit([Order(f"o{n}", "open_account", {"name": f"account {n}"}, by) for n in range(others)])
    gone = registry.retire(world.buyer, world.batch, 20, beneficiary="Buyer", purpose="voluntary", request="r")
    document = registry.certificate(gone.id)
    print(f"build from the database    {best(lambda: registry.certificate(gone.id)):8.1f} ms")
    registry.close()
    return document


def main() -> None:
    """Print the table."""
    from tanhui.registry.anchors import load_anchors
    from tanhui.registry.certificate import certificate_bytes, verify_certificate
    from tanhui.registry.certificate_page import certificate_page
    from tests.registry.certificate.conftest import load_second

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = make(folder / "registry")
        data, trust, path = certificate_bytes(document), folder / "registry" / "trust.json", folder / "certificate.json"
        path.write_bytes(data)
        anchors, second, plain = load_anchors(trust), load_second(), json.loads(trust.read_text(encoding="utf-8"))
        print(f"size                       {len(data):8d} bytes, {document['chain']['pieces']} pieces")
        print(f"verify, ours               {best(lambda: verify_certificate(document, anchors), 50):8.2f} ms")
        print(f"verify, stand-alone        {best(lambda: second.verdict(data, plain), 50):8.2f} ms")
        print(f"page                       {best(lambda: certificate_page(document, 'zh', ADDRESS)):8.1f} ms")
        tanhui = str(Path(sys.executable).parent / "tanhui")
        alone = process(sys.executable, str(VERIFIER), str(path), str(trust))
        print(f"process: python -c pass    {best(process(sys.executable, '-c', 'pass')):8.0f} ms")
        print(f"process: stand-alone       {best(alone):8.0f} ms")
        print(f"process: tanhui verify     {best(process(tanhui, 'verify', str(path), '--trust', str(trust))):8.0f} ms")
        checks = rate(200, lambda: [verify_certificate(document, anchors) for _ in range(200)])
        print(f"checks on one core         {checks:8.0f} /s")


if __name__ == "__main__":
    main()

"""How long the command takes to say what it can do: CPU and wall of ``tanhui --help`` as a whole process.

``python -m benchmarks.faces.start [--repeats N]`` prints least and median, beside a Python that does nothing and
one that imports typer, all in the same run, so that what is ours can be told from what is the interpreter's.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time

CASES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import typer'": [sys.executable, "-c", "import typer"],
    "tanhui --help": [sys.executable, "-m", "tanhui", "--help"],
    "tanhui --lang zh --help": [sys.executable, "-m", "tanhui", "--lang", "zh", "--help"],
    "tanhui registry --help": [sys.executable, "-m", "tanhui", "registry", "--help"],
}


def once(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for command in CASES.values():
        once(command)
    for _ in range(repeats):
        for name, command in CASES.items():
            times[name].append(once(command))
    print(f"| command | wall s, least | wall s, median | CPU s, median | ({repeats} runs each, in turn)")
    print("|---|---|---|---|")
    for name, found in times.items():
        walls, cpus = [w for w, _ in found], [c for _, c in found]
        print(f"| `{name}` | {min(walls):.3f} | {statistics.median(walls):.3f} | {statistics.median(cpus):.3f} |")


if __name__ == "__main__":
    main()

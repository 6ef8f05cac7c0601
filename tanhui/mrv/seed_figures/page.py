"""The page on the figures of the request: ``python -m tanhui.mrv.seed_figures.page docs/seed-figures.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tanhui.kernel.bibliography import reference
from tanhui.kernel.wording import LANGS, say
from tanhui.mrv.seed_figures.checked import Checked, CheckedReading, check_all
from tanhui.mrv.seed_figures.model import Answer, Input, Reading, Verdict
from tanhui.mrv.seed_figures.table import lines_without_figure, read_on, systems

__all__ = ["page"]


def page() -> str:
    """A table of all verdicts, then each figure with its readings, as Markdown, Chinese beside English."""
    checked = check_all(read_on())
    parts = [
        "<!-- Made by python -m tanhui.mrv.seed_figures.page docs/seed-figures.md; edit data/seed_figures instead. -->",
        f"# {_say('title')}",
        *(say(f"seed_figures.{name}", lang) for name in ("intro", "rule") for lang in LANGS),
        _table(
            ("line 行", "system 系统", "figure 数字", "中文", "English", "verdict 判断"),
            (
                (x.figure.line, _system(x), _stated(x), x.figure.zh, x.figure.en, f"**{_verdict(x.verdict)}**")
                for x in checked
            ),
        ),
        *(part for x in checked for part in _section(x)),
        *(say("seed_figures.without", lang, lines=_lines(lang)) for lang in LANGS),
    ]
    return "\n\n".join(parts) + "\n"


def _section(x: Checked) -> Iterator[str]:
    scenario = f" *{_say('scenario')}.*" if x.figure.scenario else ""
    yield f"## {x.figure.line}: {x.figure.zh}"
    yield f"{x.figure.en}. {_stated(x)}. **{_verdict(x.verdict)}**{scenario}"
    if x.figure.unsaid:
        open_points = "\n".join(f"- {point['zh']} / {point['en']}" for point in x.figure.unsaid)
        yield f"{_say('unsaid')}:\n\n{open_points}"
    if remark := x.figure.remark:
        yield from (remark[lang] for lang in LANGS)
        yield from (reference(key).cite() + "." for key in [remark.get("reference")] if key)
    if not x.readings:
        yield _say("no_reading")
        return
    head = ("reading 读法", "gives 给出", "90 %", "figure 所称", "verdict 判断", "status 状态")
    yield _table(head, map(_row, x.readings))
    if shown := list(_sources(x.readings)):
        yield "\n".join(shown)


def _row(x: CheckedReading) -> Sequence[Any]:
    stated = "" if x.stated is None else _number(x.stated)
    return (
        f"{x.reading.zh}<br>{x.reading.en}",
        f"{_number(x.answer.value)} {_unit(x.answer.unit)}".strip(),
        _interval(x.answer),
        stated,
        "<br>".join(_judgement(x)),
        x.answer.status.word,
    )


def _judgement(x: CheckedReading) -> Iterator[str]:
    yield _verdict(x.verdict)
    if x.times and not (x.inside or x.verdict is Verdict.REPRODUCED):
        middle, end = (f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}" for ratio in x.times)
        yield " ".join(say("seed_figures.times", lang, middle=middle, end=end) for lang in LANGS)
    elif x.inside and x.verdict is not Verdict.REPRODUCED:
        yield _say("inside")
    if x.inside and x.inconclusive:
        yield _say("inconclusive")


def _interval(given: Answer) -> str:
    if given.ci90 is None:
        return _say("no_interval")
    return " … ".join(map(_number, given.ci90))


def _sources(readings: Iterable[CheckedReading]) -> Iterator[str]:
    """What computes each reading, and every input of it with its source; inputs that several share are told once."""
    told: set[str] = set()
    for number, x in enumerate(readings, start=1):
        lines = [f"{number}. {_computed_by(x.reading)}"]
        for asked in x.reading.inputs:
            line = f"    - `{asked.name}` = `{_value(asked.value)}`: {_source(asked)}"
            if asked.asked and line in told:
                continue
            told.add(line)
            lines.append(line)
        yield "\n".join(lines)


def _computed_by(reading: Reading) -> str:
    settings = reading.settings
    if reading.kind == "sink":
        over = f" / `{settings['per']}`" if "per" in settings else ""
        bare = f" / {', '.join(f'no `{name}`' for name in settings['without'])}" if "without" in settings else ""
        change = f" × {settings['times']:g}" if "times" in settings else ""
        change += f" {settings['plus']:+g}" if "plus" in settings else ""
        return f"sink `{settings['sink']}`: `{settings['result']}`{over}{bare}{change}"
    if reading.kind == "forest":
        return f"D · BEF · (1 + R) · CF · 44/12, `{settings['forest']}`: {reference('forest_ar_cm_001').cite()}"
    if reading.kind == "curve":
        return f"`{'/'.join(settings['factor'])}` over growth curve `{settings['curve']}` at {settings['share']:.0%}"
    if reading.kind == "parameter":
        return f"parameter `{'/'.join(settings['parameter'])}`"
    entry = settings["published"]
    return ", ".join(filter(None, (reference(entry["reference"]).cite(), entry.get("place", ""), entry["status"])))


def _source(asked: Input) -> str:
    if asked.asked:
        return _say("asked")
    if not asked.sourced or asked.status is None:
        return f"**{_say('no_source')}**"
    return ", ".join(filter(None, (reference(asked.reference).cite(), asked.place, asked.status.word)))


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['value']} ± {value['se']}"
    if isinstance(value, list):
        return "; ".join(", ".join(f"{name} {x}" for name, x in row.items()) for row in value)
    return str(value)


def _stated(x: Checked) -> str:
    sign = "< " if x.figure.relation == "below" else ""
    return f"{sign}{_number(x.figure.value)} {_unit(x.figure.unit)}".strip()


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit


def _number(value: float) -> str:
    """Four digits, thousands set apart where there are more; what lies below a thousandth in powers of ten."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-3 else f"{value:.2e}"


def _verdict(verdict: Verdict) -> str:
    return " ".join(say(f"seed_figures.verdict.{verdict.value}", lang) for lang in LANGS)


def _system(x: Checked) -> str:
    return " ".join(systems()[x.figure.system][lang] for lang in LANGS)


def _lines(lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(map(str, lines_without_figure()))


def _say(name: str) -> str:
    return " ".join(say(f"seed_figures.{name}", lang) for lang in LANGS)


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")

"""What a template may name, and whether it names it well: every fault with its paragraph and its text.

A template takes values (``{{ claim.net }}``), puts whole tables and figures in the place of a paragraph
(``{{p table.claim_lines }}``), repeats rows (``{%tr for row in rows.claim_years %}`` … ``{%tr endfor %}``) and compares
(``{%p if run.reasons %}``). It computes nothing and calls nothing, so that nothing in it can run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault
from tanhui.kernel.wording import Lang, say
from tanhui.projects.documents.catalogue import STAR, catalogue
from tanhui.projects.documents.figures import FIGURES
from tanhui.projects.documents.model import Outline
from tanhui.projects.documents.tables import COLUMNS, TABLES
from tanhui.projects.documents.untrusted import W, parse

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import Node
    from lxml.etree import _Element

__all__ = ["SOURCES", "Scan", "environment", "listing", "rendered_parts", "scan"]

SOURCES = "figures"
TOKEN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
VALUE = re.compile(r"\{\{(?P<block>p|tr|tc|r)?\s+?(?P<said>.*?)\}\}|\{\{(?P<bare>.*?)\}\}", re.DOTALL)
STATEMENT = re.compile(
    r"\{%(?P<block>p|tr|tc|r)?\s*(?P<word>for|endfor|if|elif|else|endif)\b(?P<rest>.*?)%\}", re.DOTALL
)
LEFT_OVER = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")
RENDERED = re.compile(r"word/(document|header\d*|footer\d*|footnotes)\.xml")
QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
#: How a paragraph is quoted in a fault. [signs]
QUOTED = 120


@dataclass(slots=True)
class Scan:
    """What a template names, and what is wrong in it."""

    file: str
    named: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


def listing(outline: Outline | None, lang: Lang) -> list[dict[str, Any]]:
    """Every placeholder with its meaning, unit and an example; ``required`` where the document must have it."""
    required = set(outline.required) if outline else set()
    rows = [
        {
            "placeholder": f"{{{{ {key} }}}}",
            "key": key,
            "meaning": entry[lang],
            "unit": entry["unit"],
            "example": entry["example"],
            "required": key in required,
        }
        for key, entry in catalogue().items()
        if STAR not in key
    ]
    blocks = [("table", name) for name in TABLES] + [("figure", name) for name in FIGURES]
    for kind, name in blocks:
        meaning = say(f"documents.{kind}.{name}", lang)
        told = {"placeholder": f"{{{{p {kind}.{name} }}}}", "key": f"{kind}.{name}", "meaning": meaning}
        rows.append({**told, "unit": "", "example": "", "required": False})
    for name, columns in COLUMNS.items():
        example = " ".join(f"{{{{ row.{column} }}}}" for column in columns)
        told = {"placeholder": f"{{%tr for row in rows.{name} %}}", "key": f"rows.{name}"}
        rows.append({**told, "meaning": say(f"documents.table.{name}", lang), "unit": "", "example": example})
    told = {"placeholder": f"{{{{p {SOURCES} }}}}", "key": SOURCES, "meaning": say("documents.sources", lang)}
    rows.append({**told, "unit": "", "example": ""})
    return [{"required": False, **row} for row in rows]


@cache
def environment() -> Environment:
    """Jinja2 in its sandbox, with nothing in it: no filter, no global, no loader."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    made.globals.clear()
    made.filters.clear()
    made.tests.clear()
    return made


def rendered_parts(parts: Mapping[str, bytes]) -> list[str]:
    """The parts in which placeholders are filled in: the text, headers, footers and footnotes."""
    return sorted((name for name in parts if RENDERED.fullmatch(name)), key=lambda name: (len(name), name))


def scan(parts: Mapping[str, bytes], outline: Outline, file: str) -> Scan:
    """Read every paragraph of a template; the result names what it uses, and every fault."""
    found = Scan(file)
    for name in rendered_parts(parts):
        root, fault = parse(parts[name], name, file)
        if root is None:
            found.faults += [fault] if fault else []
            continue
        _Part(found, name, root).read()
    properties = parts.get("docProps/core.xml", b"").decode("utf-8", "replace")
    if token := LEFT_OVER.search(properties):
        found.faults.append(Fault("template.property", file, value=token[0]))
    for key in outline.required:
        if key not in found.named:
            names = catalogue()[key]
            facts = {"name": f"{names['zh']} {names['en']}"}
            found.faults.append(Fault("template.missing", file, value=f"{{{{ {key} }}}}", facts=facts))
    return found


@dataclass(slots=True)
class _Part:
    """One part of a template, read paragraph by paragraph."""

    found: Scan
    name: str
    root: _Element
    #: Loops and conditions that are open: the word, the variable and the table it runs over, where it began.
    open: list[tuple[str, str, str, int, str]] = field(default_factory=list)
    number: int = 0
    text: str = ""

    def read(self) -> None:
        """Every paragraph, then what is still open, then what stands in no paragraph."""
        for number, paragraph in enumerate(self.root.iter(f"{W}p"), start=1):
            self.number, self.text = number, text_of(paragraph)
            for token in TOKEN.findall(self.text):
                self.token(token.translate(QUOTES))
            if rest := LEFT_OVER.search(TOKEN.sub("", self.text)):
                self.fault("syntax", self.text, detail=rest[0])
        for word, _, _, number, text in self.open:
            self.number, self.text = number, text
            self.fault("unbalanced", word)
        self.outside()

    def outside(self) -> None:
        """Attributes and other places that are no letters of a paragraph hold no placeholders."""
        for element in self.root.iter():
            said = [str(value) for value in element.attrib.values()]
            if element.tag != f"{W}t":
                said.append(element.text or "")
            for text in said:
                if LEFT_OVER.search(text):
                    self.number, self.text = 0, text
                    self.fault("forbidden", text)

    def fault(self, code: str, value: str, **facts: str) -> None:
        """Note what is wrong, with the paragraph and its text."""
        row = self.number or None
        place = {"sheet": self.name, "row": row, "column": self.text[:QUOTED]}
        self.found.faults.append(Fault(f"template.{code}", self.found.file, value=value[:QUOTED], facts=facts, **place))  # type: ignore[arg-type]

    def token(self, token: str) -> None:
        """One placeholder or statement."""
        if token.startswith("{{"):
            self.value(token)
        elif statement := STATEMENT.fullmatch(token):
            self.statement(token, statement["word"], statement["rest"].strip())
        else:
            self.fault("forbidden", token)

    def value(self, token: str) -> None:
        """``{{ … }}``: a fact, a word of a row, or a block that stands alone."""
        said = VALUE.fullmatch(token)
        block, text = (said["block"] or "", said["said"] or said["bare"] or "") if said else ("", token)
        path = self.path(token, f"{{{{ {text} }}}}")
        if not path:
            return
        kind, _, name = path.partition(".")
        is_block = path == SOURCES or (kind == "table" and name in TABLES) or (kind == "figure" and name in FIGURES)
        if is_block:
            if block != "p" or self.text.strip().translate(QUOTES) != token or self.name != "word/document.xml":
                self.fault("block", token, wanted=f"{{{{p {path} }}}}")
            self.found.named.add(path)
        elif self.known(path, token):
            self.found.named.add(path)
            if block:
                self.fault("block", token, wanted=f"{{{{ {path} }}}}")

    def known(self, path: str, token: str) -> bool:
        """Whether a path is a fact, or a column of the row of an open loop."""
        kind, _, name = path.partition(".")
        for word, variable, table, *_ in self.open:
            if word == "for" and ((kind == variable and name in COLUMNS.get(table, ())) or path == "loop.index"):
                return False
        if path in catalogue() and STAR not in path:
            return True
        names = [key for key in catalogue() if STAR not in key]
        near = get_close_matches(path, names, n=3, cutoff=0.5)
        self.fault("unknown", self.text or token, name=path, near=", ".join(near))
        return False

    def statement(self, token: str, word: str, rest: str) -> None:
        """``{% … %}``: a loop over rows, a condition, and their ends."""
        if word == "for":
            self.loop(token, rest)
        elif word in ("if", "elif"):
            if word == "elif" and not (self.open and self.open[-1][0] == "if"):
                self.fault("unbalanced", token)
            self.condition(token, rest)
            if word == "if":
                self.open.append(("if", "", "", self.number, self.text))
        elif word == "else":
            if not self.open:
                self.fault("unbalanced", token)
        elif self.open and self.open[-1][0] == word.removeprefix("end"):
            self.open.pop()
        else:
            self.fault("unbalanced", token)

    def loop(self, token: str, rest: str) -> None:
        """``for row in rows.claim_years``, never one inside another."""
        said = re.fullmatch(r"([a-z_]\w*)\s+in\s+rows\.(\w+)", rest)
        variable, table = (said[1], said[2]) if said else ("", "")
        if not said or any(word == "for" for word, *_ in self.open) or variable in ROOTS:
            self.fault("forbidden", token)
        elif table not in TABLES:
            near = get_close_matches(table, list(TABLES), n=3, cutoff=0.4)
            self.fault("unknown", self.text, name=f"rows.{table}", near=", ".join(f"rows.{name}" for name in near))
        else:
            self.found.named.add(f"rows.{table}")
        self.open.append(("for", variable, table, self.number, self.text))

    def condition(self, token: str, rest: str) -> None:
        """A comparison of facts and constants."""
        for path in self.paths(token, f"{{% if {rest} %}}{{% endif %}}"):
            if self.known(path, token):
                self.found.named.add(path)

    def path(self, token: str, source: str) -> str:
        """The one path of an expression that is nothing but a path."""
        from jinja2 import nodes

        tree = self.tree(token, source)
        if tree is None:
            return ""
        (output,) = tree.body or [None]
        value = output.nodes[0] if isinstance(output, nodes.Output) and len(output.nodes) == 1 else None
        path = dotted(value)
        if not path:
            self.fault("forbidden", token)
        return path

    def paths(self, token: str, source: str) -> Sequence[str]:
        """Every path in a condition; anything but paths, constants and comparisons is a fault."""
        from jinja2 import nodes

        tree = self.tree(token, source)
        if tree is None:
            return ()
        (condition,) = tree.body
        found, todo = [], [condition.test]
        while todo:
            node = todo.pop()
            if path := dotted(node):
                found.append(path)
            elif isinstance(node, (nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand)):
                todo += list(node.iter_child_nodes())
            elif not isinstance(node, nodes.Const):
                self.fault("forbidden", token)
        return found

    def tree(self, token: str, source: str) -> Any:
        """What Jinja2 reads; nothing where it cannot."""
        from jinja2 import TemplateSyntaxError

        try:
            return environment().parse(source)
        except TemplateSyntaxError as error:
            self.fault("syntax", token, detail=str(error.message))
        except RecursionError:
            self.fault("forbidden", token)
        return None


#: Names that stand for facts and blocks, and so for no row of a loop.
ROOTS = {"rows", "table", "figure", SOURCES, "loop"} | {key.partition(".")[0] for key in catalogue()}


def dotted(node: Node | None) -> str:
    """``a.b.c`` of attributes of a name; empty for anything else."""
    from jinja2 import nodes

    names: list[str] = []
    while isinstance(node, nodes.Getattr):
        names.append(node.attr)
        node = node.node
    return ".".join(reversed([*names, node.name])) if isinstance(node, nodes.Name) else ""


def text_of(paragraph: _Element) -> str:
    """The letters of a paragraph, without those of a box inside it."""
    return "".join(_letters(paragraph))


def _letters(element: _Element) -> Iterator[str]:
    for child in element:
        if child.tag == f"{W}t":
            yield child.text or ""
        elif child.tag != f"{W}p":
            yield from _letters(child)

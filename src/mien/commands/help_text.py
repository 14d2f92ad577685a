"""What tyro says of options, without what only programmers understand, in lines as long as they may be."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

_NOTHING = re.compile(r" ?\(default: (?:None|False)?\)")
"""A default that says nothing."""
_OPTIONAL = re.compile(r"\{None\}\|(\S+)")
_CHOICE_OR_NONE = re.compile(r"\{None,\s*")
_MANY = re.compile(r"\[(\S+) \[\1 \.\.\.\]\]")
_NAME_AND_TEXT = re.compile(r"^  (\S.*?)(?: {2,}(\S.*))?$")
_RULE = re.compile(r"^ *[-─]{20,} *$")
_LARGEST_COLUMN = 26
"""Where the text of options begins at most."""
_LONGEST_LINE = 100
"""Of what stands above the options: longer lines are hard to read, however wide the terminal is."""


def readable(text: str) -> str:
    """The help in other words and lines: `{None}|FLOAT` becomes FLOAT, defaults of nothing are left out, and
    paragraphs are filled anew, because tyro keeps the line breaks that they have in the source."""
    # as wide as before, because columns tell what is what
    text = _OPTIONAL.sub(lambda found: found[1].ljust(len(found[0])), text)
    text = _MANY.sub(lambda found: f"{found[1]} …".ljust(len(found[0])), text)
    head, boxes = _boxes(text.splitlines())
    width = max((len(box.rule) for box in boxes), default=80)
    lines = _filled(head, min(width, _LONGEST_LINE))
    for box in boxes:
        lines += box.filled(width)
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


@dataclass
class _Box:
    """Options under a heading, with the rule below it."""

    heading: str
    rule: str
    lines: list[str] = field(default_factory=list)

    def filled(self, width: int) -> list[str]:
        said, options = self._options()
        column = min(_LARGEST_COLUMN, 2 + max((len(name) + 2 for name, _ in options), default=0))
        lines = ["", self.heading.rstrip(), self.rule, *said]
        for name, text in options:
            texts = textwrap.wrap(text, max(30, width - column), break_on_hyphens=False)
            if len(name) + 4 <= column and texts:
                lines.append(f"  {name}".ljust(column) + texts.pop(0))
            else:
                names = textwrap.wrap(name, width - 4, break_on_hyphens=False)
                lines += [f"  {names[0]}", *(f"    {part}" for part in names[1:])]
            lines += [" " * column + part for part in texts]
        return lines

    def _options(self) -> tuple[list[str], list[tuple[str, str]]]:
        """What is said of all, and every option with what is said of it."""
        rules = [index for index, line in enumerate(self.lines) if _RULE.match(line)]
        first = rules[0] + 1 if rules else 0
        options: list[tuple[str, str]] = []
        for line in self.lines[first:]:
            if not line.strip():
                continue
            found = _NAME_AND_TEXT.match(line.rstrip())
            if found and (line[2:3] in ("-", "P") or not options):
                options.append((found[1], found[2] or ""))
            elif _indent(line) > 4:
                name, text = options[-1]
                options[-1] = (name, f"{text} {line.strip()}")
            else:  # choices that go on
                name, text = options[-1]
                options[-1] = (name.rstrip() + line.strip(), text)
        return self.lines[:first], [
            (_CHOICE_OR_NONE.sub("{", name.strip()), _NOTHING.sub("", " ".join(text.split())))
            for name, text in options
        ]


def _boxes(lines: list[str]) -> tuple[list[str], list[_Box]]:
    """What stands above all options, and the options under each heading."""
    boxes: list[_Box] = []
    head: list[str] = []
    for index, line in enumerate(lines):
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if re.match(r"^ \S", line) and _RULE.match(below):
            boxes.append(_Box(line, below.rstrip()))
        elif not boxes:
            head.append(line)
        elif boxes[-1].lines or not _RULE.match(line):
            boxes[-1].lines.append(line)
    return head, boxes


def _filled(lines: list[str], width: int) -> list[str]:
    """Paragraphs in lines of this length; those that are set in keep their lines."""
    filled: list[str] = []
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        usage = paragraph.startswith("usage:")
        if not usage and re.search(r"^[ -]", paragraph, re.MULTILINE) and re.search("^  ", paragraph, re.M):
            filled += [*paragraph.splitlines(), ""]
            continue
        further = " " * 7 if usage else ""
        words = " ".join(paragraph.split()).replace(" ]", "]")
        filled += [*textwrap.wrap(words, width, subsequent_indent=further, break_on_hyphens=False), ""]
    return filled[:-1]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())

"""The monitoring page: one line per finding with its light, in at most 80 columns."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from .finding import Finding, Light, Part, worst
from .monitoring_texts import say, say_finding

WIDTH = 80
_INDENT = 9


@dataclass(frozen=True)
class Subject:
    """What a page is about.

    Parameters
    ----------
    name
        The registered model with its version, or the data's name.
    day
        The day of the scores; None for a labelled table.
    through
        The end of the bundle's training data.
    customers
        How many were scored.
    days
        The length of the window of events that is compared; None for a labelled table.
    """

    name: str
    day: str | None
    through: str
    customers: int
    days: int | None


def render_page(subject: Subject, findings: Sequence[Finding], language: str) -> str:
    """Return the page.

    Parameters
    ----------
    subject
        What it is about.
    findings
        Its lines, in any order; each part keeps the order of its own.
    language
        `en` or `it`.

    Returns
    -------
    str
        Lines of at most 80 columns, the next command last.
    """
    title = "title" if subject.day else "title.table"
    lines = [say(language, title, name=subject.name, day=subject.day or "")]
    lines.append(say(language, "bundle", through=subject.through, n=subject.customers))
    for part in Part:
        of_part = [finding for finding in findings if finding.part == part]
        if of_part:
            key = f"part.{part.name}" if part != Part.data or subject.days else "part.data.table"
            lines += ["", say(language, key, days=subject.days)]
            lines += [_line(finding, language) for finding in of_part]
    urgent = sum(finding.light == Light.act for finding in findings)
    lines += ["", say(language, "attention", n=urgent) if urgent else say(language, "calm")]
    lines.append(_wrap(say(language, "next.act" if worst(findings) == Light.act else "next.calm"), 7))
    return "\n".join(_wrap(line, _INDENT) if len(line) > WIDTH and "\n" not in line else line for line in lines)


def _line(finding: Finding, language: str) -> str:
    """Return a finding as text, its light in front."""
    light = say(language, f"light.{finding.light.name}")
    return _wrap(f"  {light:<{_INDENT - 2}}{say_finding(language, finding)}", _INDENT)


def _wrap(text: str, indent: int) -> str:
    return "\n".join(
        textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False, drop_whitespace=True)
    )

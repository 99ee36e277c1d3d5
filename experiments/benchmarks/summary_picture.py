"""Show the summary of the latest training run in the documentation: its picture, and the excerpt in the README.

    make train
    .venv/bin/python experiments/benchmarks/summary_picture.py [mlruns]

The text is the run's `summary.txt`, as `make train` prints it. The excerpt is its part on churn and CLV.
"""

import re
import sys
from pathlib import Path

from matplotlib.figure import Figure

COMMAND = "$ make train\n...\n"
COLUMNS = 80
README, PICTURE = Path("README.md"), Path("docs/images/summary.png")
ANNOUNCED = "The last lines of the\nrun are a summary. This is a part of it:"
_BACKGROUND, _TEXT = "#11151c", "#e6e9ef"
_POINTS, _DPI = 9.0, 150
_CHARACTER_INCHES, _LINE_INCHES = 0.602 * _POINTS / 72, 1.32 * _POINTS / 72  # of DejaVu Sans Mono
_MARGIN_INCHES = 0.2


def latest_summary(home: Path) -> str:
    """Return what the latest training run in an MLflow home printed."""
    pages = list((home / "artifacts").glob("*/*/artifacts/summary.txt"))
    if not pages:
        sys.exit(f"{home}: no run has a summary. -> make train")
    return max(pages, key=lambda path: path.stat().st_mtime).read_text(encoding="utf-8")


def excerpt(text: str) -> str:
    """Return the summary's part on churn and CLV."""
    return text[text.index("\nChurn ") + 1 : text.index("\n\nCampaign")]


def put_excerpt(readme: Path, text: str) -> None:
    """Put the excerpt in place of the one in the README, the first block after its announcement."""
    page = readme.read_text(encoding="utf-8")
    block = re.compile(rf"({re.escape(ANNOUNCED)}\n\n```\n).*?(\n```)", re.DOTALL)
    changed, places = block.subn(lambda match: match[1] + excerpt(text) + match[2], page)
    if places != 1:
        sys.exit(f"{readme}: has {places} excerpts of the summary. -> one block after {ANNOUNCED!r}")
    readme.write_text(changed, encoding="utf-8")


def draw(text: str) -> Figure:
    """Return a terminal that shows the text: every character has its cell."""
    lines = text.rstrip("\n").split("\n")
    width, height = COLUMNS * _CHARACTER_INCHES, len(lines) * _LINE_INCHES
    figure = Figure(figsize=(width + 2 * _MARGIN_INCHES, height + 2 * _MARGIN_INCHES), facecolor=_BACKGROUND)
    for place, line in enumerate(lines):
        top = 1 - (_MARGIN_INCHES + place * _LINE_INCHES) / figure.get_figheight()
        left = _MARGIN_INCHES / figure.get_figwidth()
        shown = line.replace("$", r"\$")
        figure.text(left, top, shown, family="DejaVu Sans Mono", size=_POINTS, color=_TEXT, va="top")
    return figure


def main() -> None:
    """Write the picture and the excerpt of the latest run."""
    text = latest_summary(Path(sys.argv[1] if sys.argv[1:] else "mlruns"))
    draw(COMMAND + text).savefig(PICTURE, dpi=_DPI)
    put_excerpt(README, text)
    print(f"{PICTURE}, {README}")


if __name__ == "__main__":
    main()

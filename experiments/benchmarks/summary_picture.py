"""Draw the summary of the latest training run as the picture that the documentation shows.

    make train
    .venv/bin/python experiments/benchmarks/summary_picture.py [mlruns] [docs/images/summary.png]

The text is the run's `summary.txt`, as `make train` prints it.
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

COMMAND = "$ make train\n...\n"
COLUMNS = 80
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
    """Write the picture of the latest run."""
    home = Path(sys.argv[1] if sys.argv[1:] else "mlruns")
    out = Path(sys.argv[2] if sys.argv[2:] else "docs/images/summary.png")
    draw(COMMAND + latest_summary(home)).savefig(out, dpi=_DPI)
    print(out)


if __name__ == "__main__":
    main()

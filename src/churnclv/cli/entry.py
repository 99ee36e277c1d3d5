"""Start an entry: a folder in `experiments/` with a configuration and a README to fill in."""

from ..hackathon.entry_folder import EXPERIMENTS
from ..pipeline.settings import EntryConfig


def main(config: EntryConfig) -> None:
    """Make the folder, and print the next command."""
    from pathlib import Path

    from ..hackathon.entry_folder import start_entry

    entry = start_entry(Path(EXPERIMENTS), config.name)
    print(
        f"{entry.folder}: entry.yaml is for what is changed, README.md for why; features.py and model.py can be added"
    )
    print(f"\nNext:  make train EXPERIMENT={entry.name}    train it, and hand its result in")

"""Start an entry: a folder in `experiments/` with a configuration to fill in and a story to tell."""

from ..pipeline.settings import EXPERIMENTS, EntryConfig


def main(config: EntryConfig) -> None:
    """Make the folder, and say what comes next."""
    from pathlib import Path

    from ..hackathon.entry_folder import start_entry

    entry = start_entry(Path(EXPERIMENTS), config.name)
    print(f"{entry.folder}: entry.yaml says what is changed, README.md why; features.py and model.py are yours to add")
    print(f"\nNext:  make train EXPERIMENT={entry.name}    run it, and hand its result in")

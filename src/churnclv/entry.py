"""Start an entry: a folder in `experiments/` with a configuration to fill in and a story to tell."""

from .config import EXPERIMENTS, EntryConfig, open_door


def main(config: EntryConfig) -> None:
    """Make the folder, and say what comes next."""
    from pathlib import Path

    from .entries.folder import start_entry

    entry = start_entry(Path(EXPERIMENTS), config.name)
    print(f"{entry.folder}: entry.yaml says what is changed, README.md why; features.py and model.py are yours to add")
    print(f"\nNext:  make train EXPERIMENT={entry.name}    run it, and hand its result in")


if __name__ == "__main__":
    open_door("entry", main)

"""The key figures of the report: every module of this package registers some; a user's file may register others."""

from importlib import import_module
from pathlib import Path

for _path in sorted(Path(__file__).parent.glob("[!_]*.py")):
    import_module(f".{_path.stem}", __name__)

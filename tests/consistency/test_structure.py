"""The shape of the source: what a bundle's copy of it relies on, and what keeps it readable."""

import ast
from pathlib import Path

import pytest

import churnclv

SOURCE = Path(churnclv.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
LOADER = SOURCE / "bundle" / "pyfunc.py"


def name(path):
    return path.relative_to(SOURCE).as_posix()


def imports(path):
    """Return (level, module) of every import in a file, inside functions too; level 0 is absolute."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or ""))
    return found


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 50
    assert LOADER in MODULES
    assert (1, "history") in imports(SOURCE / "snapshots" / "labels.py")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_project_imports_itself_relatively(path):
    assert [module for level, module in imports(path) if level == 0 and module.partition(".")[0] == "churnclv"] == []


def test_the_loader_of_a_bundle_imports_nothing_of_the_project():
    assert [module for level, module in imports(LOADER) if level > 0] == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_are_nouns_of_the_domain_and_of_sensible_length(path):
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600

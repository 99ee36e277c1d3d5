"""What lies in a bundle's folder is compared with its manifest, whatever it is, before any of it runs."""

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from churnclv.bundle.loading import load_bundle
from churnclv.bundle.pyfunc import MANIFEST, DamagedBundleError, load_scorer, verify
from churnclv.errors import InputError

CODE = "artifacts/bundle/code/churnclv"
FILES = {
    f"{CODE}/__init__.py": "",
    f"{CODE}/bundle/__init__.py": "",
    f"{CODE}/bundle/scorer.py": (
        "from .value import VALUE\n\nclass Scorer:\n    def __init__(self, folder): self.value = VALUE\n"
    ),
    f"{CODE}/bundle/value.py": "VALUE = 'as written'\n",
    "artifacts/bundle/card.md": "a card",
}


def write_manifest(root: Path, **other: str) -> str:
    """Write the manifest of what lies in a folder, and return its digest."""
    names = [path for path in root.rglob("*") if path.is_file() and path.name != MANIFEST]
    files = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in names}
    (root / MANIFEST).write_text(json.dumps({"files": files | other}))
    return hashlib.sha256((root / MANIFEST).read_bytes()).hexdigest()


@pytest.fixture
def bundle(tmp_path) -> Path:
    """A bundle of five small files."""
    root = tmp_path / "bundle"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    write_manifest(root)
    return root


@pytest.fixture
def foreign(tmp_path) -> Path:
    """A package outside the bundle that leaves a trace when it runs."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "__init__.py").write_text(f"import pathlib\n\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    return folder


def linked_file(root: Path, foreign: Path) -> None:
    copy = foreign / "card.md"
    copy.write_text(FILES["artifacts/bundle/card.md"])
    (root / "artifacts/bundle/card.md").unlink()
    (root / "artifacts/bundle/card.md").symlink_to(copy)


ADDED = {
    "a link to a package": lambda root, foreign: (root / CODE / "zz").symlink_to(foreign),
    "a link to a file of the same bytes": linked_file,
    "a link to nowhere": lambda root, _: (root / "artifacts/gone").symlink_to("nowhere"),
    "a pipe": lambda root, _: os.mkfifo(root / "artifacts/bundle/pipe"),
    "an empty folder": lambda root, _: (root / CODE / "empty").mkdir(),
    "a folder with a file": lambda root, _: (root / CODE / "zz").mkdir() or (root / CODE / "zz/__init__.py").touch(),
    "a folder in the place of a file": lambda root, _: (
        (root / "artifacts/bundle/card.md").unlink() or (root / "artifacts/bundle/card.md").mkdir()
    ),
}


@pytest.mark.parametrize("add", ADDED.values(), ids=ADDED.keys())
def test_whatever_was_not_written_with_the_bundle_is_damage(bundle, foreign, tmp_path, add):
    assert load_bundle(bundle).value == "as written"
    add(bundle, foreign)
    with pytest.raises(InputError, match="is damaged"):
        load_bundle(bundle)
    assert not (tmp_path / "ran").exists()


def kept(root, name="__pycache__/pyfunc.cpython-311.pyc"):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"anything: nothing of ours reads it")


def test_the_bytecode_that_python_keeps_of_the_script_is_no_damage(bundle):
    kept(bundle)
    kept(bundle, "__pycache__/pyfunc.cpython-313.opt-1.pyc.140")  # not yet whole
    assert load_bundle(bundle).value == "as written"


OTHER_CACHES = {
    "of another name": lambda root, _: kept(root, "__pycache__/json.cpython-311.pyc"),
    "of the package": lambda root, _: kept(root, f"{CODE}/__pycache__/__init__.cpython-311.pyc"),
    "a link": lambda root, foreign: (
        kept(root) or (root / "__pycache__/pyfunc.cpython-312.pyc").symlink_to(foreign / "__init__.py")
    ),
    "a link to a folder": lambda root, foreign: (root / "__pycache__").symlink_to(foreign),
}


@pytest.mark.parametrize("add", OTHER_CACHES.values(), ids=OTHER_CACHES.keys())
def test_any_other_bytecode_is_damage(bundle, foreign, add):
    add(bundle, foreign)
    with pytest.raises(InputError, match="is damaged"):
        load_bundle(bundle)


MANIFESTS = {
    "a number": '{"files": 5}',
    "null": '{"files": null}',
    "a list of the right names": json.dumps({"files": [*FILES]}),
    "no object": "[1]",
    "a digest that is a number": json.dumps({"files": dict.fromkeys(FILES, 5)}),
    "nested 200,000 deep": "[" * 200_000,
    "no text": "\xff\xfe",
    "nothing": "",
}


@pytest.mark.parametrize("content", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_manifest_of_any_other_type_is_damaged(bundle, content):
    (bundle / MANIFEST).write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"manifest\.json: is damaged"):
        load_bundle(bundle)


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo], ids=["a folder", "a pipe"])
def test_a_manifest_that_is_no_file_is_none(bundle, make):
    (bundle / MANIFEST).unlink()
    make(bundle / MANIFEST)
    with pytest.raises(InputError, match="not a bundle"):
        load_bundle(bundle)


def test_names_that_leave_the_bundle_are_damage(bundle, foreign):
    outside = foreign / "__init__.py"
    write_manifest(bundle, **{"../foreign/__init__.py": hashlib.sha256(outside.read_bytes()).hexdigest()})
    with pytest.raises(InputError, match="is damaged"):
        load_bundle(bundle)


def test_a_bundle_with_another_manifest_is_not_the_registered_one(bundle):
    registered = write_manifest(bundle)
    assert verify(bundle, registered) == registered
    (bundle / CODE / "bundle/value.py").write_text("VALUE = 'another'\n")
    write_manifest(bundle)
    assert load_bundle(bundle).value == "another"  # by its path it is whole
    with pytest.raises(InputError, match="is not the bundle that was registered"):
        load_bundle(bundle, registered=registered)


def test_what_was_verified_is_what_runs(bundle):
    # the package overwrites one of its own modules on disk while it is being imported
    value = bundle / CODE / "bundle/value.py"
    (bundle / CODE / "__init__.py").write_text(
        f"import pathlib\n\npathlib.Path({str(value)!r}).write_text('VALUE = 1')\n"
    )
    write_manifest(bundle)
    assert load_scorer(bundle).value == "as written"
    assert value.read_text() == "VALUE = 1"
    with pytest.raises(DamagedBundleError):
        load_scorer(bundle)


def test_a_package_that_fails_leaves_nothing_behind(bundle):
    (bundle / CODE / "bundle/value.py").write_text("raise RuntimeError('no')\n")
    name = f"churnclv_bundle_{write_manifest(bundle)[:16]}"
    with pytest.raises(RuntimeError, match="no"):
        load_scorer(bundle)
    assert not [module for module in sys.modules if module.startswith(name)]
    assert not [finder for finder in sys.meta_path if getattr(finder, "name", "") == name]


def test_only_two_codes_can_be_chosen(bundle):
    with pytest.raises(InputError, match="allowed are bundle, installed"):
        load_bundle(bundle, code="neither")

"""What is installed beside the project: named by hash, and under licences that ask for nothing but a notice."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"^(?P<what>\S+==[^\\\n]+?) \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
LOCKED = [Requirement(found["what"]) for found in ENTRY.finditer(LOCK)]
HERE = sorted({found.name for found in LOCKED if found.marker is None or found.marker.evaluate()})

PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU",
    "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
IN_OTHER_WORDS = {
    "Apache": r"apache( software)?( license)?,?( version)? ?(2(\.0)?)?",
    "BSD": r"(bsd|[23]-clause bsd|bsd [23]-clause)( license)?",
    "MIT": r"mit( license)?",
    "PSF": r"python software foundation license",
    "MPL": r"mozilla public license 2\.0 \(mpl 2\.0\)",
}
BY_THEIR_FILE = {
    "huey": "MIT, in its LICENSE alone",
    "skops": "MIT, in its LICENSE; the metadata name only that it is open source",
}
OF_WINDOWS = {
    "colorama": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
    "waitress": "ZPL-2.1, permissive: a notice, and no use of the owner's name",
}


def terms_of(name):
    """Return the licences that a package names, in the words of its metadata."""
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return re.split(r" (?:AND|OR|WITH) ", expression.replace("(", "").replace(")", ""))
    classifiers = [
        found.rpartition(" :: ")[2] for found in metadata.get_all("Classifier") or [] if "License ::" in found
    ]
    if named := [found for found in classifiers if found != "OSI Approved"]:
        return named
    written = (metadata.get("License") or "").strip().splitlines()
    return re.split(r" (?:AND|OR) ", written[0]) if written else []


def is_permissive(term):
    return term in PERMISSIVE or any(re.fullmatch(text, term, re.IGNORECASE) for text in IN_OTHER_WORDS.values())


def licence_file(name):
    files = [found for found in distribution(name).files or [] if re.match(r"licen[cs]e", found.name, re.IGNORECASE)]
    return files[0].read_text()


def test_every_line_of_the_lock_is_an_exact_version_with_hashes():
    assert "".join(found[0] for found in ENTRY.finditer(LOCK)) == LOCK
    assert len(LOCKED) > 100
    for found in LOCKED:
        assert [part.operator for part in found.specifier] == ["=="], found


def test_the_lock_holds_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["postgres"]
    wanted = [
        *project["project"]["dependencies"],
        *extra,
        *project["dependency-groups"]["dev"],
        "setuptools",
        "et-xmlfile",
    ]
    locked = {canonicalize_name(found.name): found for found in LOCKED}
    for requirement in map(Requirement, wanted):
        found = locked[canonicalize_name(requirement.name)]
        assert next(iter(found.specifier)).version in requirement.specifier, requirement


def test_one_version_of_each_package_is_chosen_on_every_python_that_is_served():
    for minor in ("3.11", "3.12", "3.13"):
        for system in ("linux", "darwin"):
            place = {"python_version": minor, "python_full_version": f"{minor}.5", "sys_platform": system}
            chosen = [found.name for found in LOCKED if found.marker is None or found.marker.evaluate(place)]
            assert len(chosen) == len(set(chosen)), (minor, system)
            assert {"numpy", "scipy", "xgboost", "pandas"} <= set(chosen)


@pytest.mark.parametrize("name", HERE)
def test_the_licence_is_permissive(name):
    try:
        terms = terms_of(name)
    except PackageNotFoundError:
        pytest.skip("not installed here")
    if name in BY_THEIR_FILE:
        assert "MIT" in licence_file(name) or "Permission is hereby granted, free of charge" in licence_file(name)
        return
    assert terms, f"{name} names no licence: read its file, and argue it in BY_THEIR_FILE"
    assert all(is_permissive(term) for term in terms), terms


def test_what_is_for_windows_alone_is_argued_by_name():
    elsewhere = {found.name for found in LOCKED} - set(HERE)
    assert elsewhere == set(OF_WINDOWS)


@pytest.mark.parametrize(
    "term", ["GPL-3.0-only", "AGPL-3.0", "GNU Lesser General Public License v3 (LGPLv3)", "SSPL", ""]
)
def test_other_licences_are_not_taken_for_permissive(term):
    assert not is_permissive(term)

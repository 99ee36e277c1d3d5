"""The shape of the source: what a bundle's copy of it relies on, and what keeps it readable."""

import ast
import inspect
import re
import typing
from collections import Counter
from dataclasses import fields, is_dataclass
from pathlib import Path

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


def of_all(faults):
    """Return the faults of each module that has any: one test looks at all modules, and names them all."""
    return {name(path): found for path in MODULES if (found := faults(path))}


def test_the_project_imports_itself_relatively():
    def absolute(path):
        return [module for level, module in imports(path) if level == 0 and module.partition(".")[0] == "churnclv"]

    assert of_all(absolute) == {}


def test_the_loader_of_a_bundle_imports_nothing_of_the_project():
    assert [module for level, module in imports(LOADER) if level > 0] == []


BANNED_IN_NAMES = {
    "hear",
    "hears",
    "heard",
    "listen",
    "listens",
    "speak",
    "speaks",
    "spoke",
    "said",
    "told",
    "tell",
    "tells",
    "telling",
    "asked",
    "asks",
    "asking",
    "portrait",
    "portraits",
    "board",
    "boards",
    "found",
    "judge",
    "judges",
    "judged",
    "judging",
    "meet",
    "meets",
    "meeting",
    "formula",
    "formulas",
}
BANNED_IN_PROSE = (
    r"\b(hears?|heard|listens?|speaks?|spoke|tells?|told|judges?|judged|judging|portraits?)\b|\bword of\b|\bformulas\b"
)


def identifiers(path):
    """Return the names that a module defines: functions, classes, variables, arguments and attributes of self."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def docstrings(path):
    """Return the docstrings of a module and of all that it defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))]
    return [text for owner in owners if (text := ast.get_docstring(owner))]


def words_of(identifier):
    return set(re.sub(r"([a-z])([A-Z])", r"\1_\2", identifier).lower().split("_"))


def test_names_are_terms_of_the_field():
    assert of_all(lambda path: sorted(name for name in identifiers(path) if words_of(name) & BANNED_IN_NAMES)) == {}


def test_docstrings_are_plain_technical_english():
    def banned(path):
        return [match[0] for text in docstrings(path) for match in re.finditer(BANNED_IN_PROSE, text, re.IGNORECASE)]

    assert of_all(banned) == {}


def test_no_module_is_named_twice():
    stems = Counter(path.stem for path in MODULES if path.stem not in {"__init__", "settings"})
    commands = {path.stem for path in (SOURCE / "cli").glob("*.py")}
    assert [stem for stem, count in stems.items() if count > 1 and stem not in commands] == []


def test_modules_are_nouns_of_the_domain_and_of_sensible_length():
    assert [
        name(path) for path in MODULES if path.stem in {"utils", "util", "helpers", "helper", "common", "misc"}
    ] == []
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > 600} == {}


KIND_MODULES = {
    "data/inspection/table_kinds.py": "what a file is",
    "data/settings.py": "columns and roles",
    "data/row_kinds.py": "rows and their faults",
    "snapshots/customer_kinds.py": "time, population and labels",
    "bundle/valuation.py": "values",
    "bundle/scored_kinds.py": "reading, feature rows, notices and card of a bundle",
    "report/sections/__init__.py": "sections",
    "pipeline/kind_steps/__init__.py": "the steps that differ",
}
OF_ONE_KIND = {"Events", "LabelledTable", "Plan", "SplitPlan", "OrderValuation", "ContractValuation", "NoValuation"}


def kind_uses(path):
    """Return where a module names a customer kind other than as a default, has a part per kind, or asks for a class."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defaults = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            defaults |= {id(default) for default in (*node.args.defaults, *node.args.kw_defaults)}
        elif isinstance(node, ast.AnnAssign):
            defaults.add(id(node.value))
    used = (node for node in ast.walk(tree) if isinstance(node, ast.Call) or id(node) not in defaults)
    return [ast.unparse(node) for node in used if names_kind(node)]


def names_kind(node):
    """Return whether a node is `CustomerKind.x`, `PerKind(...)`, or `isinstance` of a class that one kind has."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and node.value.id == "CustomerKind"
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return False
    if node.func.id == "isinstance":
        return bool(OF_ONE_KIND & {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)})
    return node.func.id == "PerKind"


def test_what_differs_between_customer_kinds_is_stated_in_a_few_modules():
    assert of_all(lambda path: name(path) not in KIND_MODULES and kind_uses(path)) == {}


def test_every_module_of_customer_kinds_has_a_part_per_kind():
    assert [module for module in KIND_MODULES if not kind_uses(SOURCE / module)] == []


def settings_classes():
    """Return every dataclass of settings that the commands' configurations are made of."""
    from churnclv.pipeline import settings

    found, open_ = {}, [value for value in vars(settings).values() if isinstance(value, type) and is_dataclass(value)]
    while open_:
        cls = open_.pop()
        if cls.__name__ in found or not cls.__module__.startswith("churnclv"):
            continue
        found[cls.__name__] = cls
        hints = typing.get_type_hints(cls)
        open_ += [
            inner
            for hint in hints.values()
            for inner in (hint, *typing.get_args(hint))
            if isinstance(inner, type) and is_dataclass(inner)
        ]
    return found.values()


class Reads(ast.NodeVisitor):
    """The attributes that code reads, and the names that it writes out, outside of the checks of settings."""

    def __init__(self):
        self.attributes, self.names = set(), set()

    def visit_FunctionDef(self, node):
        if node.name != "__post_init__":  # a check that a value is allowed does nothing with it
            self.generic_visit(node)

    def visit_Attribute(self, node):
        if isinstance(node.ctx, ast.Load):
            self.attributes.add(node.attr)
        self.generic_visit(node)

    def visit_Constant(self, node):
        self.names.add(node.value)

    def visit_keyword(self, node):
        self.names.add(node.arg)
        self.generic_visit(node)


def test_every_key_of_the_configuration_is_read():
    """A key that no code reads promises what nothing does."""
    read = Reads()
    for path in MODULES:
        if path.name not in {"help.py", "faults.py", "renamed_settings.py"}:  # these describe keys
            read.visit(ast.parse(path.read_text(encoding="utf-8")))
    keys = [(cls.__name__, field.name) for cls in settings_classes() for field in fields(cls)]
    assert len(keys) > 100
    by_name = {"Policies": read.names, "Columns": read.names}  # those of a fault and of a role are taken by its name
    assert [key for key in keys if key[1] not in by_name.get(key[0], read.attributes)] == []


def test_the_public_api_is_documented():
    """Every name of the curated list has a docstring; those that take or return something describe it."""
    for public in churnclv.__all__:
        value = getattr(churnclv, public)
        assert value.__doc__, public
        members = (
            [value]
            if inspect.isfunction(value)
            else [
                value,
                value.__init__,
                *(m for n, m in vars(value).items() if inspect.isfunction(m) and not n.startswith("_")),
            ]
        )
        for member in members:
            assert member.__doc__, (public, member)
        if inspect.isfunction(value):
            assert "Returns" in value.__doc__ or value.__doc__.startswith("Return"), public
            assert "Parameters" in value.__doc__ or len(inspect.signature(value).parameters) < 2, public
        else:
            assert "Parameters" in "".join(base.__doc__ or "" for base in value.__mro__), public

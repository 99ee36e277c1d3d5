"""A family, a check, a key figure and a section from outside the tree, one file each, as docs/extending.md has them."""

import io
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnclv.errors import InputError
from churnclv.evaluation.check import Evidence, Outcome
from churnclv.evaluation.checks import run_checks
from churnclv.explain.phrases.phrase import find_phrase
from churnclv.explain.phrases.topics import find_topic
from churnclv.explain.reasons import Reasons, cite_features
from churnclv.features.families import present_families
from churnclv.features.feature_table import TableDefinition, build_features
from churnclv.features.leakage import find_leaks
from churnclv.features.model_columns import model_columns
from churnclv.features.settings import FeatureSettings
from churnclv.files import PROJECT
from churnclv.pipeline.extensions import add_families, load_extensions
from churnclv.progress import Progress
from churnclv.report.page import Page, write_page
from churnclv.report.sections import render_sections
from churnclv.report.texts.translation import Translation
from churnclv.snapshots.settings import WindowSettings

CUTOFF = datetime(2024, 3, 1)
EXAMPLES = re.findall(r"```python\n(.*?)```", (PROJECT / "docs/extending.md").read_text(), re.DOTALL)
FAMILY, CHECK, KPI, SECTION = EXAMPLES


@pytest.fixture(autouse=True)
def nothing_left():
    """Drop what a test has registered."""
    yield
    load_extensions([])


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file and returns its path as a text."""

    def write_one(code: str, name: str = "own.py") -> str:
        path = tmp_path / name
        path.write_text(code)
        return str(path)

    return write_one


@pytest.fixture
def events(connection, write_events):
    rows = [
        {"customer_id": name, "timestamp": f"2024-0{month}-0{day}", "kind": "order", "amount": amount}
        for name, month, day, amount in (("ann", 1, 2, "60.00"), ("ann", 2, 3, "50.00"), ("bob", 1, 5, "49.99"))
    ]
    return write_events(connection, rows)


# --- a family ---


def test_a_family_from_outside_is_computed_beside_the_others(write, events):
    file = write(FAMILY)
    load_extensions([file])
    settings = FeatureSettings(families=["recency"])
    add_families(settings, [file])
    add_families(settings, [file])  # once
    assert settings.families == ["recency", f"{file}:large_orders"]
    assert present_families(events, settings.families, CUTOFF) == settings.families
    frame = build_features(events, "", TableDefinition((CUTOFF,), settings, WindowSettings()))
    assert model_columns(frame.columns, settings.families)[-1] == "large_orders"
    assert dict(zip(frame["customer_id"], frame["large_orders"], strict=True)) == {"ann": 2.0, "bob": 0.0}
    assert find_leaks(events, [CUTOFF], settings) == []


def test_a_family_without_its_events_is_left_out(write, events):
    file = write(FAMILY.replace('Need(("order",))', 'Need(("referral",))'))
    load_extensions([file])
    assert present_families(events, ["recency", f"{file}:large_orders"], CUTOFF) == ["recency"]


@pytest.mark.parametrize(
    ("language", "label", "text"),
    [("en", "large orders", "1 large order (typical customer: 3)"),
     ("it", "ordini grandi", "1 ordine grande (cliente tipico: 3)")],
)  # fmt: skip
def test_its_columns_give_reasons_in_both_languages(write, language, label, text):
    load_extensions([write(FAMILY)])
    rows = pd.DataFrame({"large_orders": [1.0], "spend": [3.0]})
    contributions = pd.DataFrame({"large_orders": [0.4], "spend": [0.3]})
    reasons = Reasons({"large_orders": 3.0}).explain(cite_features(contributions, rows), rows, language)
    assert reasons.iloc[0].tolist() == [text, None, None]  # both are of one topic
    assert find_phrase("large_orders", language).label == label
    assert find_topic("large_orders") == "spend"


def test_what_a_file_added_is_gone_without_it(write):
    load_extensions([write(FAMILY)])
    load_extensions([])
    assert find_phrase("large_orders", "it").label == "large_orders"


def test_a_column_that_nobody_describes_is_refused(write, events):
    file = write(FAMILY.replace("agg(large_orders=", "agg(orders=orders.count(), large_orders="))
    with pytest.raises(InputError, match=r"columns \['orders'\] are not described"):
        build_features(
            events, "", TableDefinition((CUTOFF,), FeatureSettings(families=[f"{file}:large_orders"]), WindowSettings())
        )


# --- a check ---


def evidence(rows: int) -> Evidence:
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(rows, 3)), columns=["a", "b", "c"])
    truth = (np.arange(rows) % 3 == 0).astype(float)
    return Evidence(frame, truth, frame, frame, [(truth, np.full(rows, 0.3))], (frame, frame))


@pytest.mark.parametrize(("rows", "outcome"), [(29, Outcome.failed), (30, Outcome.passed)])
def test_a_check_from_outside_runs_after_the_built_in_ones(write, rows, outcome):
    load_extensions([write(CHECK)])
    checks = run_checks(evidence(rows))
    assert [check.code for check in checks] == [*(f"C{place}" for place in range(1, 10)), "S1"]
    assert (checks[-1].outcome, checks[-1].finding) == (outcome, f"{rows} rows, 3 features")
    assert checks[-1].remedy == "fewer features.families, or more history."


# --- a key figure and a section ---

LOG = pd.DataFrame(
    [("ann", "2024-01-05", "10"), ("ann", "2024-02-06", "30"), ("bob", "2024-02-07", "20"), ("cat", "2024-03-01", "1")],
    columns=["customer_id", "timestamp", "amount"],
)


def page(base, language: str) -> tuple[list, str]:
    texts = Translation.of(language)
    sections = render_sections(base, texts, None, 0.3, Progress(io.StringIO()))
    return sections, write_page(Page("Report", "about"), sections, texts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "label", "definition"),
    [("en", "Spend per customer", "revenue / customers who ordered"),
     ("it", "Spesa per cliente", "fatturato / clienti che hanno ordinato")],
)  # fmt: skip
def test_a_key_figure_from_outside_is_on_the_page_and_in_the_table(write, look, language, label, definition):
    load_extensions([write(KPI)])
    sections, html = page(look(LOG, as_of="2024-03-01"), language)
    assert f"<dt>{label}</dt>" in html
    assert definition in html
    assert sections[0].tables["kpis"]["spend_per_customer"].tolist() == [25.0, 10.0]  # February, January


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "title", "lead", "headline"),
    [("en", "Customers who bought once", "3 customers have bought so far.", "66.7% of the buyers bought once."),
     ("it", "Clienti con un solo acquisto", "Finora hanno comprato 3 clienti.",
      "Il 66,7% degli acquirenti ha comprato una volta.")],
)  # fmt: skip
def test_a_section_from_outside_is_the_last_of_the_report(write, look, language, title, lead, headline):
    load_extensions([write(SECTION)])
    sections, html = page(look(LOG), language)
    assert sections[-1].name == "single_buyers"
    assert f'<h2 id="single_buyers">{title}</h2>' in html
    assert lead in html
    assert f"{title}</a>: {headline}" in html
    assert html.count("data:image/svg+xml") > 0
    assert sections[-1].tables["single_buyers"].to_dict("list") == {"purchases": [1, 2], "customers": [2, 1]}


@pytest.mark.slow
def test_everything_at_once_takes_a_file_each(write, look):
    files = [write(code, f"part_{place}.py") for place, code in enumerate(EXAMPLES)]
    load_extensions(files)
    assert {section.name for section in page(look(LOG), "it")[0]} >= {"kpis", "single_buyers"}
    assert run_checks(evidence(40))[-1].code == "S1"
    assert find_phrase("large_orders", "it").label == "ordini grandi"


# --- what is refused ---

TWICE = {
    "family": (FAMILY, "the feature family 'large_orders' is one of"),
    "check": (CHECK, "the check 'S1' is one of"),
    "kpi": (KPI, "the key figure 'spend_per_customer' is one of"),
    "section": (SECTION, "the section 'single_buyers (noncontractual)' is one of"),
}
TAKEN = {
    "family": (FAMILY.replace("large_orders", "recency"), "the feature family 'recency' is one of churnclv already"),
    "column": (FAMILY.replace('"large_orders"', '"spend"'), "'spend' of family 'large_orders' is a column of"),
    "check": (CHECK.replace('"S1"', '"C1"'), "the check 'C1' is one of churnclv already"),
    "kpi": (
        KPI.replace("def spend_per_customer", "def revenue"),
        "the key figure 'revenue' is one of churnclv already",
    ),
    "section": (
        SECTION.replace('section("single_buyers"', 'section("funnel"'),
        "the section 'funnel (noncontractual)' is one",
    ),
}
WRONG = {
    "nothing": ("x = 1\n", "registers nothing"),
    "a plain function": ("def f(history, settings):\n    return history\n", "registers nothing"),
    "no Italian phrase": (re.sub(r"        it=.*\n", "", FAMILY), "has no text in Italian (it)"),
    "no English label": (KPI.replace('"en": "Spend per customer", ', ""), "'figure.spend_per_customer' has no text in"),
    "no Italian title": (SECTION.replace(', "it": "Clienti con un solo acquisto"', ""), "no text in Italian (it)"),
    "no title": (re.sub(r'    "title": .*\n', "", SECTION), "section 'single_buyers' has no title"),
    "other fields": (KPI.replace("fatturato /", "{x} /"), "has other fields in Italian than in English"),
    "other fields of a phrase": (FAMILY.replace("{zero}nessun", "{one}nessun"), "other fields in Italian"),
    "a broken template": (FAMILY.replace("{usual}", "{usual"), "ValueError"),
    "usual before a number": (
        FAMILY.replace("{zero}no large", "{usual}no large").replace("{zero}nessun", "{usual}nessun"),
        "the phrases of column 'large_orders' cannot be read",
    ),
    "an empty reason": (re.sub(r'why=".*"', 'why=""', CHECK), "check 'S1' has an empty why"),
    "a code of two words": (CHECK.replace('"S1"', '"S 1"'), "'S 1' is no code of a check"),
    "an unknown kind": (SECTION.replace('("noncontractual",)', '("shops",)'), "is of kinds ['shops']"),
    "an unknown population": (KPI.replace("style=", 'population="martians", style='), "of population 'martians'"),
    "an error": ("raise RuntimeError('no')\n", "RuntimeError: no"),
    "two kinds of things": (FAMILY + CHECK, "holds a feature family beside something else"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "message"), TWICE.values(), ids=list(TWICE))
def test_two_files_of_one_name_are_refused(write, code, message):
    files = [write(code, "one.py"), write(f"{code}\n", "two.py")]
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        load_extensions(files)
    assert files[0] in str(refused.value)
    assert str(refused.value).startswith(files[1])
    assert "->" in str(refused.value)


@pytest.mark.parametrize(("code", "message"), [*TAKEN.values(), *WRONG.values()], ids=[*TAKEN, *WRONG])
def test_a_file_at_fault_is_named_with_a_remedy(write, code, message):
    file = write(code)
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        load_extensions([file])
    assert str(refused.value).startswith(file)
    assert "\n  -> " in str(refused.value)


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match=r"nowhere\.py: no such Python file"):
        load_extensions(["nowhere.py"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "run", "message"),
    [
        (CHECK.replace("evidence.features.shape", "evidence.nothing"), "check", "check 'S1' fails: AttributeError"),
        (re.sub(r"    return RULE.*", "    return 1", CHECK), "check", "check 'S1' returns no result of its rule"),
        (KPI.replace('"customers"', '"people"'), "page", "key figure 'spend_per_customer' fails: KeyError"),
        (re.sub(r"    return counted.*", "    return 1.0", KPI), "page", "returns no estimate"),
        (SECTION.replace("context.base.purchases", "context.nothing"), "page", "section 'single_buyers' fails"),
        (SECTION.replace('return Section("single_buyers"', 'return Section("x"'), "page", "no section of its name"),
        (SECTION.replace('Figure.of("single_buyers"', 'Figure.of("x"'), "page", "figures without a name: ['x']"),
    ],
    ids=[
        "check",
        "check, no result",
        "key figure",
        "key figure, a number",
        "section",
        "section's name",
        "figure's name",
    ],
)
def test_a_function_that_fails_is_the_files_fault(write, look, code, run, message):
    file = write(code)
    load_extensions([file])
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        run_checks(evidence(40)) if run == "check" else page(look(LOG), "en")
    assert str(refused.value).startswith(str(Path(file).resolve()))

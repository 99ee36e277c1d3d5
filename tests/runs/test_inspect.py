"""What inspect prints trains as it stands, and what it saves is found from the caller's folder."""

import shlex

import pytest

from churnclv.testing.market import Market, simulate

pytestmark = pytest.mark.slow
SMALL = ["tuning.n_trials=1", "churn=logistic", "clv=bgnbd", "windows.n_cutoffs=4", "windows.n_folds=1"]


@pytest.fixture(scope="module")
def inspected(open_shop):
    """A shop whose file has German names, semicolons and decimal commas, inspected with save=laden."""
    shop = open_shop("ein Laden", "meine Bestellungen.csv")
    log = simulate(Market(customers=300, days=600, birth_days=400), 7).log
    log["amount"] = log["amount"].map(lambda amount: f"{amount:.2f}".replace(".", ","))
    log["timestamp"] = log["timestamp"].dt.strftime("%d.%m.%Y %H:%M")
    names = {"customer_id": "Kunden-Nr.", "timestamp": "Bestelldatum", "amount": "Betrag (€)"}
    log.rename(columns=names).to_csv(shop.log, sep=";", index=False)
    return shop, shop.run("inspect", f"path={shop.log.name}", "save=laden").stdout


def test_the_printed_command_trains_as_it_stands(inspected):
    shop, printed = inspected
    line = next(line for line in printed.splitlines() if line.startswith("make train"))
    target, train, data, arguments = shlex.split(line)
    assert (target, train, data) == ("make", "train", f"DATA={shop.log.name}")
    words = shlex.split(arguments.removeprefix("ARGS="))
    done = shop.run("train", "data=transactions", f"data.path={shop.log.name}", *words, *SMALL)
    assert "Churn" in done.stdout


def test_the_saved_settings_train_from_the_callers_folder(inspected):
    shop, printed = inspected
    assert 'make train ARGS="data=laden' in printed
    assert (shop.folder / "conf" / "data" / "laden.yaml").is_file()
    done = shop.run("train", "data=laden", "tracking.home=other runs", "--cfg", "job")
    assert "customer_id: Kunden-Nr." in done.stdout
    assert "name: laden" in done.stdout


def test_it_is_of_80_columns_but_for_the_commands(inspected):
    _, printed = inspected
    assert not [
        line for line in printed.splitlines() if len(line) > 80 and "make train" not in line and "/" not in line
    ]


def test_a_file_that_is_missing_or_of_another_kind_is_one_message(inspected):
    shop, _ = inspected
    (shop.folder / "page.html").write_text("<html><body>no table</body></html>")
    for path, message in (("missing.csv", "no such file"), ("page.html", "is an HTML page")):
        done = shop.run("inspect", f"path={path}", check=False)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr

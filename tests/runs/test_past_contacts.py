"""Past contacts by the real commands: a log becomes a table, the table an effect on each customer of a later day."""

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow
DAY, CUSTOMERS, EFFECT = pd.Timestamp("2023-09-01"), 1500, 0.3
READ = [
    "data.columns.customer_id=who",
    "data.columns.timestamp=day",
    "windows.horizon_days=60",
    "+data.tables.contacts.path=sent.csv",
    "+data.tables.contacts.kind=treatment",
    "+data.tables.contacts.control=none",
    "+data.tables.contacts.columns={customer_id: who, timestamp: day, arm: arm}",
]


def write_log(folder):
    """Write orders and contacts of a shop in which a letter brings back a share of the silent, and of nobody else."""
    random = np.random.default_rng(2)
    who = np.array([f"K7{n:05}" for n in range(CUSTOMERS)])
    silent, treated = random.random(CUSTOMERS) < 0.5, random.random(CUSTOMERS) < 0.5
    last = np.where(silent, random.integers(90, 150, CUSTOMERS), random.integers(1, 30, CUSTOMERS))
    chance = np.where(silent, 0.2 + EFFECT * treated, 0.7)
    buys = who[random.random(CUSTOMERS) < chance]
    days = [-last, -last - random.integers(10, 60, CUSTOMERS), random.integers(0, 60, len(buys)), np.array([120])]
    orders = pd.DataFrame({"who": np.concatenate([who, who, buys, who[:1]])})
    orders["day"] = DAY + pd.to_timedelta(np.concatenate(days), unit="D")
    orders["amount"] = random.gamma(2.0, 15.0, len(orders)).round(2)
    orders.to_csv(folder / "orders.csv", index=False)
    arm = np.where(treated, "letter", "none")
    pd.DataFrame({"who": who, "day": DAY, "arm": arm}).to_csv(folder / "sent.csv", index=False)
    return set(who[silent])


def test_past_contacts_become_effects_on_the_customers_of_a_later_day(open_shop):
    shop = open_shop("contacts", "orders.csv")
    silent = write_log(shop.folder)
    printed = shop.run("campaign-table", "input=orders.csv", "out=past.csv", *READ).stdout
    assert "left alone  drawn, as the contacts say" in printed
    words = printed.splitlines()[-1].strip().removeprefix('make train ARGS="').removesuffix('"').split()
    assert "data.randomised=true" in words
    page = shop.run("train", *words, "uplift=t_learner", "churn.threads=1").stdout
    assert "Effects on stayed, treatments given at random" in page
    shop.run("export", "out=bundle")
    shop.run("campaign-table", "input=orders.csv", "out=today.csv", "as_of=2023-09-01", *READ)
    shop.run("score", "input=today.csv", "output=effects.csv", "model=bundle")
    effects = pd.read_csv(shop.folder / "effects.csv").set_index("customer_id")["effect_letter"]
    of_silent = effects.index.isin(silent)
    assert len(effects) == CUSTOMERS
    assert effects[of_silent].mean() == pytest.approx(EFFECT, abs=0.1)
    assert effects[~of_silent].mean() == pytest.approx(0.0, abs=0.1)
    assert not any(b"K70" in path.read_bytes() for path in (shop.home / "artifacts").rglob("*") if path.is_file())


def test_what_is_no_day_of_the_log_or_has_no_dates_is_refused(open_shop):
    shop = open_shop("no contacts", "orders.csv")
    shop.log.write_text("customer_id,timestamp,amount\nann,2024-01-01,1\nann,2024-01-05,2\n")
    refused = {
        ("as_of=2025-01-01",): "as_of=2025-01-01 is not a day of the log, 2024-01-01 to 2024-01-06.",
        ("data=labelled", "data.target=x"): "a table without dates has no past contacts.",
        (): "the log has no contacts by campaigns.",
    }
    for words, message in refused.items():
        done = shop.run("campaign-table", "input=orders.csv", "out=past.csv", *words, check=False)
        assert done.returncode == 2
        assert message in done.stderr
        assert not (shop.folder / "past.csv").exists()

"""What runs in the peers' environment: Cox's model by lifelines, and the metrics of scikit-survival.

python time_to_churn_peers.py cox FOLDER       # record.csv and running.csv -> cox.csv
python time_to_churn_peers.py metrics FOLDER   # seen.csv and one CSV per model -> metrics.json
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def fit_cox(folder: Path) -> None:
    """Fit on contracts that may enter the record late, and write the survival of running ones from their age on."""
    from lifelines import CoxPHFitter  # noqa: PLC0415 # each needs one of the two

    record, running = (
        pd.read_csv(folder / f"{name}.csv", float_precision="round_trip") for name in ("record", "running")
    )
    moments = json.loads((folder / "moments.json").read_text())
    model = CoxPHFitter(penalizer=1e-4)
    model.fit(record, duration_col="lasted", event_col="ended", entry_col="entered")
    risk = model.predict_partial_hazard(record).to_numpy()
    entered, lasted, ended = (record[name].to_numpy() for name in ("entered", "lasted", "ended"))
    days = np.unique(lasted[ended])
    gone = np.array([(ended & (lasted == day)).sum() / risk[(entered < day) & (lasted >= day)].sum() for day in days])
    hazard = np.r_[0.0, np.cumsum(gone)]  # Breslow's; lifelines' own leaves late entries out of account
    age = running["age"].to_numpy()[:, None]
    now, later = (hazard[np.searchsorted(days, at, side="right")] for at in (age, age + np.array(moments)))
    ahead = model.predict_partial_hazard(running).to_numpy()[:, None]
    frame = pd.DataFrame(np.exp(-ahead * (later - now)), columns=[str(moment) for moment in moments])
    frame.to_csv(folder / "cox.csv", index=False)


def measure(folder: Path) -> None:
    """Write the integrated Brier score and Uno's concordance of each model."""
    from sksurv.metrics import concordance_index_ipcw, integrated_brier_score  # noqa: PLC0415 # each needs one of the two
    from sksurv.util import Surv  # noqa: PLC0415 # each needs one of the two

    seen = pd.read_csv(folder / "seen.csv", float_precision="round_trip")
    truth = Surv.from_arrays(seen["ended"].to_numpy(dtype=bool), seen["days"].to_numpy())
    moments = np.array(json.loads((folder / "moments.json").read_text()))
    figures = {}
    for path in sorted(folder.glob("model-*.csv")):
        survival = pd.read_csv(path, float_precision="round_trip").to_numpy()
        figures[path.stem.removeprefix("model-")] = [
            float(integrated_brier_score(truth, truth, survival, moments)),
            float(concordance_index_ipcw(truth, truth, 1.0 - survival[:, -1], tau=moments[-1])[0]),
        ]
    (folder / "metrics.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    {"cox": fit_cox, "metrics": measure}[sys.argv[1]](Path(sys.argv[2]))

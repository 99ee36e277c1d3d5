"""Promotion: the alias `champion` moves to a better version, or by force with a reason; and rollback."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..bundle.pyfunc import DamagedBundleError, verify
from ..errors import InputError, require
from ..evaluation.bootstrap import Interval, Sample, score
from ..evaluation.metrics import auc
from ..evaluation.treatment_effects import mean_interval
from .champion_tag import mark_champion
from .home import Home
from .registry import CHAMPION, EXPERIMENT_TAG, MANIFEST_TAG, BundleSource, RunFacts, champion_of, run_facts, source_of
from .sink import client

Contest = Callable[[BundleSource], Sample | str]
DECISION_TAG, _FORMER, _BACK = "promotion", "champion.former", "champion.rolled_back"
_CHECK, _FAILED = "check.", "failed"
LOSS_COLUMN = "effects.loss"  # of a run on an experiment
_MODEL_COLUMN, _OUTCOME = "churn.score", "churned"
_NEWCOMER, _CHAMPION = "newcomer", "champion"


def register(
    home: Home, run: RunFacts, bundle: Path, model: str | None = None, tags: Mapping[str, str] | None = None
) -> BundleSource:
    """Register the bundle as a version of a model, by default the experiment's, and return its source.

    A bundle that is a version already stays that version.
    """
    from mlflow.exceptions import MlflowException

    mlflow, name = client(home), model or run.experiment
    with suppress(MlflowException):  # it is there already
        mlflow.create_registered_model(name, tags={EXPERIMENT_TAG: run.experiment})
    digest, address = verify(bundle), bundle.resolve().as_uri()
    for version in mlflow.search_model_versions(f"run_id = '{run.run_id}'"):
        if (version.name, version.tags.get(MANIFEST_TAG), version.source) == (name, digest, address):
            return source_of(version)
    recorded = {MANIFEST_TAG: digest, **(tags or {})}
    return source_of(mlflow.create_model_version(name, address, run.run_id, tags=recorded))


def promote(home: Home, run: RunFacts, source: BundleSource, compare: Contest, *, force: bool, reason: str) -> str:
    """Move the alias `champion` to a version if the rules allow it, and return the decision with its reason.

    It moves if there is no champion yet; or if the newcomer's AUC is better by a paired bootstrap interval that
    excludes zero and it fails no check that the champion's run passed; or by force, with a reason, which is recorded.
    Runs that were evaluated on the same rows are compared there. Otherwise `compare(champion's bundle)` evaluates both
    on windows after the champion's training end, or returns the reason why it cannot. The decision is recorded first;
    then the alias moves in one transaction, so that a crash leaves the old champion in place.
    """
    mlflow, name, version = client(home), str(source.model), str(source.version)
    former = champion_of(mlflow, name)
    decision, moves = _decide(mlflow, run, former, compare, force=force, reason=reason)
    mlflow.set_model_version_tag(name, version, DECISION_TAG, decision)
    if moves:
        if former is not None and str(former.version) != version:
            mlflow.set_model_version_tag(name, version, _FORMER, str(former.version))
        mlflow.set_registered_model_alias(name, CHAMPION, version)
        mark_champion(mlflow, name, version)
    outcome = "is now champion" if moves else "is registered, the champion stays"
    return f"version {version} of {name} {outcome}: {decision}"


def _decide(mlflow: Any, run: RunFacts, former: Any, compare: Contest, *, force: bool, reason: str) -> tuple[str, bool]:
    """Return the decision as text, and whether the alias moves."""
    if former is None:
        return "there was no champion yet", True
    if force:
        require(bool(reason.strip()), "force=true needs a reason.", remedy="reason='why it replaces the champion'")
        return f"forced: {reason}", True
    champion = _champion_run(mlflow, former)
    if champion.run_id == run.run_id:
        return "the same run as the champion's", True
    worse = sorted(_failed(run) - _failed(champion))
    if worse:
        return f"it fails {', '.join(worse)}, which the champion's run does not (force=true reason=...)", False
    return _compare(run, champion, former, compare)


def _champion_run(mlflow: Any, version: Any) -> RunFacts:
    """Return the run behind the champion.

    Raises:
        InputError: a person has removed it from MLflow for good, so that nothing is left to compare with.
    """
    from mlflow.exceptions import MlflowException

    try:
        return run_facts(mlflow, mlflow.get_run(version.run_id))
    except MlflowException:
        what = f"the champion's run {version.run_id} was removed from MLflow: nothing is left to compare with."
        raise InputError(what, remedy="force=true reason='the champion has no run any more'") from None


def require_comparable(home: Home, run: RunFacts, *, force: bool) -> None:
    """Check before any work that a newcomer's run can be compared with the champion's, unless it is forced.

    Raises:
        InputError: the champion's run was removed from MLflow, or its or the newcomer's artefacts were removed by hand.
    """
    mlflow = client(home)
    former = champion_of(mlflow, run.experiment)
    if former is None or force:
        return
    champion = _champion_run(mlflow, former)
    if champion.run_id == run.run_id:
        return
    _predictions(run)
    if champion.tags.get("snapshot.fingerprint") == run.tags.get("snapshot.fingerprint"):
        _predictions(champion)
    elif not source_of(former).folder.is_dir():
        what = f"{source_of(former).folder}: the champion's bundle was removed: nothing is left to compare with."
        raise InputError(what, remedy="force=true reason='the champion has no bundle any more'")


def _failed(run: RunFacts) -> set[str]:
    """Return the codes of the checks that a run failed."""
    return {
        name.removeprefix(_CHECK) for name, value in run.tags.items() if name.startswith(_CHECK) and value == _FAILED
    }


def _compare(run: RunFacts, champion: RunFacts, former: Any, compare: Contest) -> tuple[str, bool]:
    if champion.tags.get("snapshot.fingerprint") == run.tags.get("snapshot.fingerprint"):
        newcomer, rival = _predictions(run), _predictions(champion)
        if LOSS_COLUMN in newcomer:
            return _compare_losses(newcomer, rival)
        difference, where = paired_difference(newcomer, rival), "validation AUC"
    else:
        sample = _contest_sample(former, compare)
        if isinstance(sample, str):
            return f"not comparable: {sample} (force=true reason=...)", False
        difference, where = _difference([sample]), "AUC on windows after the champion's training end"
    interval = f"[{difference.low:+.4f}, {difference.high:+.4f}]"
    return f"{where} {difference.value:+.4f} {interval} against the champion", difference.low > 0


def _compare_losses(newcomer: pd.DataFrame, champion: pd.DataFrame) -> tuple[str, bool]:
    """Compare two runs on an experiment by the doubly robust losses of their effects, row by row: less is better."""
    both = newcomer.merge(champion, on="row", suffixes=("", "_champion"))
    difference = mean_interval((both[LOSS_COLUMN] - both[f"{LOSS_COLUMN}_champion"]).to_numpy(dtype=float))
    return f"doubly robust loss {difference.write('+.3g')} against the champion", difference.high < 0


def _contest_sample(former: Any, compare: Contest) -> Sample | str:
    """Return the sample of the comparison, or why there is none, such as a damaged bundle of the champion."""
    try:
        return compare(source_of(former))
    except InputError as error:
        return str(error).partition("\n")[0]


def _predictions(run: RunFacts) -> pd.DataFrame:
    path = run.artifacts / "predictions" / "valid.parquet"
    require(path.is_file(), f"run {run.run_id} has lost its predictions ({path}).", remedy="force=true reason=...")
    return pd.read_parquet(path)


def paired_difference(newcomer: pd.DataFrame, champion: pd.DataFrame) -> Interval:
    """Return the difference in AUC on the same validation rows, newcomer minus champion, with its interval."""
    both = newcomer.assign(rival=champion[_MODEL_COLUMN])
    return _difference(
        [contest_sample(rows, "rival", rows["customer"].to_numpy()) for _, rows in both.groupby("cutoff")]
    )


def contest_sample(rows: pd.DataFrame, rival: str, customers: NDArray[np.int64]) -> Sample:
    """Return a sample of rows with outcomes, the newcomer's scores, and the champion's in column `rival`.

    Customers are numbered, (n,).
    """
    outcomes, mine, theirs = (rows[name].to_numpy(dtype=float) for name in (_OUTCOME, _MODEL_COLUMN, rival))
    return Sample(outcomes, {_NEWCOMER: mine, _CHAMPION: theirs}, customers.astype(np.int64))


def _difference(samples: list[Sample]) -> Interval:
    return score(samples, {"auc": auc}, _CHAMPION).differences[_NEWCOMER]["auc"]


def roll_back(home: Home, name: str) -> str:
    """Move the alias `champion` of a model back to the version before it, and return a message.

    Raises:
        InputError: there is no champion or no former one, or the former's bundle has changed.
    """
    from mlflow.exceptions import MlflowException

    mlflow = client(home)
    current = champion_of(mlflow, name)
    require(current is not None, f"{name}: has no champion.", remedy="make export")
    former = current.tags.get(_FORMER)
    remedy = "see `make ui`, Models: other versions can be exported again with force=true reason=..."
    require(former is not None, f"{name}: version {current.version} had no champion before it.", remedy=remedy)
    try:
        version = mlflow.get_model_version(name, former)
    except MlflowException:
        raise InputError(f"{name}: version {former} was deleted in MLflow.", remedy=remedy) from None
    source = source_of(version)
    try:
        verify(source.folder, source.manifest)
    except DamagedBundleError as error:
        raise InputError(str(error), remedy=remedy) from None
    mlflow.set_model_version_tag(name, str(current.version), _BACK, f"to version {former}")
    mlflow.set_registered_model_alias(name, CHAMPION, former)
    mark_champion(mlflow, name, former)
    return f"version {former} of {name} is champion again, version {current.version} no more: {source.folder}"

"""A random forest, grown by XGBoost in one round, and kept in its own format."""

import numpy as np
import xgboost

_FILE = "forest.ubj"


class RandomForest:
    """Many deep trees, each on a draw of rows and columns, averaged (Breiman 2001, Machine Learning 45)."""

    def __init__(self):
        """Take what is usual."""
        self.parameters = {
            "objective": "binary:logistic",
            "eta": 1.0,
            "num_parallel_tree": 400,
            "max_depth": 9,
            "min_child_weight": 20,
            "subsample": 0.63,
            "colsample_bynode": 0.3,
            "lambda": 1.0,
            "base_score": 0.5,
            "seed": 0,
        }
        self.booster = None

    def fit(self, table, churned):
        """Grow the trees."""
        found = xgboost.DMatrix(self._finite(table), label=churned)
        self.booster = xgboost.train(self.parameters, found, num_boost_round=1)
        return self

    def predict(self, table):
        """Return chances."""
        return self.booster.predict(xgboost.DMatrix(self._finite(table))).astype(float)

    def _finite(self, table):
        return table.replace([np.inf, -np.inf], np.nan)

    def get_params(self):
        """Return what was chosen."""
        return dict(self.parameters)

    def save(self, folder):
        """Write the trees."""
        self.booster.save_model(folder / _FILE)

    @classmethod
    def load(cls, folder):
        """Read the trees."""
        model = cls()
        model.booster = xgboost.Booster(model_file=str(folder / _FILE))
        return model

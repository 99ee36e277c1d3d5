"""Customers of an experiment: a table without time, with treatments and outcomes."""

from ...data.engine import EngineSettings, connect
from ...data.experiment_table import ExperimentTable, read_experiment
from ...data.settings import DataSettings
from ...progress import Progress
from ...tracking.home import Home
from ..dataset_building import BuiltDataset, build_experiment_dataset
from ..settings import TrainConfig
from .steps import DataSteps


class ExperimentSteps(DataSteps[ExperimentTable]):
    """Customers of an experiment: effects are learned, and no churn score."""

    def read(self, data: DataSettings, engine: EngineSettings, home: Home) -> ExperimentTable:
        """Read the table."""
        return read_experiment(connect(engine, home.cache / "spill"), data)

    def build_dataset(self, config: TrainConfig, home: Home, progress: Progress) -> BuiltDataset:
        """Return the rows of the table in two parts; outcomes and arms of the test part stay sealed."""
        del progress
        return build_experiment_dataset(self.read(config.data, config.engine, home), config)

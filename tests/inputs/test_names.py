"""Names that become folders and registered models: whatever would lead out of the home is refused before any work."""

import pytest

from churnclv.data.settings import DataSettings
from churnclv.errors import InputError
from churnclv.hackathon.entry_folder import find_entry, start_entry
from churnclv.pipeline.settings import LeaderboardConfig
from churnclv.tracking.settings import TrackingSettings

GOOD = ["cdnow", "Shop 2011-09", "team.a_b-c", "negozio è 1", "a", "-", "x" * 100]
BAD = [
    *("../../../escaped", "..", ".", ".hidden", "team/a", "/etc", "a\\b", "a:b", "a%2Fb", "", " ", " a", "a ", "a."),
    *("a\nb", "a\n", "a\0b", "a'b", 'a"b', "a*b", "$HOME", "a?b", "a#b", "a|b", "x" * 101),
]
SETTINGS = {
    "tracking.experiment": lambda name: TrackingSettings(experiment=name),
    "data.name": lambda name: DataSettings(name=name),
    "leaderboard.dataset": lambda name: LeaderboardConfig(dataset=name),
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", BAD)
def test_a_name_that_is_no_folder_is_refused_with_the_remedy(setting, name):
    with pytest.raises(InputError) as caught:
        SETTINGS[setting](name)
    said, remedy = str(caught.value).split("\n  -> ")
    assert said == f"{setting} is {name!r}, which cannot name a folder or a model."
    assert remedy.startswith("letters, digits, space and . _ - only")


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", GOOD)
def test_other_names_are_taken_and_stay_below_their_folder(tmp_path, setting, name):
    SETTINGS[setting](name)
    path = tmp_path / name
    path.mkdir()
    assert path.resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize("name", GOOD)
def test_the_registry_and_the_experiments_take_such_names(name):
    from mlflow.utils.validation import _validate_experiment_name, _validate_model_name

    _validate_model_name(name)
    _validate_experiment_name(name)


def test_an_entry_beside_the_folder_of_entries_is_none(tmp_path):
    start_entry(tmp_path / "other", "mine")
    (tmp_path / "experiments").mkdir()
    with pytest.raises(InputError, match=r"no entry \.\./other/mine"):
        find_entry(tmp_path / "experiments", "../other/mine")
    assert find_entry(tmp_path / "other", "mine").name == "mine"

"""The record of learned effects, and the report's section on it in both languages."""

import json

import numpy as np
import pytest

from churnclv.data.settings import CustomerKind
from churnclv.decision.effect_record import EFFECTS, describe_effects, read_effect_record
from churnclv.errors import InputError
from churnclv.evaluation.bootstrap import Interval
from churnclv.evaluation.effect_evaluation import ArmFigures, EffectFigures
from churnclv.evaluation.policy_value import PolicyValue
from churnclv.evaluation.uplift_evaluation import GroupEffect
from churnclv.report import sections  # noqa: F401 # it registers them
from churnclv.report.report_context import ReportContext, wanted_sections
from churnclv.report.section import Picture, Points, Tiles
from churnclv.report.settings import ReportSettings
from churnclv.report.texts.translation import Translation

UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))
LETTER = ArmFigures(
    Interval(0.10, 0.05, 0.15), 0.09, Interval(0.04, 0.01, 0.07), Interval(0.02, 0.0, 0.04), 0.01,
    tuple(GroupEffect(f"fifth {n}", 200, 0.3 - 0.1 * n, Interval(0.3 - 0.1 * n, 0.2 - 0.1 * n, 0.4 - 0.1 * n))
          for n in range(1, 6)),
)  # fmt: skip
CALL = ArmFigures(Interval(0.02, -0.03, 0.07), 0.02, UNKNOWN, UNKNOWN, float("nan"), ())
FIGURES = EffectFigures(
    customers=1000,
    arms={"call": CALL, "letter $1": LETTER},
    policies={
        "by effect": PolicyValue(Interval(9.0, 8.0, 10.0), Interval(3.0, 2.0, 4.0), 0.4),
        "nobody": PolicyValue(Interval(6.0, 5.0, 7.0), Interval(0.0, 0.0, 0.0), 0.0),
        "everybody: call": PolicyValue(Interval(5.0, 4.0, 6.0), Interval(-1.0, -2.0, 0.0), 1.0),
        "everybody: letter $1": PolicyValue(Interval(8.0, 7.0, 9.0), Interval(2.0, 1.0, 3.0), 1.0),
    },
    weighted={},
    over={
        "nobody": Interval(3.0, 2.0, 4.0),
        "everybody: call": Interval(4.0, 3.0, 5.0),
        "everybody: letter $1": Interval(1.0, -0.5, 2.5),
    },
)
CHOICES = {"call": "no_heterogeneity (linear)", "letter $1": "dr_learner (linear)"}


def write(folder, figures=FIGURES, **named):
    described = describe_effects(figures, CHOICES, **{"outcome": "stayed", "binary": True, "randomised": True, **named})
    inside = folder / "artifacts" / "bundle"
    inside.mkdir(parents=True)
    (inside / EFFECTS).write_text(json.dumps(described))
    return described


def render(folder, language="en"):
    settings = ReportSettings(language=language, effects=str(folder))
    context = ReportContext(CustomerKind.noncontractual, Translation.of(language), settings, None, "2024-06-01")
    (registered,) = [one for one in wanted_sections(context) if one.name == "effects"]
    return registered.render(context)


def block(made, kind):
    return next(one for one in made.blocks if isinstance(one, kind))


def test_a_record_is_read_back_and_what_is_undefined_is_none(tmp_path):
    described = write(tmp_path)
    assert read_effect_record(tmp_path) == json.loads(json.dumps(described))
    assert described["arms"]["call"]["autoc"] is None
    assert described["arms"]["call"]["p_value"] is None
    assert described["policies"]["by effect"]["less"] is None
    assert [group["value"] for group in described["arms"]["letter $1"]["groups"]] == pytest.approx(
        [0.2, 0.1, 0.0, -0.1, -0.2]
    )


def test_the_section_says_what_was_learned_and_what_it_would_earn(tmp_path):
    write(tmp_path)
    made = render(tmp_path)
    assert made.headline.startswith(
        "Contacting by effect gains +3,000 [+2,000, +4,000] per 1,000 customers over contacting nobody, and reaches "
        "40.0%"
    )
    call, letter, gains, against = block(made, Points).texts
    assert call.startswith("call: the same effect for everybody.")
    assert call.endswith("its average effect is +2 [-3, +7].")
    assert "the model ranks them (dr learner (linear); AUTOC +0.04 [+0.01, +0.07], above zero beyond chance)" in letter
    assert letter.endswith("Its average effect is +10 [+5, +15].")
    assert gains == made.headline
    assert against.startswith("Against “everybody, letter $1”, the best rule that looks at no effect, that is +1,000")
    gain, treated = block(made, Tiles).figures
    assert (gain.value, gain.low, gain.high, treated.value) == (3000.0, 2000.0, 4000.0, 0.4)
    groups = made.tables["effect_groups"]
    assert groups["fifth"].tolist() == [0, 1, 2, 3, 4, 5]
    assert groups["value"].tolist() == pytest.approx([0.02, 0.2, 0.1, 0.0, -0.1, -0.2])
    policies = made.tables["effect_policies"]
    assert policies["policy"].tolist() == ["by effect", "nobody", "everybody, call", "everybody, letter $1"]
    assert policies["policy_less"].isna().tolist() == [True, False, False, False]
    marks = block(made, Picture).marks
    assert [mark.name for mark in marks] == ["call, everybody", *(f"letter $1, fifth {n}" for n in range(1, 6))]
    assert [mark.values[0].value for mark in marks] == pytest.approx([2.0, 20.0, 10.0, 0.0, -10.0, -20.0])


def test_the_section_in_italian_and_without_randomisation(tmp_path):
    figures = EffectFigures(**{**vars(FIGURES), "arms": {"call": CALL, "letter $1": replaced_autoc(-0.01)}})
    write(tmp_path, figures, randomised=False, binary=False, outcome="spesa")
    made = render(tmp_path, "it")
    assert made.blocks[0].text.startswith("I contatti non sono stati distribuiti a caso")
    assert made.blocks[1].text == "Un effetto è la variazione di «spesa» ogni 1.000 clienti."
    call, letter, *_ = block(made, Points).texts
    assert call.startswith("call: lo stesso effetto per tutti.")
    assert "il suo ordinamento non supera il caso" in letter
    assert "secondo l'effetto" in made.tables["effect_policies"]["policy"].tolist()


def replaced_autoc(low):
    return ArmFigures(LETTER.average, 0.09, Interval(0.04, low, 0.07), LETTER.qini, 0.2, LETTER.groups)


def test_no_setting_gives_no_section_and_no_record_is_refused(tmp_path):
    settings = ReportSettings()
    context = ReportContext(CustomerKind.noncontractual, Translation.of("en"), settings, None, "2024-06-01")
    assert "effects" not in [one.name for one in wanted_sections(context)]
    with pytest.raises(InputError, match=r"report\.effects=.*nowhere: no such folder"):
        render(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no record of learned effects"):
        render(tmp_path)
    (tmp_path / EFFECTS).write_text(json.dumps({"kind": "another"}))
    with pytest.raises(InputError, match="holds no record of learned effects"):
        read_effect_record(tmp_path)


def test_where_nobody_is_worth_a_contact_there_is_no_other_rule_to_beat(tmp_path):
    poor = {name: FIGURES.policies[name] for name in ("by effect", "nobody", "everybody: call")}
    over = {name: FIGURES.over[name] for name in ("nobody", "everybody: call")}
    write(tmp_path, EffectFigures(**{**vars(FIGURES), "policies": poor, "over": over}))
    assert len(block(render(tmp_path), Points).texts) == 3
    assert np.isfinite(render(tmp_path).tables["effect_groups"]["value"]).all()

"""The table of all metrics: one name, one meaning."""

import re

from withings_bridge.domain import fields
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.metrics import METRICS, NO_NUMBER, kinds_of
from withings_bridge.domain.records import Kind

TABLES = (fields.ACTIVITY, fields.INTRADAY, fields.WORKOUT, fields.SLEEP_SUMMARY, fields.SLEEP_DETAIL)


class TestMetrics:
    def test_has_each_measure_type_and_each_field_that_is_a_number_under_a_name_of_its_own(self) -> None:
        numbers = [field.metric for table in TABLES for field in table if field.unit not in NO_NUMBER]
        types = [type_.metric for type_ in MEASURE_TYPES.values()]
        named = [*numbers, *types]
        assert len(set(named)) == len(named)
        assert set(named) <= METRICS.keys()
        elsewhere = METRICS.keys() - set(named)
        assert elsewhere == {
            "bmi",
            "ecg_heart_rate",
            "ecg_afib",
            "stetho_vhd",
            "sleep_stage",
            "goal_steps",
            "goal_sleep",
            "goal_weight",
        }

    def test_names_are_words_and_underscores(self) -> None:
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in METRICS)

    def test_leads_back_to_what_withings_calls_it(self) -> None:
        assert (METRICS["weight"].kind, METRICS["weight"].code) == (Kind.MEASURES, 1)
        assert (METRICS["active_energy"].kind, METRICS["active_energy"].code) == (Kind.ACTIVITY, "calories")
        assert (METRICS["sleep_stage"].kind, METRICS["sleep_stage"].code) == (Kind.SEGMENT, "state")

    def test_says_which_kinds_of_records_may_hold_a_metric(self) -> None:
        assert kinds_of("weight") == (Kind.MEASURES,)
        assert kinds_of("height") == (Kind.MEASURES, Kind.HEIGHT)
        assert kinds_of("systolic_blood_pressure") == (Kind.MEASURES, Kind.HEART)
        assert kinds_of("type-987") == (Kind.MEASURES,)
        assert set(kinds_of("field-new")) == set(Kind)

    def test_tells_quantities_from_codes(self) -> None:
        assert METRICS["weight"].quantity
        assert not METRICS["afib_ecg"].quantity
        assert not METRICS["sleep_stage"].quantity

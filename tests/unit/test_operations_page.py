"""The page for operators speaks of what there is: words of the log, states of ``/ready``, retries."""

import re

import pytest

from documents import ROOT, text_of
from withings_bridge.api.schemas import ReadyReply
from withings_bridge.domain.troubles import RETRY_DELAYS

PAGE = text_of("docs/operations.md")
SYMPTOMS = PAGE.partition("## At 3 a.m., by symptom")[2].split("\n### ")[1:]
CODE = "\n".join(path.read_text() for path in (ROOT / "src/withings_bridge").rglob("*.py"))


class TestThePage:
    def test_quotes_the_log_to_the_letter(self) -> None:
        quoted = set(re.findall(r"`((?!withings-bridge |make )[A-Za-z]+(?: [A-Za-z']+)+)`", PAGE))
        assert len(quoted) > 8
        assert {words for words in quoted if words not in CODE} == set()

    def test_knows_the_states_of_a_bridge(self) -> None:
        said = set(re.findall(r'`"(\w+)":"([\w ]+)"`', PAGE))
        assert len(said) > 3
        fields = ReadyReply.model_json_schema()["properties"]
        assert {(name, state) for name, state in said if state not in fields[name]["enum"]} == set()

    def test_says_how_long_work_is_tried(self) -> None:
        hours = sum(delay.total_seconds() for delay in RETRY_DELAYS) / 3600
        assert round(hours) == 16
        assert "some sixteen hours" in PAGE

    @pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda symptom: symptom.partition("\n")[0])
    def test_says_of_each_symptom_what_is_seen_and_what_to_do(self, symptom: str) -> None:
        assert "- **You see** " in symptom
        assert "- **Do** " in symptom

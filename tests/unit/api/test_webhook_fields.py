"""The fields of a notification, read by hand where nothing is escaped."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from withings_bridge.api.routers.webhook import MOST_FIELDS, fields_of

texts = st.text(alphabet="ab=&%+;12\x00\n é", max_size=30)


@given(text=texts, blank=st.booleans())
@example(text="userid=1&appli=1&startdate=1768462241&enddate=1768462242", blank=False)
@example(text="secret", blank=True)
@example(text="a=1=2&&a=&=b", blank=True)
def test_are_those_that_python_reads(text: str, *, blank: bool) -> None:
    assert fields_of(text, blank=blank) == dict(parse_qsl(text, keep_blank_values=blank))


@pytest.mark.parametrize("field", ["a=1", "a=%31"])
def test_of_which_there_are_too_many_are_not_read(field: str) -> None:
    assert fields_of("&".join([field] * MOST_FIELDS)) == {"a": "1"}
    with pytest.raises(ValueError, match=r"^"):
        fields_of("&".join([field] * (MOST_FIELDS + 1)))

"""Whose a subscription is."""

import pytest

from withings_bridge.domain.callbacks import is_ours

OURS = "https://bridge.example/webhook/withings?secret=new"


@pytest.mark.parametrize(
    "url",
    [
        OURS,
        "https://bridge.example/webhook/withings",
        "https://bridge.example/webhook/withings?secret=old",
        "https://BRIDGE.example:443/webhook/withings",
        "http://bridge.example/webhook/withings",
    ],
)
def test_the_same_host_and_path_are_ours_whatever_the_query(url: str) -> None:
    assert is_ours(url, OURS)


@pytest.mark.parametrize(
    "url",
    [
        "https://another.example/webhook/withings",
        "https://bridge.example/webhook",
        "https://bridge.example/webhook/withings/",
        "https://bridge.example:8443/webhook/withings",
        "https://bridge.example.evil.example/webhook/withings",
        "https://[::1/webhook/withings",
        "https://bridge.example:no/webhook/withings",
        "",
        "nonsense",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_ours(url, OURS)

"""What is wrong with a form, beside the form and in words; what was typed stays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import HTTPException
from pydantic import ValidationError

LABELS = {
    "kg": "Weight",
    "fat_percent": "Fat",
    "pulse": "Pulse",
    "at": "When",
    "systolic": "Systolic",
    "diastolic": "Diastolic",
    "steps": "Steps",
    "date": "Day",
    "hours": "Hours",
    "start": "Began",
}

WORDS = {
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "missing": "is missing",
    "float_parsing": "is no number",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "finite_number": "is no number",
}
"""By pydantic's name of what is wrong, with its own terms."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A form that could not be done, and why."""

    deed: str
    key: str = ""
    """The record it was about, where a deed has a form for each."""
    problems: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()
    """The fields that are wrong."""
    given: Mapping[str, str] = field(default_factory=dict)


def refusal(deed: str, given: Mapping[str, str], error: ValidationError | HTTPException) -> Refusal:
    """What to show of an error."""
    key = given.get("key", "")
    if isinstance(error, HTTPException):
        return Refusal(deed, key, (error.detail,), given=given)
    errors = error.errors()
    names = [str(each["loc"][0]) if each["loc"] else "" for each in errors]
    problems = tuple(_problem(name, each) for name, each in zip(names, errors, strict=True))
    return Refusal(deed, key, problems, frozenset(names), given)


def _problem(name: str, error: Any) -> str:
    label = LABELS.get(name, name or "The form")
    if error["type"].startswith(("date", "timezone", "time_")):
        return f"{label} is no time that a calendar has."
    words = WORDS.get(error["type"])
    return f"{label} {words.format(**error.get('ctx', {}))}." if words else f"{label}: {error['msg']}."

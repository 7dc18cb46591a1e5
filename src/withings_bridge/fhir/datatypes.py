"""The data types of FHIR R4 that the resources here are made of, with just the elements that are used."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

DIGITS_OF_A_DOUBLE = 15
"""A decimal of so many digits comes back the same from a double, and all of Withings' are shorter."""


def json_number(value: Decimal) -> int | float:
    """The number as JSON carries it: exact when it is whole or has at most 15 digits.

    Any longer fraction is the nearest double, which is what a reader of JSON would make of it anyway.
    """
    return int(value) if value == value.to_integral_value() else float(value)


Number = Annotated[
    Decimal, PlainSerializer(json_number, return_type=int | float), WithJsonSchema({"type": "number"})
]

Moment = Annotated[
    datetime,
    PlainSerializer(lambda at: at.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time with its offset from UTC, to the second."""


class Element(BaseModel):
    """What all parts have in common: FHIR's own spelling of names, and nothing but what is declared."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True, defer_build=True
    )


class Coding(Element):
    """A code in a code system."""

    system: str = Field(description="Whose code it is.", examples=["http://loinc.org"])
    code: str = Field(description="The code.", examples=["29463-7"])
    display: str | None = Field(None, description="What the code says.", examples=["Body weight"])


class CodeableConcept(Element):
    """One meaning, in as many code systems as have a word for it."""

    coding: list[Coding] | None = Field(None, description="The same in each code system.")
    text: str | None = Field(None, description="The same for people.", examples=["Weight"])


class Quantity(Element):
    """A value with its unit."""

    value: Number = Field(description="The value, exact.", examples=[70.5])
    unit: str | None = Field(None, description="Its unit, for people.", examples=["kg"])
    system: str | None = Field(
        None, description="Whose code the unit is: UCUM.", examples=["http://unitsofmeasure.org"]
    )
    code: str | None = Field(None, description="The unit in UCUM, where it is known.", examples=["kg"])


class Period(Element):
    """A stretch of time."""

    start: Moment = Field(description="When it began.", examples=["2026-01-14T23:12:00+01:00"])
    end: Moment | None = Field(None, description="When it ended.", examples=["2026-01-15T07:02:00+01:00"])


class Identifier(Element):
    """What Withings calls it. One measure group gives several Observations, which share its id."""

    system: str = Field(description="Which kind of id it is.", examples=["urn:withings:grpid"])
    value: str = Field(description="The id.", examples=["1234567890"])


class ResourceReference(Element):
    """FHIR's Reference: another resource by its address here, by what Withings calls it, or by name alone."""

    reference: str | None = Field(None, description="Its type and id.", examples=["Device/d3b07384d113"])
    identifier: Identifier | None = Field(
        None, description="Withings' id of it, where it is not served here: a device that was given up, say."
    )
    display: str | None = Field(None, description="Its name, for people.", examples=["Body+"])


class SampledData(Element):
    """A curve."""

    origin: Quantity = Field(description="The value that 0 stands for, and the unit of all values.")
    period: Number = Field(description="Milliseconds from one sample to the next.", examples=[3.33])
    dimensions: int = Field(1, description="Values in each sample.", examples=[1])
    data: str = Field(description="The samples, with a space between them.", examples=["12 14 19 11"])


class Meta(Element):
    """What is known of the resource itself."""

    last_updated: Moment | None = Field(
        None,
        description="When Withings last changed the record, or else the record's own time.",
        examples=["2026-01-15T06:30:41+00:00"],
    )
    profile: list[str] | None = Field(
        None,
        description="The profiles it keeps to.",
        examples=[["http://hl7.org/fhir/StructureDefinition/bodyweight"]],
    )
    tag: list[Coding] | None = Field(
        None,
        description="How the value came to be: `device`, `manual`, `external` (a phone counted it, or "
        "another app handed it in) or `unknown`.",
        examples=[[{"system": "urn:withings-bridge:source", "code": "device"}]],
    )

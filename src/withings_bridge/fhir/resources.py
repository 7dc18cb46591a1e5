"""The resources of FHIR R4 that are served, with just the elements that are used."""

from typing import Literal

from pydantic import Field

from withings_bridge.fhir.datatypes import (
    CodeableConcept,
    Element,
    Identifier,
    Meta,
    Moment,
    Period,
    Quantity,
    ResourceReference,
    SampledData,
)

ID = r"^[A-Za-z0-9.-]{1,64}$"
"""What FHIR takes as an id."""


class Resource(Element):
    """What all resources can do."""

    def json_text(self) -> str:
        """The resource as FHIR's JSON, on one line."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


class Component(Element):
    """A value that is observed together with others."""

    code: CodeableConcept = Field(description="What was observed.")
    value_quantity: Quantity | None = Field(None, description="The value, where it is a quantity.")
    value_codeable_concept: CodeableConcept | None = Field(
        None, description="The value, where it is one of several."
    )
    data_absent_reason: CodeableConcept | None = Field(None, description="Why there is no value.")


class Observation(Resource):
    """One reading, or several that belong together."""

    resource_type: Literal["Observation"] = Field("Observation", description="Always `Observation`.")
    id: str = Field(
        description="Stays the same when the value is edited.",
        examples=["measures.1234567890.5e1f0c9a77e3b2047d10"],
        pattern=ID,
    )
    meta: Meta = Field(description="When it last changed, and which profile it keeps to.")
    identifier: list[Identifier] | None = Field(
        None,
        description="What Withings calls the record.",
        examples=[[{"system": "urn:withings:grpid", "value": "1234567890"}]],
    )
    status: Literal["final"] = Field("final", description="Always `final`.")
    category: list[CodeableConcept] = Field(description="Which sort of observation it is.")
    code: CodeableConcept = Field(description="What was observed.")
    subject: ResourceReference = Field(description="Whose it is.")
    effective_date_time: Moment | None = Field(
        None,
        description="When it was taken, by the person's clock.",
        examples=["2026-01-15T07:30:41+01:00"],
    )
    effective_period: Period | None = Field(None, description="The stretch of time it is about.")
    value_quantity: Quantity | None = Field(
        None,
        description="The value, where it is a quantity.",
        examples=[{"value": 70.5, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}],
    )
    value_codeable_concept: CodeableConcept | None = Field(
        None, description="The value, where it is one of several."
    )
    value_sampled_data: SampledData | None = Field(None, description="The value, where it is a curve.")
    data_absent_reason: CodeableConcept | None = Field(None, description="Why there is no value.")
    body_site: CodeableConcept | None = Field(None, description="The part of the body it is about.")
    method: CodeableConcept | None = Field(
        None, description="How it was found, where the person told it and nothing measured it."
    )
    device: ResourceReference | None = Field(None, description="What measured it.")
    derived_from: list[ResourceReference] | None = Field(
        None, description="The Observations it is calculated from."
    )
    component: list[Component] | None = Field(None, description="What was observed together.")


class DeviceName(Element):
    """A name of a device."""

    name: str = Field(description="The name.", examples=["Body+"])
    type: Literal["model-name"] = Field("model-name", description="Always that of its model.")


class DeviceVersion(Element):
    """A version of a device."""

    value: str = Field(description="The version of its firmware.", examples=["1881"])


class Device(Resource):
    """A device of the person's."""

    resource_type: Literal["Device"] = Field("Device", description="Always `Device`.")
    id: str = Field(description="Withings' id of it.", examples=["d3b07384d113"], pattern=ID)
    identifier: list[Identifier] = Field(
        description="What Withings calls it.",
        examples=[[{"system": "urn:withings:deviceid", "value": "d3b07384d113"}]],
    )
    manufacturer: str | None = Field(None, description="Who made it.", examples=["Withings"])
    device_name: list[DeviceName] | None = Field(None, description="The name of its model.")
    model_number: str | None = Field(None, description="Withings' number of its model.", examples=["5"])
    type: CodeableConcept | None = Field(
        None, description="Which sort of device it is.", examples=[{"text": "Scale"}]
    )
    version: list[DeviceVersion] | None = Field(None, description="Its firmware, where Withings tells it.")
    patient: ResourceReference = Field(
        description="Whose it is.", examples=[{"reference": "Patient/0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"}]
    )


class Patient(Resource):
    """The person. Withings tells nothing of them that belongs here, and the bridge knows no more."""

    resource_type: Literal["Patient"] = Field("Patient", description="Always `Patient`.")
    id: str = Field(
        description="The Cognito `sub`, or a hash of a user id that FHIR would not take.",
        examples=["0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"],
        pattern=ID,
    )
    identifier: list[Identifier] = Field(
        description="Withings' id of the account.",
        examples=[[{"system": "urn:withings:userid", "value": "12345678"}]],
    )


class BundleLink(Element):
    """An address that belongs to the bundle."""

    relation: Literal["self", "next"] = Field(description="Where it leads.", examples=["next"])
    url: str = Field(
        description="The address.",
        examples=["https://bridge.example/api/withings/fhir/Observation?code=29463-7&_cursor=WyJt"],
    )


class BundleSearch(Element):
    """Why an entry is there."""

    mode: Literal["match"] = Field("match", description="Always `match`: it is what was searched for.")


class BundleEntry(Element):
    """One resource that was found."""

    full_url: str = Field(
        description="Its address.",
        examples=["https://bridge.example/api/withings/fhir/Observation/measures.1234567890.5e1f0c9a77e3"],
    )
    resource: Observation | Device | Patient = Field(description="The resource.")
    search: BundleSearch = Field(default_factory=BundleSearch, description="Why it is here.")


class Bundle(Resource):
    """What a search found; how much there is in all is not counted."""

    resource_type: Literal["Bundle"] = Field("Bundle", description="Always `Bundle`.")
    type: Literal["searchset"] = Field("searchset", description="Always `searchset`.")
    link: list[BundleLink] = Field(description="This page, and the next one where there is one.")
    entry: list[BundleEntry] | None = Field(
        None, description="What was found; absent where nothing was, which need not be the end."
    )

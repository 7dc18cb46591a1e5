"""What is served, as FHIR clients ask for it before anything else."""

from functools import cache
from typing import Literal

from pydantic import Field

from withings_bridge import __version__
from withings_bridge.fhir.datatypes import Element
from withings_bridge.fhir.profiles import PROFILES
from withings_bridge.fhir.resources import Resource


class Software(Element):
    """The program."""

    name: str = Field("withings-bridge", description="Its name.", examples=["withings-bridge"])
    version: str = Field(__version__, description="Its version.", examples=["0.1.0"])


class Implementation(Element):
    """Where it runs."""

    description: str = Field(
        "What Withings devices measured of a person, read-only.", description="What it is."
    )
    url: str = Field(description="Where.", examples=["https://bridge.example/api/withings/fhir"])


class Interaction(Element):
    """What can be done with a resource."""

    code: Literal["read", "search-type"] = Field(description="The interaction.", examples=["read"])


class SearchParameter(Element):
    """A parameter of a search."""

    name: str = Field(description="Its name.", examples=["code"])
    type: Literal["token", "date"] = Field(description="Its type.", examples=["token"])


class Operation(Element):
    """What can be done beside."""

    name: str = Field(description="Its name.", examples=["everything"])
    definition: str = Field(
        description="What it does.",
        examples=["http://hl7.org/fhir/OperationDefinition/Patient-everything"],
    )
    documentation: str | None = Field(
        None, description="What is different here.", examples=["Answers with NDJSON."]
    )


class ServedResource(Element):
    """A type of resource that is served."""

    type: str = Field(description="The type.", examples=["Observation"])
    supported_profile: list[str] | None = Field(
        None,
        description="Profiles that resources keep to.",
        examples=[["http://hl7.org/fhir/StructureDefinition/bodyweight"]],
    )
    interaction: list[Interaction] = Field(description="What can be done with it.")
    search_param: list[SearchParameter] | None = Field(None, description="What can be searched for.")
    operation: list[Operation] | None = Field(None, description="What can be done beside.")


class Rest(Element):
    """What is served over HTTP."""

    mode: Literal["server"] = Field("server", description="Always `server`.")
    resource: list[ServedResource] = Field(description="By type of resource.")


class CapabilityStatement(Resource):
    """What is served."""

    resource_type: Literal["CapabilityStatement"] = Field(
        "CapabilityStatement", description="Always `CapabilityStatement`."
    )
    status: Literal["active"] = Field("active", description="Always `active`.")
    date: str = Field("2026-10", description="When it changed last.", examples=["2026-10"])
    kind: Literal["instance"] = Field("instance", description="Always `instance`.")
    software: Software = Field(default_factory=Software, description="The program.")
    implementation: Implementation = Field(description="Where it runs.")
    fhir_version: Literal["4.0.1"] = Field("4.0.1", description="Always `4.0.1`: R4.")
    format: list[str] = Field(
        default=["application/fhir+json"],
        description="The formats that are served.",
        examples=[["application/fhir+json"]],
    )
    rest: list[Rest] = Field(description="What is served over HTTP.")


@cache  # rather than a constant: the first of a model has it built, which few bridges are asked for
def _served() -> list[ServedResource]:
    read, search = Interaction(code="read"), Interaction(code="search-type")
    observation = ServedResource(
        type="Observation",
        supported_profile=[profile.url for profile in PROFILES.values()],
        interaction=[read, search],
        search_param=[
            SearchParameter(name="code", type="token"),
            SearchParameter(name="category", type="token"),
            SearchParameter(name="_tag", type="token"),
            SearchParameter(name="date", type="date"),
            SearchParameter(name="_lastUpdated", type="date"),
        ],
    )
    device = ServedResource(type="Device", interaction=[read, search])
    everything = Operation(
        name="everything",
        definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
        documentation="At the type alone, of the one user who is meant; answers with NDJSON, no Bundle.",
    )
    patient = ServedResource(type="Patient", interaction=[read], operation=[everything])
    return [observation, device, patient]


def capabilities(url: str) -> CapabilityStatement:
    """What is served at that address."""
    return CapabilityStatement(implementation=Implementation(url=url), rest=[Rest(resource=_served())])

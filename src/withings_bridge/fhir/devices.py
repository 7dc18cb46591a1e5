"""The person and their devices."""

from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.origins import origin_of
from withings_bridge.domain.records import Record
from withings_bridge.fhir.coding import plain
from withings_bridge.fhir.datatypes import CodeableConcept, Identifier, ResourceReference
from withings_bridge.fhir.identity import resource_id
from withings_bridge.fhir.observations import DEVICE_ID
from withings_bridge.fhir.resources import Device, DeviceName, DeviceVersion, Patient

ACCOUNT_ID = "urn:withings:userid"


def patient(user: str, account: str) -> Patient:
    """The user, who has that account at Withings."""
    return Patient(id=resource_id(user), identifier=[Identifier(system=ACCOUNT_ID, value=account)])


def device(record: Record, patient_id: str) -> Device:
    """A device as Withings lists it. What is listed by way of a phone need not be made by Withings."""
    body, origin = record.body, origin_of(record)
    known = DEVICE_MODELS.get(origin.model) if origin.model is not None else None
    name = plain(body.get("model")) or (known.name if known else None)
    type_ = plain(body.get("type")) or (known.type if known else None)
    external = bool(known and known.type and known.type.startswith("HealthKit"))
    firmware = body.get("fw")
    version = str(firmware) if isinstance(firmware, (int, str)) and plain(str(firmware)) else None
    return Device(
        id=resource_id(origin.device or record.key),
        identifier=[Identifier(system=DEVICE_ID, value=plain(origin.device or record.key) or "-")],
        manufacturer="Withings" if known and not external else None,
        device_name=[DeviceName(name=name)] if name else None,
        model_number=str(origin.model) if origin.model is not None else None,
        type=CodeableConcept(text=type_) if type_ else None,
        version=[DeviceVersion(value=version)] if version else None,
        patient=ResourceReference(reference=f"Patient/{patient_id}"),
    )

"""FHIR R4 resources and bundles in JSON: type, identifiers, bundle, references (FHIR R4 2.6, 3.1.0).

JSON is read only after its depth and its number of values are known to be bounded (RFC 8259).
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

MAX_DEPTH = 128
MAX_TOKENS = 1_500_000
"""Strings and brackets."""
MAX_COMMAS = 2_000_000
TOKEN = re.compile(rb'"[^"]*"?|[\[{]|[\]}]')
OPENING, QUOTE = b"[{", ord('"')
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

Pairs = list[tuple[str, Any]]

KEPT = frozenset({
    "resourceType", "id", "type", "entry", "resource", "fullUrl", "status", "name", "given", "family", "text",
    "birthDate", "gender", "identifier", "value",
})  # fmt: skip
"""Keys that are kept of each object; all others are dropped as soon as they are read."""
LONGEST = 512
NDJSON = re.compile(rb"\s*\{[^\r\n]*\}[ \t]*\r?\n\s*\{")
"""One resource a line, as bulk exports write them (FHIR Bulk Data Access): no JSON document."""
IDENTIFIER = re.compile(r"[A-Za-z0-9\-.]{1,64}")
BUNDLE_TYPES = frozenset({
    "document", "message", "transaction", "transaction-response", "batch", "batch-response", "history", "searchset",
    "collection",
})  # fmt: skip
MOST_TYPES = 32
MAX_REFERENCES = 200_000

_R4 = """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic
    Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry
    ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication
    CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage
    CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
    DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis
    Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable
    ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse
    HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation
    ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication
    MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement
    MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
    MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
    MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
    MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
    OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation
    Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
    RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
    RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
    StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
    SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
    TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
"""
_OTHERS = """
    BodySite Conformance DataElement DeviceComponent DeviceUseRequest DiagnosticOrder EligibilityRequest
    EligibilityResponse ExpansionProfile ImagingManifest ImagingObjectSelection MedicationOrder Order OrderResponse
    ProcedureRequest ProcessRequest ProcessResponse ReferralRequest Sequence ServiceDefinition
    ActorDefinition AdministrableProductDefinition ArtifactAssessment BiologicallyDerivedProductDispense Citation
    ClinicalUseDefinition ConditionDefinition DeviceAssociation DeviceDispense DeviceUsage EncounterHistory
    EvidenceReport FormularyItem GenomicStudy ImagingSelection Ingredient InventoryItem InventoryReport
    ManufacturedItemDefinition MedicinalProductDefinition NutritionIntake NutritionProduct PackagedProductDefinition
    Permission RegulatedAuthorization Requirements SubscriptionStatus SubscriptionTopic SubstanceDefinition TestPlan
    Transport
"""

RESOURCE_TYPES = frozenset(_R4.split())
OTHER_VERSIONS = frozenset(_OTHERS.split())
"""The resource types of FHIR R4 (4.0.1, resourcelist), and those that only DSTU2, STU3, R4B or R5 have."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a resource or a bundle of them. See `judge.Reader`."""
    document = _Document(findings)
    data = parts.read_whole(window)
    if NDJSON.match(data):
        raise OtherKindError("fhir-ndjson")
    resource = _parse_json(data, document.keep_fields)
    if not isinstance(resource, dict) or "resourceType" not in resource:
        raise UnreadableFileError("fhir-resource-type-missing")
    resource_type = _check_type(resource, "", findings)
    metadata["resource_type"] = resource_type
    # A patient's id may be the number that a hospital knows the patient by.
    identifier = None if resource_type == "Patient" else resource.get("id")
    parts.add_texts(metadata, id=identifier, status=resource.get("status"))
    document.check_identifier(resource, "")
    if resource_type == "Bundle":
        document.check_bundle(resource, metadata)
    elif resource_type == "Patient":
        _describe_patient(resource, metadata)


def _check_type(resource: dict[str, Any], where: str, findings: Findings) -> str:
    resource_type = resource.get("resourceType")
    if not isinstance(resource_type, str) or resource_type not in RESOURCE_TYPES | OTHER_VERSIONS:
        raise UnreadableFileError("fhir-resource-type-unknown", where)
    if resource_type in OTHER_VERSIONS:
        findings.add("fhir-version-differs", where)
    return resource_type


class _Document:
    """What is collected of all objects while they are read, and then held together."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._references: set[str] = set()

    def keep_fields(self, pairs: Pairs) -> dict[str, Any]:
        """Return what is needed of one object."""
        whole_object = dict(pairs)
        if len(whole_object) != len(pairs):
            raise UnreadableFileError("json-duplicate-keys")
        reference = whole_object.get("reference")
        if isinstance(reference, str) and reference.startswith("urn:"):
            self._references.add(reference[:LONGEST])
            if len(self._references) > MAX_REFERENCES:
                raise UnreadableFileError("json-too-many-values")
        kept = {key: whole_object[key] for key in whole_object.keys() & KEPT}
        return {key: value[:LONGEST] if isinstance(value, str) else value for key, value in kept.items()}

    def check_identifier(self, resource: dict[str, Any], where: str) -> None:
        identifier = resource.get("id")
        if identifier is not None and not (isinstance(identifier, str) and IDENTIFIER.fullmatch(identifier)):
            self._findings.add("fhir-id-invalid", where)

    def check_bundle(self, bundle: dict[str, Any], metadata: Metadata) -> None:
        entries = bundle.get("entry", [])
        bundle_type = bundle.get("type")
        if not isinstance(bundle_type, str) or bundle_type not in BUNDLE_TYPES or not isinstance(entries, list):
            raise UnreadableFileError("fhir-bundle-invalid")
        metadata |= {"bundle_type": bundle_type, "entries": len(entries)}
        types, urls = Counter[str](), set[str]()
        for number, entry in enumerate(entries, 1):
            types.update(self._check_entry(entry, urls, f"entry {number}", metadata))
        metadata["resource_types"] = dict(types.most_common(MOST_TYPES))
        if self._references - urls:
            self._findings.add("fhir-reference-unresolved")

    def _check_entry(self, entry: object, urls: set[str], where: str, metadata: Metadata) -> list[str]:
        """Look at one entry, and return its resource's type where it holds one."""
        if not isinstance(entry, dict):
            raise UnreadableFileError("fhir-bundle-invalid", where)
        url = entry.get("fullUrl")
        if isinstance(url, str):
            if url in urls:
                self._findings.add("fhir-full-url-repeated", where)
            urls.add(url)
        resource = entry.get("resource")
        if resource is None:
            return []
        if not isinstance(resource, dict):
            raise UnreadableFileError("fhir-bundle-invalid", where)
        resource_type = _check_type(resource, where, self._findings)
        self.check_identifier(resource, where)
        if resource_type == "Patient" and "patient" not in metadata:
            _describe_patient(resource, metadata)
        elif resource_type == "Patient":
            self._findings.add("fhir-several-patients", where)
        return [resource_type]


def _describe_patient(resource: dict[str, Any], metadata: Metadata) -> None:
    name, identifier = _find_first(resource.get("name")), _find_first(resource.get("identifier"))
    given = name.get("given")
    names = [name.get("family"), *(given if isinstance(given, list) else [])[:2]]
    parts.add_patient(
        metadata,
        id=identifier.get("value") or resource.get("id"),
        name="^".join(part for part in names if isinstance(part, str)) or name.get("text"),
        birth_date=resource.get("birthDate"),
        sex=resource.get("gender"),
    )


def _find_first(values: object) -> dict[str, Any]:
    found = values[0] if isinstance(values, list) and values else None
    return found if isinstance(found, dict) else {}


def read_json(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `judge.Reader`.
    """Read JSON whose first bytes name no FHIR resource: one after all, an attack, or not taken. See `judge.Reader`."""
    if window.size > parts.MAX_WHOLE:
        return
    data = parts.read_whole(window)
    _check_depth(data)
    if b"resourceType" not in data:
        return
    try:
        # The type may stand anywhere in the outermost object; what is kept of those within it tells nothing.
        keys = _parse_json(data, lambda pairs: frozenset(key for key, _ in pairs))
    except UnreadableFileError:
        return
    if isinstance(keys, frozenset) and "resourceType" in keys:
        raise OtherKindError("fhir")


def _parse_json(data: bytes, kept: Callable[[Pairs], Any]) -> Any:  # noqa: ANN401 — JSON may be anything.
    """Return what `kept` leaves of each object, from the innermost outwards. Raises UnreadableFileError."""
    if data.startswith(BOMS[1:]):
        raise UnreadableFileError("json-not-utf-8", "byte 0")
    data = data.removeprefix(BOMS[0])
    _check_depth(data)
    try:
        return json.loads(data.decode(), object_pairs_hook=kept, parse_constant=_not_json)
    except UnicodeDecodeError as error:
        raise UnreadableFileError("json-not-utf-8", f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        truncated = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        code = "json-truncated" if truncated else "json-malformed"
        raise UnreadableFileError(code, f"character {error.pos}") from None
    except ValueError:  # An integer of thousands of digits.
        raise UnreadableFileError("json-malformed") from None


def _check_depth(data: bytes) -> None:
    """Raise UnreadableFileError for a text whose parsing would cost too much."""
    if data.count(b",") > MAX_COMMAS:
        raise UnreadableFileError("json-too-many-values")
    # Without escapes, the next quote always ends a string.
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = 0
    for tokens, found in enumerate(TOKEN.finditer(plain)):
        first = plain[found.start()]
        if first in OPENING:
            depth += 1
        elif first != QUOTE:
            depth -= 1
        if depth > MAX_DEPTH:
            raise UnreadableFileError("json-too-deep")
        if tokens > MAX_TOKENS:
            raise UnreadableFileError("json-too-many-values")


def _not_json(_: str) -> NoReturn:
    raise UnreadableFileError("json-not-a-number")

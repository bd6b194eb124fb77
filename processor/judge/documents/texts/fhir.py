"""FHIR R4 resources and bundles in JSON: type, identifiers, bundle, references (FHIR R4 2.6, 3.1.0)."""

import re
from collections import Counter
from typing import Any

from intake.files.model import Metadata
from processor.judge.documents import parts as fields
from processor.judge.documents import parts as whole
from processor.judge.documents.texts import json_text
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

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
_DSTU2_AND_STU3 = """
    BodySite Conformance DataElement DeviceComponent DeviceUseRequest DiagnosticOrder EligibilityRequest
    EligibilityResponse ExpansionProfile ImagingManifest ImagingObjectSelection MedicationOrder Order OrderResponse
    ProcedureRequest ProcessRequest ProcessResponse ReferralRequest Sequence ServiceDefinition
"""
_R4B_AND_R5 = """
    ActorDefinition AdministrableProductDefinition ArtifactAssessment BiologicallyDerivedProductDispense Citation
    ClinicalUseDefinition ConditionDefinition DeviceAssociation DeviceDispense DeviceUsage EncounterHistory
    EvidenceReport FormularyItem GenomicStudy ImagingSelection Ingredient InventoryItem InventoryReport
    ManufacturedItemDefinition MedicinalProductDefinition NutritionIntake NutritionProduct PackagedProductDefinition
    Permission RegulatedAuthorization Requirements SubscriptionStatus SubscriptionTopic SubstanceDefinition TestPlan
    Transport
"""

RESOURCE_TYPES = frozenset(_R4.split())
OTHER_VERSIONS = frozenset((_DSTU2_AND_STU3 + _R4B_AND_R5).split())
"""The resource types of FHIR R4 (4.0.1, resourcelist), and those that only other versions have."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a resource or a bundle of them. See `judge.Reader`."""
    document = _Document(findings)
    data = whole.read_whole(window)
    if NDJSON.match(data):
        raise OtherKindError("fhir-ndjson")
    resource = json_text.parse(data, document.keep_fields)
    if not isinstance(resource, dict) or "resourceType" not in resource:
        raise UnreadableFileError("fhir-resource-type-missing")
    resource_type = _check_type(resource, "", findings)
    metadata["resource_type"] = resource_type
    # A patient's id may be the number that a hospital knows the patient by.
    fields.add_texts(
        metadata, id=None if resource_type == "Patient" else resource.get("id"), status=resource.get("status")
    )
    document.check_identifier(resource, "")
    if resource_type == "Bundle":
        document.check_bundle(resource, metadata)
    else:
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

    def keep_fields(self, pairs: json_text.Pairs) -> dict[str, Any]:
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
        metadata["bundle_type"] = bundle_type
        metadata["entries"] = len(entries)
        types: Counter[str] = Counter()
        urls: set[str] = set()
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
    if resource["resourceType"] != "Patient":
        return
    name, identifier = _find_first(resource.get("name")), _find_first(resource.get("identifier"))
    given = name.get("given")
    parts = [name.get("family"), *(given if isinstance(given, list) else [])[:2]]
    patient: Metadata = {}
    fields.add_texts(
        patient,
        id=identifier.get("value") or resource.get("id"),
        name="^".join(part for part in parts if isinstance(part, str)) or name.get("text"),
        birth_date=resource.get("birthDate"),
        sex=resource.get("gender"),
    )
    if patient:
        metadata["patient"] = patient


def _find_first(values: object) -> dict[str, Any]:
    found = values[0] if isinstance(values, list) and values else None
    return found if isinstance(found, dict) else {}

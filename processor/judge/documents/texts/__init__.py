"""Documents that hold text: HL7 v2, FHIR, C-CDA, CSV."""

"""FHIR R4 of one person's records: written for others to read, and read back as the same records."""

from kneeline.report.fhir.bundle import bundle_of, read_bundle
from kneeline.report.fhir.check import problems

__all__ = ["bundle_of", "problems", "read_bundle"]

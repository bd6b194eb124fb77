"""DICOMweb at the door: studies are searched, fetched and stored as PS3.18 says, for a clinic's own files.

Begin with `routes`.
"""

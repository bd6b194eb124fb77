"""DICOM files: opened, walked, and held against the rules.

Begin with `judge`.
"""

"""The DICOM JSON model (PS3.18 annex F).

Begin with `writer`.
"""

"""The walk over a data set from its file meta information to its last byte.

Begin with `dicom_file`.
"""

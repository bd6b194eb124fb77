"""DICOM's encoding, for whoever reads a data set: the judge, and the portal's DICOM JSON (PS3.5, PS3.6, PS3.10).

It imports nothing of the project but `intake.errors`. Begin with `reader.py`, which opens a file, and
`scanner.py`, which tells its data set as a stream of `events`, within a `budget`; `likeness.py` compares two files.
"""

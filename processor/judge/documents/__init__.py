"""Files of other kinds than DICOM: one module per kind, each reading only what its rules need."""

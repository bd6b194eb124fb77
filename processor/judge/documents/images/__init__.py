"""Images and volumes that are not DICOM."""

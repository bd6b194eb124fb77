"""What is left out beside medical files, and what never is: names ask the question, content answers it."""

import pytest

from processor.judge.inspection import carriers
from processor.judge.inspection.carriers import is_carrier_name, is_left_out
from tests.dicom_files import ct_slice

IMAGE = ct_slice(rows=8, columns=8)
LEFT_OUT = {
    "AUTORUN.INF": b"[autorun]\r\nopen=viewer.exe\r\n",
    "CD/INDEX.HTM": b"<html><body>Your images</body></html>",
    "README.TXT": b"This CD holds images, and a viewer.\r\n",
    "CD/Lies_mich.txt": b"Diese CD\r\n",
    "README": b"a, b\nc, d\n",
    "LOCKFILE": b"",
    "VERSION": b"1.2.3\n",
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "folder\\desktop.ini": b"[.ShellClassInfo]",
    ".DS_Store": b"\0\0\0\1Bud1",
    "._IM0001": b"\0\5\x16\7",
    "Icon\r": b"",
    "__MACOSX/study/._IM0001.dcm": b"\0\5\x16\7",
    "study/@eaDir/IM1.jpg/SYNOPHOTO_THUMB_M.jpg": b"\xff\xd8\xff\xe0",
    "@eaDir/x@SynoEAStream": b"\1\2\3",
    "VIEWER/MicroDicom.exe": b"MZ\x90",
    "weasis/weasis.jar": b"PK\3\4",
    "weasis/conf/ext.json": b'{"weasis.theme": "dark"}',
    "Viewer/settings.xml": b"<?xml version='1.0'?><settings/>",
    "Viewer.app/Contents/Info.plist": b"<plist/>",
    "viewer/help/page1.html": b"<html>",
    "jre/lib/rt.dat": b"\1\2\3",
    "System Volume Information/IndexerVolumeGuid": b"{",
    "~$letter.docx": b"\6user",
    "IHE_PDI/page.htm": b"<html>",
    ".hidden": b"x",
}
TAKEN = {
    "README": IMAGE,
    "AUTORUN.INF": IMAGE,
    "Thumbs.db": IMAGE,
    ".hidden.dcm": IMAGE,
    "VIEWER/setup.exe": IMAGE,
    "@eaDir/IM1": IMAGE,
    "__MACOSX/IM1": IMAGE,
    "VERSION": IMAGE[132:],
    "README.PDF": b"%PDF-1.4",
    "README.1ST": b"MSH|^~\\&|A|B|C|D|20200101||ADT^A01|1|P|2.5\r",
    "README.csv": b"a;b\n1;2\n",
    "readme.json": b'{"resourceType": "Patient"}',
    "readme.xml": b"<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'/>",
    "viewer/report.json": b'{"id": 1, "text": "' + bytes(20_000),
    "viewer/photo.jpg": b"\xff\xd8\xff\xe0",
    "IHE_PDI/key.png": b"\x89PNG",
    "viewer/images.zip": b"PK\3\4",
    "index.htm": b"%PDF-1.4",
    "DICOMDIR": b"[not one]",
    "scan": b"anything",
    "report.html": b"<html>",
    "notes.txt": b"Dear colleague",
    "patient.tif": b"II*\0",
    "readmission.dcm": IMAGE,
    "viewer": b"no folder, a file",
    "study..1/IM1": b"x",
    "..a": b"x",
    "../x": b"x",
    "./x": b"x",
}


@pytest.mark.parametrize("path", LEFT_OUT)
def test_carrier_files_are_left_out(path):
    content = LEFT_OUT[path]

    assert is_left_out(path, content[: carriers.LOOK], len(content))
    assert is_left_out(path.upper(), content[: carriers.LOOK], len(content))


@pytest.mark.parametrize("path", TAKEN)
def test_nothing_that_may_be_a_medical_file_is_left_out(path):
    content = TAKEN[path]

    assert not is_left_out(path, content[: carriers.LOOK], len(content))


def test_the_lists_are_in_lower_case_and_say_nothing_twice():
    lists = (carriers.NAMES, carriers.BEGINNINGS, carriers.ENDINGS, carriers.FOLDERS, carriers.PICTURE_FOLDERS)

    assert all(entry == entry.lower() for listed in lists for entry in listed)
    assert not [name for name in carriers.NAMES if name.startswith(carriers.BEGINNINGS)]
    assert carriers.PICTURE_FOLDERS <= carriers.FOLDERS
    assert all(map(is_carrier_name, carriers.NAMES))

"""A study as DICOM media want it: short names, a DICOMDIR that others read, and files as they were accepted."""

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet
from typer.testing import CliRunner

from intake.files.model import ObjectVersion
from intake.files.states import State
from scalper.__main__ import app
from scalper.client import Client
from scalper.downloads import media
from scalper.errors import DirectoryError
from tests.dicom_files import ct_slice, text, uid
from tests.records import UPLOAD_ID, a_file, an_upload

UID = uid("media")
COMPONENT = re.compile(r"[A-Z0-9_]{1,8}")
PATIENT_ID, STUDY_ID, STUDY_TIME, CHARACTERS = 0x00100020, 0x00200010, 0x00080030, 0x00080005
needs_dcmtk = pytest.mark.skipif(not shutil.which("dcmmkdir"), reason="dcmmkdir of dcmtk is not installed")


def slice_of(instance, series="1", **changes):
    return ct_slice(study=UID, series=f"{UID}.{series}", rows=8, columns=8, instance=instance, **changes)


def keep(world, number, data, name="IM.dcm"):
    key = f"northside/{number}"
    world.objects[key] = data
    metadata = {"study_instance_uid": UID, "series_instance_uid": f"{UID}.1", "instance_number": number}
    given = {"state": State.ACCEPTED, "kind": "dicom", "metadata": metadata}
    given |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    record = replace(a_file(number, name=name), **given, stored=ObjectVersion("accepted", key, "v1"))
    world.portal.table.files[record.file_id] = record
    return record


@pytest.fixture
def kept(world):
    """Five images of two series, sent under one name, and in no order."""
    world.portal.table.uploads[UPLOAD_ID] = an_upload()
    images = [slice_of(3), slice_of(1), slice_of(2), slice_of(2, "2"), slice_of(1, "2")]
    return [keep(world, number, data, "CT/Müller, Große Übersicht.dcm") for number, data in enumerate(images)]


def records(path):
    """Return what a DICOMDIR tells: kinds, files and UIDs, each in its order."""
    told = dcmread(path).DirectoryRecordSequence
    return [
        (one.DirectoryRecordType, tuple(one.get("ReferencedFileID", ())), one.get("ReferencedSOPInstanceUIDInFile"))
        for one in told
    ]


def images(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "DICOMDIR"]


def test_files_get_names_that_media_allow_and_their_bytes_stay(world, kept, tmp_path):
    done = world.client().get_study(UID, tmp_path, dicomdir=True)
    assert (done.whole, done.unlisted, done.directory) == (True, [], tmp_path / "DICOMDIR")
    for path in images(tmp_path):
        parts = path.relative_to(tmp_path).parts
        assert len(parts) <= 8
        assert all(COMPONENT.fullmatch(part) for part in parts)
    assert {path.read_bytes() for path in images(tmp_path)} == set(world.objects.values())


def test_the_directory_lists_every_image_as_people_count_them_and_pydicom_reads_it(world, kept, tmp_path):
    world.client().get_study(UID, tmp_path, dicomdir=True)
    told = records(tmp_path / "DICOMDIR")
    kinds = ["PATIENT", "STUDY", "SERIES", "IMAGE", "IMAGE", "IMAGE", "SERIES", "IMAGE", "IMAGE"]
    assert [kind for kind, _, _ in told] == kinds
    listed = {tmp_path.joinpath(*parts) for _, parts, _ in told if parts}
    assert listed == set(images(tmp_path))
    assert all(str(dcmread(tmp_path.joinpath(*parts)).SOPInstanceUID) == sop for _, parts, sop in told if parts)
    # It follows the offsets, and fails on what these do not reach.
    files = FileSet()
    files.load(tmp_path / "DICOMDIR", raise_orphans=True)
    assert [int(one.InstanceNumber) for one in files] == [1, 2, 3, 1, 2]
    assert files.ID == "SCALPER"
    # Else Python complains later of the folder that it keeps for changes.
    files._stage["t"].cleanup()


@needs_dcmtk
def test_dcmtk_reads_it_goes_on_with_it_and_makes_the_same_of_the_files(world, kept, tmp_path):
    folder = tmp_path / "media"
    world.client().get_study(UID, folder, dicomdir=True)
    dumped = subprocess.run(["dcmdump", "-ll", "warn", folder / "DICOMDIR"], capture_output=True, text=True, check=True)
    assert dumped.stderr == ""
    assert dumped.stdout.count('"Directory Record" IMAGE') == 5
    own = sorted(records(folder / "DICOMDIR"), key=str)
    names = ["\\".join(path.relative_to(folder).parts).replace("\\", "/") for path in images(folder)]
    command = ["dcmmkdir", "--input-directory", folder, "--invent", "--output-file", tmp_path / "THEIRS", *names]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    assert sorted(records(tmp_path / "THEIRS"), key=str) == own
    # What it cannot trust it does not add to.
    (folder / "DICOM" / "MORE").write_bytes(slice_of(9))
    command = ["dcmmkdir", "--append", "--invent", "--input-directory", folder, "--output-file", folder / "DICOMDIR"]
    subprocess.run([*command, "DICOM/MORE"], check=True, capture_output=True, cwd=folder)
    assert len(records(folder / "DICOMDIR")) == len(own) + 1


def test_a_second_call_fetches_what_is_missing_and_the_same_files_make_the_same_directory(world, kept, tmp_path):
    world.client().get_study(UID, tmp_path, dicomdir=True)
    before = (tmp_path / "DICOMDIR").read_bytes()
    images(tmp_path)[0].unlink()
    world.requests.clear()
    done = world.client().get_study(UID, tmp_path, dicomdir=True)
    assert (world.requests["GET s3"], len(done.kept)) == (1, 4)
    assert (tmp_path / "DICOMDIR").read_bytes() == before
    names = {path.name for path in images(tmp_path)}
    keep(world, 9, slice_of(9))
    world.client().get_study(UID, tmp_path, dicomdir=True)
    assert names < {path.name for path in images(tmp_path)}
    assert len(records(tmp_path / "DICOMDIR")) == 10


def test_no_directory_is_written_before_all_is_there(world, kept, tmp_path):
    world.objects["northside/2"] = bytes(len(world.objects["northside/2"]))
    done = world.client().get_study(UID, tmp_path, dicomdir=True)
    assert (done.whole, done.directory, (tmp_path / "DICOMDIR").exists()) == (False, None, False)


def test_what_a_file_does_not_state_gets_a_stand_in_and_what_is_no_dicom_is_told(world, tmp_path):
    world.portal.table.uploads[UPLOAD_ID] = an_upload()
    lacking = {PATIENT_ID: None, STUDY_ID: None, STUDY_TIME: ("TM", b"")}
    keep(world, 1, slice_of(1, changes=lacking))
    keep(world, 2, b"no preamble, no study")
    done = world.client().get_study(UID, tmp_path, dicomdir=True)
    assert (len(done.fetched), len(done.unlisted)) == (2, 1)
    patient, study, *_ = dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence
    assert (patient.PatientID, study.StudyID, study.StudyTime) == ("UNKNOWN", "0", "000000")
    listed = next(path for path in images(tmp_path) if path not in done.unlisted)
    assert "PatientID" not in dcmread(listed)


def test_names_in_other_scripts_are_written_in_their_own_character_set(world, tmp_path):
    world.portal.table.uploads[UPLOAD_ID] = an_upload()
    said = {CHARACTERS: ("CS", text("ISO_IR 192")), 0x00100010: ("PN", "Müller^Jürgen".encode() + b" ")}
    keep(world, 1, slice_of(1, changes=said))
    world.client().get_study(UID, tmp_path, dicomdir=True)
    assert str(dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence[0].PatientName).strip() == "Müller^Jürgen"


def test_another_directory_is_replaced_by_force_only(world, kept, tmp_path):
    (tmp_path / "DICOMDIR").write_bytes(b"of a CD")
    with pytest.raises(DirectoryError, match="--force"):
        world.client().get_study(UID, tmp_path, dicomdir=True)
    assert world.requests["GET s3"] == 0
    assert world.client().get_study(UID, tmp_path, dicomdir=True, force=True).directory


def test_without_pydicom_it_says_what_to_install_and_fetches_nothing(world, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(Client, "configured", world.client)
    monkeypatch.delitem(sys.modules, "scalper.downloads.media")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    asked = ["get", "--study", UID, "--to", str(tmp_path / "out")]
    told = CliRunner().invoke(app, [*asked, "--dicomdir"])
    assert (told.exit_code, 'pip install "silent-scalper[dicomdir]"' in told.output) == (2, True)
    assert not (tmp_path / "out").exists()
    assert CliRunner().invoke(app, asked).exit_code == 0


def test_the_command_tells_of_the_directory(world, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(Client, "configured", world.client)
    asked = ["get", "--study", UID, "--to", str(tmp_path), "--dicomdir"]
    told = CliRunner().invoke(app, asked)
    assert (told.exit_code, "DICOMDIR lists 5 files." in " ".join(told.output.split())) == (0, True)
    assert f'"dicomdir": "{tmp_path}/DICOMDIR"' in CliRunner().invoke(app, [*asked, "--json"]).output
    keep(world, 7, b"no DICOM")
    told = CliRunner().invoke(app, asked)
    assert (told.exit_code, "not listed" in told.output) == (1, True)
    assert CliRunner().invoke(app, ["get", "--upload", UPLOAD_ID, "--to", "x", "--dicomdir"]).exit_code == 2


def test_records_stand_for_what_their_files_are():
    root = "1.2.840.10008.5.1.4.1.1"
    kinds = {"2": "IMAGE", "88.11": "SR DOCUMENT", "88.59": "KEY OBJECT DOC", "11.1": "PRESENTATION"}
    kinds |= {"104.1": "ENCAP DOC", "481.3": "RT STRUCTURE SET", "66.4": "IMAGE", "9.1.1": "WAVEFORM", "66": "RAW DATA"}
    for end, kind in kinds.items():
        assert media._choose_kind(f"{root}.{end}") == kind
    assert set(media._OBJECTS.values()) <= set(media.DIRECTORY_RECORDERS)

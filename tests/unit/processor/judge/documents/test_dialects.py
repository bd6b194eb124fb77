"""What real systems write: each form that is valid, or harmless, is read as what it is."""

import gzip
import io
import json
import struct
import zipfile

import pytest

from processor.judge import Facts, judge
from tests.document_files import PATIENT, ccda, fhir, hl7v2, nifti_1, pdf, zipped
from tests.unit.processor.judge.documents.broken import FORMATS, restricted
from tests.unit.processor.judge.documents.verdicts import metadata, rejecting, warning
from tests.unit.processor.judge.sources import CountedSource

LONG = "A" * 100_000
PLAIN = [("a.dcm", b"x" * 100), ("b.dcm", b"y" * 100)]


def kind_of(data, extension=""):
    return judge(CountedSource(data), Facts(extension=extension)).kind


class TestHl7:
    """The terminator is what ends the header; frames are split first; every message is checked and counted."""

    @pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
    def test_a_message_may_end_its_segments_in_three_ways(self, end):
        data = hl7v2().replace(b"\r", end)

        assert (rejecting(data), warning(data), metadata(data)["segments"]) == ([], [], 3)

    @pytest.mark.parametrize("end", [b"\r", b"\r\n"])
    @pytest.mark.parametrize("text", ["NTE|1||A heading\nAND MORE|BARS", "NTE|1||one\nPID", "NTE|1||x\nab|1"])
    def test_a_line_feed_is_a_letter_where_segments_end_otherwise(self, end, text):
        data = hl7v2("PID|1||TEST-1", text).replace(b"\r", end)

        assert (rejecting(data), metadata(data)["segments"]) == ([], 3)

    def test_a_second_frame_is_a_second_message(self):
        data = b"\x0b" + hl7v2() + b"\x1c\r\x0b" + hl7v2() + b"\x1c\r"

        assert metadata(data)["messages"] == 2
        assert (rejecting(data), warning(data)) == ([], ["hl7-framing-left"])

    def test_a_second_frame_is_checked_as_the_first_is(self):
        data = b"\x0b" + hl7v2() + b"\x1c\r\x0bPID|1||TEST-2\r\x1c\r"

        assert rejecting(data) == ["hl7-header-missing"]

    def test_each_message_is_looked_at_for_its_content(self):
        data = hl7v2() + hl7v2().split(b"\r")[0] + b"\r"

        assert warning(data) == ["hl7-message-empty"]


class TestFhir:
    """A resource may say of what type it is anywhere."""

    def test_the_type_may_stand_behind_everything_else(self):
        data = json.dumps({"contentType": "application/pdf", "data": LONG, "resourceType": "Binary"}).encode()

        assert (kind_of(data), rejecting(data)) == ("fhir", [])

    def test_the_order_of_keys_does_not_change_the_verdict(self):
        resource = {**PATIENT, "text": {"div": LONG}}
        backwards = dict(reversed(resource.items()))

        assert metadata(fhir(resource)) == metadata(fhir(backwards))

    def test_a_type_within_another_document_makes_it_no_resource(self):
        data = json.dumps({"padding": LONG, "verifiableCredential": [PATIENT]}).encode()

        assert rejecting(data) == ["kind-unsupported"]

    @pytest.mark.parametrize("data", [
        fhir() + b"\n" + fhir() + b"\n",
        fhir() + b"\r\n" + fhir(),
        b'<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><id value="1"/></Patient>',
        b'<f:Patient xmlns:f="http://hl7.org/fhir"/>',
    ])  # fmt: skip
    def test_other_forms_are_told_how_to_come(self, data):
        assert rejecting(data) == ["fhir-not-json", "kind-unsupported"]


class TestXml:
    """Prefixes, places and spellings that do not change what a document is."""

    def test_the_root_may_stand_behind_much_else(self):
        data = ccda(prolog=f'<?xml version="1.0"?><!-- {LONG} -->')

        assert (kind_of(data), rejecting(data)) == ("ccda", [])

    def test_a_namespace_with_a_blank_is_one_namespace(self):
        data = ccda(title='<title xmlns:x="urn:one two" x:y="1">Test</title>')

        assert (rejecting(data), warning(data)) == ([], [])

    @pytest.mark.parametrize("name", ["UTF8", "utf8", "UTF_8", "uft-8", "UTF-08"])
    def test_utf_8_is_known_however_it_is_spelt(self, name):
        data = ccda(prolog=f'<?xml version="1.0" encoding="{name}"?>', title="<title>Müller</title>")

        assert (rejecting(data), warning(data)) == ([], ["xml-encoding-misspelt"])

    def test_utf_7_is_no_misspelling(self):
        assert rejecting(ccda(prolog='<?xml version="1.0" encoding="utf-7"?>')) == ["xml-encoding-unknown"]


class TestPdf:
    """Readers look for the mark in the first 1,024 bytes, and follow the root to the pages."""

    @pytest.mark.parametrize(
        "before", [b"\r\n\xf2\xc0", b"a,b\n1,2\n", b"\0\1\2", b"From: me\n\n", b"\x1b%-12345X@PJL\n"]
    )
    def test_bytes_before_the_mark_are_told_and_harm_nothing(self, before):
        data = pdf(start=before + b"%PDF-1.7\n")

        assert (kind_of(data), rejecting(data)) == ("pdf", [])
        assert "pdf-bytes-before-header" in warning(data)

    @pytest.mark.parametrize("before", [b"MZ\x90\0", b"<html><script>a()</script>", b"#!/bin/sh\n", b"@echo off\r\n"])
    def test_a_program_in_front_makes_it_none(self, before):
        assert rejecting(pdf(start=before + b"%PDF-1.7\n")) == ["kind-unsupported"]

    def test_a_catalogue_that_leads_nowhere_shows_no_page(self):
        assert rejecting(pdf().replace(b"/Pages 2 0 R", b"/Pages 9 0 R")) == ["pdf-pages-missing"]

    def test_kids_may_stand_in_an_object_of_their_own(self):
        data = pdf(b"[3 0 R]").replace(b"/Kids [3 0 R]", b"/Kids 4 0 R  ")

        assert rejecting(data) == []

    def test_kids_that_are_not_there_are_no_pages(self):
        assert rejecting(pdf().replace(b"/Kids [3 0 R]", b"/Kids [8 0 R]")) == ["pdf-pages-missing"]

    @pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
    def test_what_opens_without_a_password_is_taken_and_what_does_not_is_not(self, algorithm):
        assert (rejecting(restricted(algorithm)), warning(restricted(algorithm))) == ([], ["pdf-restricted"])
        assert rejecting(restricted(algorithm, "secret")) == ["pdf-encrypted"]

    @pytest.mark.parametrize("script", [
        rb'AFDate_FormatEx\("dd.mm.yyyy"\);',
        rb'AFSimple_Calculate\("SUM", new Array \("one", "two"\)\);',
        rb"AFNumber_Keystroke(2,0,0,0,'',true)",
    ])  # fmt: skip
    def test_a_forms_own_functions_are_no_program(self, script):
        data = pdf(b"<< /S /JavaScript /JS (" + script + b") >>")

        assert (rejecting(data), warning(data)) == ([], ["pdf-form-script"])

    @pytest.mark.parametrize("script", [
        rb"AFNumber_Format\(2\); app.alert\(1\)",
        rb'AFDate_FormatEx\(eval\("x"\)\)',
        rb'AFSimple_Calculate\("SUM", this.getField\("x"\)\)',
        rb"AFLaunch_Program\(1\)",
        b"",
    ])  # fmt: skip
    def test_what_does_anything_else_is(self, script):
        assert rejecting(pdf(b"<< /S /JavaScript /JS (" + script + b") >>")) == ["pdf-javascript"]
        both = pdf(b"<< " + FORMATS + b" >>", b"<< /S /JavaScript /JS (" + script + b") >>")
        assert rejecting(both) == ["pdf-javascript"]


class TestTables:
    """A line that names the separator is no row, and cells behind the last column are none."""

    def test_excels_own_first_line_names_the_separator(self):
        data = b"sep=;\r\nid;note,with,commas\r\n1;a,b,c\r\n"

        assert metadata(data) | {"encoding": ""} == {"encoding": "", "rows": 2, "columns": 2, "delimiter": "semicolon"}
        assert judge(CountedSource(data), Facts(extension="csv")).findings == ()

    def test_surplus_cells_that_hold_something_are_misplaced_ones(self):
        assert rejecting(b"a,b\n1,2,3,\n", extension="csv") == ["csv-ragged"]

    @pytest.mark.parametrize("rows", [b"1,A\n", b"1,A,2\n2,B\n", b"1\n2,B,3\n3,,\n", b"1,A,2,,\n2,B\n"])
    def test_last_cells_may_be_left_out_and_that_is_told(self, rows):
        data = b"id,name,dose\n" + rows

        assert rejecting(data, extension="csv") == []
        assert "csv-cells-left-out" in warning(data, extension="csv")

    @pytest.mark.parametrize("rows", [b"1\n2,B,3,4\n", b"1,A,2,3\n2,B\n", b"1,A\n2,B,,4\n"])
    def test_cells_left_out_of_a_table_that_has_surplus_ones_are_misplaced(self, rows):
        assert rejecting(b"id,name,dose\n" + rows, extension="csv") == ["csv-ragged"]


class TestVolumes:
    """Gzip files may hold several members, and FreeSurfer's vectors their length elsewhere."""

    @pytest.mark.parametrize("cut", [1, 100, 348, 352, 360])
    def test_a_volume_may_be_cut_into_members_anywhere(self, cut):
        whole = nifti_1()
        data = gzip.compress(whole[:cut]) + gzip.compress(whole[cut:])

        assert (kind_of(data), rejecting(data), warning(data)) == ("nifti", [], [])

    def test_a_length_of_minus_one_without_another_is_impossible(self):
        data = bytearray(nifti_1())
        struct.pack_into("<h", data, 42, -1)

        assert rejecting(bytes(data)) == ["nifti-dimensions-invalid"]


class TestArchives:
    """A larger end record may stand without need, if both say the same."""

    @staticmethod
    def piped(files=PLAIN):
        """What Info-ZIP writes into a pipe: the larger record, and all values in the smaller one too."""
        whole = zipped(files)
        end = whole.rindex(b"PK\5\6")
        entries, size, start = struct.unpack_from("<H2L", whole, end + 10)
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 0x31E, 45, 0, 0, entries, entries, size, start)
        return whole[:end] + record + struct.pack("<4sLQL", b"PK\6\7", 0, end, 1) + whole[end:]

    def test_a_record_without_need_is_read(self):
        assert (rejecting(self.piped()), metadata(self.piped())["entries"]) == ([], 2)

    def test_records_that_disagree_show_two_archives(self):
        data = self.piped()
        place = data.rindex(b"PK\5\6") + 8

        assert rejecting(data[:place] + struct.pack("<2H", 1, 1) + data[place + 4 :]) == ["archive-ambiguous"]

    @pytest.mark.parametrize("filling", [b"\0" * 512, b"\r\n", b"\n"])
    def test_filling_behind_the_end_is_told_and_harms_nothing(self, filling):
        data = zipped(PLAIN) + filling

        assert (rejecting(data), warning(data)) == ([], ["document-trailing-bytes"])

    def test_anything_else_behind_the_end_is_refused(self):
        assert rejecting(zipped(PLAIN) + b"\0more") == ["archive-trailing-bytes"]

    @pytest.mark.parametrize(("folder", "name"), [("word", "word"), ("xl", "excel"), ("ppt", "powerpoint")])
    def test_documents_of_office_programs_are_named(self, folder, name):
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(f"{folder}/document.xml", "<document/>")

        found = judge(CountedSource(written.getvalue())).findings
        assert [(each.code, each.where) for each in found] == [("kind-unsupported", name)]


@pytest.mark.parametrize("text", [b"@echo off\r\ndel *.*\r\n", b"rem cleans up\r\n", b"REM x\n", b"echo off\n"])
def test_programs_of_the_command_line_are_scripts(text):
    found = judge(CountedSource(text), Facts(extension="txt")).findings
    assert [(each.code, each.where) for each in found] == [("kind-unsupported", "script")]

"""Our DICOMweb as programs use it that nobody here wrote: dicomweb-client, wsidicom on a slide, highdicom."""

import io
from urllib.parse import urlsplit

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client import DICOMwebClient
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from pydicom.sr.codedict import codes
from requests.adapters import BaseAdapter
from wsidicom import WsiDicom, WsiDicomWebClient

from intake.files.states import State
from tests.dicom_files import ct_slice, uid
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.dicomweb.clients import slides

WHERE = {
    0x00180050: ("DS", b"1 "),
    0x00200032: ("DS", b"0\\0\\0 "),
    0x00200037: ("DS", b"1\\0\\0\\0\\1\\0 "),
    0x00200052: ("UI", uid("segmented", "frame-of-reference").encode()),
    0x00280030: ("DS", b"1\\1 "),
}
"""Where a slice lies in space, which a segmentation of it repeats."""

BASE = "https://portal.example/dicomweb"


class PortalAdapter(BaseAdapter):
    """Has what a session of requests sends answered by the portal, without a socket between them."""

    def __init__(self, client):
        super().__init__()
        self.client = client

    def send(self, request, **_options):
        address = urlsplit(request.url)
        path = f"{address.path}?{address.query}" if address.query else address.path
        answered = self.client.request(request.method, path, content=request.body, headers=dict(request.headers))
        response = requests.Response()
        response.status_code, response.request, response.url = answered.status_code, request, request.url
        response.headers.update({k: v for k, v in answered.headers.items() if k != "content-encoding"})
        response.raw = io.BytesIO(answered.content)
        return response

    def close(self):
        """Hold nothing open."""


@pytest.fixture
def levels():
    return [slides.level(4 * slides.TILE, spacing=0.0005), slides.level(2 * slides.TILE, spacing=0.001)]


@pytest.fixture
def dicomweb(portal, levels):
    Archive(portal).add(*levels)
    records = portal.table.files.values()
    assert {record.state for record in records} == {State.ACCEPTED}, [record.findings for record in records]
    session = requests.Session()
    session.mount("https://", PortalAdapter(portal.machine()))
    return DICOMwebClient(BASE, session=session)


def test_dicomweb_client_reads_the_frames_that_pydicom_reads(dicomweb, levels):
    data = pydicom.dcmread(io.BytesIO(levels[0]))
    place = (slides.STUDY, slides.SERIES, data.SOPInstanceUID)
    expected = list(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=data.NumberOfFrames))
    jpeg = (("image/jpeg", "1.2.840.10008.1.2.4.50"),)
    assert dicomweb.retrieve_instance_frames(*place, [16, 1, 7], media_types=jpeg) == [
        expected[15], expected[0], expected[6],
    ]  # fmt: skip
    assert list(dicomweb.iter_instance_frames(*place, [2, 3], media_types=jpeg)) == expected[1:3]


def test_dicomweb_client_follows_metadata_to_bulk_data(dicomweb, levels):
    data = pydicom.dcmread(io.BytesIO(levels[1]))
    metadata = dicomweb.retrieve_instance_metadata(slides.STUDY, slides.SERIES, data.SOPInstanceUID)
    expected = list(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=data.NumberOfFrames))
    assert dicomweb.retrieve_bulkdata(metadata["7FE00010"]["BulkDataURI"]) == expected


def test_dicomweb_client_has_an_instance_and_a_frame_drawn(portal, dicomweb, levels):
    place = (slides.STUDY, slides.SERIES, pydicom.dcmread(io.BytesIO(levels[0])).SOPInstanceUID)
    assert dicomweb.retrieve_instance_rendered(*place, media_types=("image/png",)) == b"a view"
    assert dicomweb.retrieve_instance_frames_rendered(*place, [7], media_types=("image/jpeg",)) == b"a view"
    views = [(request.view.media_type, request.view.frame) for request in portal.services.renderer.asked]
    assert views == [("image/png", None), ("image/jpeg", 7)]


# pydicom warns where metadata tell of bulk data and wsidicom fetches frames instead.
@pytest.mark.filterwarnings("ignore:No bulk data URI handler:UserWarning")
def test_wsidicom_reads_a_region_across_tiles_on_each_level(dicomweb):
    with WsiDicom.open_web(WsiDicomWebClient(dicomweb), slides.STUDY, slides.SERIES) as slide:
        assert [(level.level, level.size.width) for level in slide.levels] == [
            (0, 4 * slides.TILE), (1, 2 * slides.TILE),
        ]  # fmt: skip
        for number, size in ((0, 4 * slides.TILE), (1, 2 * slides.TILE)):
            region = np.asarray(slide.read_region((40, 50), number, (60, 70)).convert("RGB"), dtype=int)
            assert np.abs(region - slides.picture(size)[50:120, 40:100]).mean() < 3


def test_a_segmentation_by_highdicom_of_what_was_read_is_stored_and_read_back(portal, judging, dicomweb):
    study, series, sop = uid("segmented", "study"), uid("segmented", "ct"), uid("segmented", "slice")
    Archive(portal).add(ct_slice(study=study, series=series, sop=sop, rows=16, columns=16, changes=WHERE))
    source = dicomweb.retrieve_instance(study, series, sop)
    mask = np.zeros((1, 16, 16), dtype=bool)
    mask[0, 3:9, 4:8] = True
    manual = SegmentAlgorithmTypeValues.MANUAL
    made = Segmentation(
        source_images=[source],
        pixel_array=mask,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[SegmentDescription(1, "Liver", codes.SCT.Organ, codes.SCT.Liver, manual)],
        series_instance_uid=uid("segmented", "seg"),
        series_number=2,
        sop_instance_uid=uid("segmented", "mask"),
        instance_number=1,
        manufacturer="Example",
        manufacturer_model_name="Segmenter",
        software_versions="1",
        device_serial_number="7",
    )
    answer = dicomweb.store_instances([made])
    assert [str(item.ReferencedSOPInstanceUID) for item in answer.ReferencedSOPSequence] == [made.SOPInstanceUID]
    place = (study, made.SeriesInstanceUID, made.SOPInstanceUID)
    read = Segmentation.from_dataset(dicomweb.retrieve_instance(*place))
    assert np.array_equal(read.pixel_array.reshape(16, 16), mask[0])
    # Frames of single bits are told packed, eight pixels a byte, the first in the lowest bit.
    (frame,) = dicomweb.retrieve_instance_frames(*place, [1])
    bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[:256]
    assert np.array_equal(bits.reshape(16, 16), mask[0])
    # highdicom leaves the databases of its frames open, which Python 3.13 warns of.
    for segmentation in (made, read):
        segmentation._db_con.close()

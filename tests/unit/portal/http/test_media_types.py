import pytest

from portal.http.messages import parse_accept, parse_content_type, split_unquoted


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("application/dicom", ("application/dicom", {})),
        (
            'Multipart/Related; type="application/dicom"; Boundary=b',
            ("multipart/related", {"type": "application/dicom", "boundary": "b"}),
        ),
        ('multipart/related; boundary="a;b, c=\\"d\\\\"', ("multipart/related", {"boundary": 'a;b, c="d\\'})),
        ('multipart/related; boundary="open;x=y', ("multipart/related", {"boundary": '"open;x=y'})),
        ('multipart/related; boundary="', ("multipart/related", {"boundary": '"'})),
        ("multipart/related;;; boundary = b ;x", ("multipart/related", {"": "", "boundary": "b", "x": ""})),
        ("", ("", {})),
    ],
)
def test_a_media_type_and_its_parameters_are_read(header, read):
    assert parse_content_type(header) == read


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("*/*", ["*/*"]),
        ("application/json, Application/Dicom+JSON;q=0.5", ["application/json", "application/dicom+json"]),
        ('multipart/related; type="application/dicom, x"; q=1, */*', ["multipart/related", "*/*"]),
        (",,", ["", "", ""]),
    ],
)
def test_what_a_client_accepts_is_read_in_its_order(header, wanted):
    assert parse_accept(header) == wanted


class Counted(str):
    """A text that counts how many of its characters are read, one by one or in slices."""

    read = 0

    def __iter__(self):
        for character in str.__str__(self):
            self.read += 1
            yield character

    def __getitem__(self, key):
        piece = super().__getitem__(key)
        self.read += len(piece)
        return piece


@pytest.mark.parametrize("piece", [",", '",', '"', '\\"', 'a="\\', ';"', "a,", '"a,b",'])
def test_each_character_is_read_twice_at_the_most(piece):
    text = Counted(piece * 5000)
    split_unquoted(text, ",")
    assert text.read <= 2 * len(text)

import re

from portal.http.pages.placeholders import write_placeholder


def test_a_placeholder_tells_its_reason_as_text_and_nothing_of_it_is_markup():
    drawing = write_placeholder("Bits & <script>alert(1)</script> pieces, told in more than one line.", 768)
    assert "<script>" not in drawing
    assert drawing.count("<text ") == 2
    small = write_placeholder("No picture.", 128, later=True)
    # It takes whatever room is kept for the picture.
    assert not re.search(r"<svg[^>]* (?:width|height|viewBox)=", drawing + small)
    assert "<text " not in small

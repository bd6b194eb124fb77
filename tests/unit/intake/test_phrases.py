"""A phrase is its English text, and knows what that was put together from."""

import json

from intake.phrases import Phrase


def test_a_phrase_is_the_text_that_it_says():
    place = Phrase("line {number}", number="1203")
    told = Phrase("it is the same exam as {place}, of {most}", place=place, most=2000)
    assert told == "it is the same exam as line 1203, of 2,000"
    assert json.dumps([told]) == '["it is the same exam as line 1203, of 2,000"]'


def test_a_phrase_keeps_its_pattern_and_its_holes():
    told = Phrase("it has more than {most} exams", most=2000)
    assert (told.pattern, told.holes) == ("it has more than {most} exams", {"most": 2000})


def test_what_fills_a_hole_is_never_a_pattern_itself():
    assert Phrase("two columns are called {column}", column="{0.__class__}") == "two columns are called {0.__class__}"

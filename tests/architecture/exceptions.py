"""What may break a rule of the plan: rule → what breaks it, as the rule tells it → why.

Whatever stands here and breaks its rule no longer fails the test, so the list only shrinks.
"""

ARGUED: dict[str, dict[str, str]] = {
    "long_modules": {
        "intake.dicom.dictionary.private_vrs": "A table: each private element's value representation.",
        "intake.dicom.dictionary.public_vrs": "A table: each public element's value representation (PS3.6).",
    },
    "re_exports": {
        "scalper": "A library's own face: `scalper.Client` is what partners import.",
    },
}

"""How mails are written: in the language that is spoken, with a subject that SNS takes, and the same foot below each.

SNS sends one text to all who subscribe, so the language is that of the clinic that a mail is about.

Source: Amazon SNS API Reference, "Publish", Subject.
"""

import textwrap
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from intake.files.keys import UNASSIGNED
from intake.languages import Catalogue
from intake.messaging.model import Alert, AlertKind

CATALOGUE = Catalogue(Path(__file__).resolve().parent / "locale", "mails")
gettext, ngettext = CATALOGUE.gettext, CATALOGUE.ngettext

LONGEST_SUBJECT = 99
"""Characters: "less than 100"."""

_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
"""How German is written where only ASCII can be."""

_SEVERITY = {
    AlertKind.REJECTED: "warning",
    AlertKind.FAILED: "error",
    AlertKind.QUIET: "warning",
    AlertKind.LATE: "warning",
    AlertKind.EXAMS_MISSING: "warning",
    AlertKind.DISAGREEMENT: "error",
}


def write_mail(kind: str, clinic_id: str, headline: str, lines: Sequence[str], origin: str) -> Alert:
    """Return a mail whose first line is its headline. `lines` are paragraphs, which mail programs break themselves."""
    body = [
        f"{headline}.",
        "",
        *lines,
        "",
        "--",
        gettext("To protect patients, this message names no patient and no file. Sign in to see them."),
        gettext("Change or stop these messages: {address}").format(address=f"{origin}/settings/notifications"),
    ]
    severity = _SEVERITY.get(AlertKind(kind), "info")
    return Alert(kind, clinic_id, severity, write_subject(headline), "\n".join(body))


def name_clinic(clinic_id: str) -> str:
    """Return how a mail calls whom it is about: by the id, which is the same in each language and ASCII."""
    return gettext("unknown senders") if clinic_id == UNASSIGNED else clinic_id


def write_subject(headline: str) -> str:
    """Return a headline as a subject: one line of ASCII, which gets everywhere, cut between words where it is long."""
    plain = unicodedata.normalize("NFKD", headline.translate(_SPELT_OUT)).encode("ascii", "ignore").decode()
    return textwrap.shorten(f"[Silent Scalper] {plain}", LONGEST_SUBJECT, placeholder=" ...")

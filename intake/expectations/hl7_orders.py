"""Orders and appointments in HL7 v2 (ORM, OMI, SIU) as exams to expect, or to expect no longer.

Where what stands is said by IHE Radiology's Technical Framework, RAD-2, RAD-4 and RAD-48: accession number in IPC-1, or
OBR-18; modality in IPC-5, or OBR-24; start in TQ1-7, OBR-36, OBR-27.4, ORC-7.4, AIS-4 or SCH-11.4. Source of the rest:
HL7 v2.5.1, chapters 2, 4 and 10. Every message is read once, from its beginning to its end.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from intake.expectations import facts
from intake.expectations.model import ListFault, Request
from intake.phrases import Phrase
from intake.studies.exams import Exam

TYPES = ("ORM", "OMI", "SIU")

_CANCELLING_CONTROLS = frozenset({"CA", "OC", "CR", "DC", "OD", "DR"})
"""ORC-1: cancel and discontinue, asked for, told, and done as asked (HL7 table 0119)."""
_CANCELLED_STATUSES = frozenset({"CA", "DC"})
"""ORC-5, of an order whose status is told to have changed (HL7 table 0038)."""
_CANCELLING_EVENTS = frozenset({"S15", "S16", "S17", "S26"})
"""MSH-9.2: cancelled, discontinued, deleted, not shown up (HL7 table 0003)."""
_ENDS = re.compile(r"[\r\n\x0b\x1c]+")
_ENVELOPE = ("FHS", "BHS", "FTS", "BTS")
_MOST_FIELDS = 64
_ZONE = re.compile(r"[+-][0-9]{4}$")
_ESCAPES = re.compile(r"\\([FSTRE])\\")


@dataclass(slots=True)
class _Message:
    """A message's segments by name: each in the order in which it came."""

    number: int
    separator: str
    encoding: str
    segments: list[list[str]] = field(default_factory=list)

    def first(self, segment: str, place: int) -> str:
        """Return a field of the first segment of that name that states it; nothing for none."""
        return next((text for one in self.segments if one[0] == segment and (text := pick(one, place))), "")

    def find(self, segment: str) -> list[str]:
        """Return the first segment of that name; nothing for none."""
        return next((one for one in self.segments if one[0] == segment), [])

    def component(self, text: str, place: int = 1) -> str:
        """Return a component of the first repetition of a field, without escapes."""
        parts = text.partition(self.encoding[1:2] or "~")[0].split(self.encoding[0])
        return self._unescape(parts[place - 1]).strip() if place <= len(parts) else ""

    def _unescape(self, text: str) -> str:
        usual = self.encoding + "^~\\&"[len(self.encoding) :]
        letters = {"F": self.separator, **dict(zip("SRET", usual, strict=False))}
        return _ESCAPES.sub(lambda found: letters[found[1]], text)


def pick(segment: list[str], place: int) -> str:
    return segment[place].strip() if place < len(segment) else ""


def is_hl7(text: str) -> bool:
    return text.lstrip("\ufeff\x0b\r\n \t")[:3] in {"MSH", "FHS", "BHS"}


def read_messages(text: str) -> tuple[list[Request], list[ListFault]]:
    """Return what the messages ask for, and what is wrong with those that cannot be read."""
    requests: list[Request] = []
    faults: list[ListFault] = []
    for message in _split_messages(text):
        for found in _read_message(message):
            if isinstance(found, ListFault):
                faults.append(found)
            else:
                requests.append(found)
    return requests, faults


def _split_messages(text: str) -> Iterator[_Message]:
    message: _Message | None = None
    count = 0
    for line in _ENDS.split(text.lstrip("\ufeff")):
        if not line.strip() or line.startswith(_ENVELOPE):
            continue
        if line.startswith("MSH"):
            if message is not None:
                yield message
            count += 1
            separator = line[3:4] or "|"
            message = _Message(count, separator, line[4:].split(separator, 1)[0] or "^~\\&")
        if message is not None:
            message.segments.append(line.split(message.separator, _MOST_FIELDS))
    if message is not None:
        yield message


def _read_message(message: _Message) -> Iterable[Request | ListFault]:
    """Yield an exam for each order of a message, or for its appointment."""
    place = Phrase("message {number}", number=str(message.number))
    header = message.segments[0]
    # MSH-1 is the separator itself, so fields stand one place before their number.
    kind, event = (message.component(pick(header, 8), part) for part in (1, 2))
    if kind not in TYPES:
        lacking = Phrase("it tells no type in MSH-9; send orders and appointments only")
        other = Phrase("its type in MSH-9 is none of ORM, OMI and SIU; send orders and appointments only")
        yield ListFault(place, other if kind else lacking)
        return
    orders = list(_split_orders(message))
    for number, order in enumerate(orders, 1):
        one = Phrase("{message}, order {number}", message=place, number=str(number))
        where = place if len(orders) == 1 else one
        yield _read_order(order, where, cancels=event in _CANCELLING_EVENTS)


def _split_orders(message: _Message) -> Iterator[_Message]:
    """Yield each order with the message's patient: an ORC, or an OBR without one before it, begins another."""
    # One of each, so that what many orders share is not looked through with each of them.
    shared = [found for name in ("PID", "SCH") if (found := message.find(name))]
    if not any(one[0] == "ORC" for one in message.segments):
        yield message
        return
    current: list[list[str]] = []
    for segment in message.segments:
        if segment[0] == "ORC" and current:
            yield _Message(message.number, message.separator, message.encoding, [*shared, *current])
            current = []
        if current or segment[0] == "ORC":
            current.append(segment)
    yield _Message(message.number, message.separator, message.encoding, [*shared, *current])


def _read_order(order: _Message, place: Phrase, *, cancels: bool) -> Request | ListFault:
    control = order.component(order.first("ORC", 1))
    ended = control in _CANCELLING_CONTROLS or (
        control == "SC" and order.component(order.first("ORC", 5)) in _CANCELLED_STATUSES
    )
    start = _ZONE.sub("", _find_start(order))
    accession = order.component(order.first("IPC", 1)) or order.component(order.first("OBR", 18))
    modality = order.component(order.first("IPC", 5)) or order.component(order.first("OBR", 24))
    name = order.first("PID", 5).partition(order.encoding[1:2] or "~")[0].replace(order.encoding[0], "^").rstrip("^")
    try:
        exam = Exam(
            patient_name=facts.read_text(name),
            patient_id=facts.read_text(order.component(order.first("PID", 3))),
            accession_number=facts.read_text(accession),
            description=facts.read_text(_describe(order)),
            modality=facts.read_modality(modality),
            study_date=facts.read_day(start[:8]) if start else "",
        )
        time = facts.read_time(start[8:12]) if len(start) >= 12 else ""
    except ValueError as error:
        return ListFault(place, Phrase("a value cannot be read: {why}", why=error.args[0]))
    return Request(exam=exam, place=place, time=time, cancels=cancels or ended)


def _find_start(order: _Message) -> str:
    places = (("TQ1", 7, 1), ("AIS", 4, 1), ("OBR", 36, 1), ("OBR", 27, 4), ("ORC", 7, 4), ("SCH", 11, 4))
    return next((told for name, at, part in places if (told := order.component(order.first(name, at), part))), "")


def _describe(order: _Message) -> str:
    """Return the text of what was ordered, or else its code."""
    ordered = order.first("OBR", 4) or order.first("AIS", 3) or order.first("SCH", 8)
    return order.component(ordered, 2) or order.component(ordered)

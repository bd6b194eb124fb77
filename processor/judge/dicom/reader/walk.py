"""The walk over a data set: iterative, within budgets, every length checked against what is left (PS3.5 7)."""

from intake.dicom import behind_pixels, elements, lengths
from intake.dicom.elements import UNDEFINED_LENGTH, Header, header
from intake.dicom.encoding import IMPLICIT_ITEMS, ITEM_TAGS
from intake.dicom.streams import take_bytes
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import KEPT
from processor.judge.dicom.elements import allowance, repeats
from processor.judge.dicom.elements.allowance import Allowance
from processor.judge.dicom.elements.data_set import MAX_DEPTH, UNBOUNDED, DataSet, Level, Pixels
from processor.judge.dicom.elements.doubts import Doubts
from processor.judge.dicom.elements.element_scanner import KEPT_BYTES, RESERVED, run_of
from processor.judge.dicom.elements.tag_order import Order
from processor.judge.dicom.reader import nested, trailing_data
from processor.judge.dicom.reader.content_sequences import Damage
from processor.judge.dicom.reader.fragments import Fragments
from processor.judge.inspection.errors import BudgetSpentError, DamagedSequenceError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream, Window

NESTED_DAMAGE = frozenset({"encapsulation-unended", "encapsulation-invalid"})
"""What is wrong with an icon's fragments harms nothing around the sequence that holds it."""


class Walk:
    """One walk over a stream's data set from `position` on, which fills `data_set`."""

    def __init__(self, stream: Stream, position: int, data_set: DataSet, findings: Findings) -> None:
        self._stream = stream
        self._position = position
        self._findings = findings
        self._levels = [Level(items=False, limit=UNBOUNDED, defined=False, encoding=data_set.encoding)]
        self._inner: Order | None = None
        """Of what is nested, once anything is."""
        self._allowance = Allowance(data_set.values)
        self._looked = 0
        """Up to where items were looked at all at once."""
        self._doubts = Doubts(findings)
        self._damage = Damage(findings)
        self.order = Order(data_set.encoding)
        self.data_set = data_set

    def run(self) -> None:
        """Walk to the end. Raises UnreadableFileError; what was learnt until then stays in `data_set`."""
        while self._levels:
            level = self._levels[-1]
            try:
                if level.items:
                    self._item(level)
                else:
                    self._elements(level)
            except DamagedSequenceError as damage:
                self._leave_damaged(damage)
            except BudgetSpentError:
                self._leave_unchecked()
        self._damage.weigh(has_image=self.data_set.pixels is not None)

    def _elements(self, level: Level) -> None:
        there = min(self._stream.show(self._position, 12), level.limit - self._position)
        if there < 8:
            self._close(level, there)
            return
        passed = self._pass_short(level, there)
        there -= passed
        if there >= 12 or not passed:
            self._element(level, there)

    def _pass_short(self, level: Level, there: int) -> int:
        """Pass over the elements that the fast run can take, and return their bytes."""
        whole = len(self._levels) == 1
        if whole and self.data_set.pixels is not None:
            return 0
        at = self._position - self._stream.origin
        values = self.data_set.values if whole else {}
        order = self.order if whole else self._restart_inner()
        end, passed = run_of(level.encoding)(self._stream.buffer, at, at + there, values, order)
        self._position += end - at
        self._count(passed)
        return end - at

    def _restart_inner(self) -> Order:
        self._inner = self._inner or Order(self.data_set.encoding)
        return self._inner.restart()

    def _element(self, level: Level, there: int) -> None:
        at = self._position - self._stream.origin
        head = header(self._stream.buffer, at, at + there, level.encoding)
        if head is None:
            self._close(level, there)
            return
        self._count(1)
        if level.encoding.explicit and lengths.is_doubtful(head, self._stream.buffer, at):
            head = self._doubts.settle(self._stream, self._position, head, level)
        if len(self._levels) == 1 and self._is_stray(head, level):
            self._stray()
            return
        if len(self._levels) == 1:
            self.order.enter(head.tag)
        if head.tag >> 16 == 0xFFFE:
            self._delimiter(level, head)
        elif head.length == UNDEFINED_LENGTH:
            self._pass_undefined(level, head)
        else:
            self._pass_defined(level, head)

    def _pass_defined(self, level: Level, head: Header) -> None:
        start = self._position + head.size
        following = start + head.length
        if following > level.limit:
            raise DamagedSequenceError("structure-invalid", tags.format_tag(head.tag))
        if following > self._stream.size:
            self._overrun(level, head, following)
            return
        if level.encoding.explicit and not head.vr and head.size == elements.SHORT_HEADER:
            self._findings.add("element-vr-missing", tags.format_tag(head.tag))
        if self._is_sequence(head, start, level):
            self._position = start
            self._open(head, level, limit=following, defined=True)
        else:
            self._pass_value(level, head, start, following)

    def _pass_value(self, level: Level, head: Header, start: int, following: int) -> None:
        """Jump over a value. What is kept of it is taken first: an inflated stream has no way back."""
        if len(self._levels) == 1 and head.tag in KEPT:
            self.order.note(head.tag, head.vr, head.length)
            value = take_bytes(self._stream, start, min(head.length, KEPT_BYTES))
            repeats.keep(self.data_set.values, head.tag, value, self._findings)
        if len(self._levels) == 1 and head.tag == tags.EXTENDED_OFFSET_TABLE:
            self.data_set.extended_offsets = head.length
        if len(self._levels) == 1 and head.tag in tags.PIXELS and head.length:
            self.data_set.pixels = Pixels(head.tag, head.length)
            self._pass_pixels(level, head, following)
        elif not self._stream.holds(following):
            self._overrun(level, head, following)
        self._position = following

    def _pass_pixels(self, level: Level, head: Header, following: int) -> None:
        """Pass the image. One too large to be inflated to its end is left there, and this is told."""
        try:
            held = self._stream.holds(following)
        except BudgetSpentError:
            self._findings.add("pixel-data-unchecked", tags.format_tag(head.tag))
            self.data_set.unchecked = True
            self._levels.clear()
            return
        if not held:
            self._overrun(level, head, following)

    def _is_sequence(self, head: Header, start: int, level: Level) -> bool:
        """Without a VR, a value that starts with an item is a sequence; under UN its length says all that is needed."""
        if head.vr == b"SQ":
            return True
        if head.vr or head.length < 8 or head.tag in tags.PIXELS:
            return False
        return take_bytes(self._stream, start, 4) == ITEM_TAGS[level.encoding.big]

    def _pass_undefined(self, level: Level, head: Header) -> None:
        if head.tag == tags.PIXEL_DATA:
            self._pass_encapsulated(level, head)
        elif head.vr in {b"SQ", b"UN", b""}:
            self._position += head.size
            self._open(head, level, limit=level.limit, defined=False)
        else:
            raise DamagedSequenceError("structure-invalid", tags.format_tag(head.tag))

    def _open(self, head: Header, level: Level, *, limit: int, defined: bool) -> None:
        if len(self._levels) == 1:
            self._damage.outermost = head.tag
        if len(self._levels) >= 2 * MAX_DEPTH:
            raise UnreadableFileError("nesting-too-deep", f"byte {self._position}")
        self._allowance.sequences += 1
        encoding = IMPLICIT_ITEMS if head.vr == b"UN" else level.encoding
        self._levels.append(Level(items=True, limit=limit, defined=defined, encoding=encoding))

    def _item(self, level: Level) -> None:
        there = min(self._stream.show(self._position, 8), level.limit - self._position)
        if there < 8:
            self._close(level, there)
            return
        if self._position >= self._looked and self._pass_items(level):
            return
        at = self._position - self._stream.origin
        head = header(self._stream.buffer, at, len(self._stream.buffer), level.encoding)
        if head is None or head.tag not in {tags.ITEM, tags.SEQUENCE_END}:
            raise DamagedSequenceError("structure-invalid", f"byte {self._position}")
        self._position += 8
        if head.tag == tags.ITEM:
            self._enter(level, head.length)
        elif not level.defined:
            self._levels.pop()

    def _pass_items(self, level: Level) -> bool:
        """Pass the items that can be passed at once, and say whether there were any."""
        at = self._position - self._stream.origin
        stop = min(level.limit - self._stream.origin, len(self._stream.buffer))
        room = 2 * MAX_DEPTH - len(self._levels)
        passed = nested.pass_items(self._stream.buffer, at, stop, level.encoding, room)
        self._looked = self._stream.origin + passed.reached
        self._position += passed.end - at
        self._allowance.elements += passed.elements
        self._allowance.items += passed.items
        self._allowance.sequences += passed.sequences
        self._allowance.check(self._position)
        return passed.items > 0

    def _enter(self, level: Level, length: int) -> None:
        self._allowance.items += 1
        self._allowance.check(self._position)
        defined = length != UNDEFINED_LENGTH
        limit = self._position + length if defined else level.limit
        if limit > level.limit:
            raise DamagedSequenceError("structure-invalid", f"byte {self._position}")
        if defined and limit > self._stream.size:
            raise UnreadableFileError("truncated", f"byte {self._position}")
        self._levels.append(Level(items=False, limit=limit, defined=defined, encoding=level.encoding))

    def _is_stray(self, head: Header, level: Level) -> bool:
        """Say whether what looks like an element of the whole data set cannot be one: its tag or its place tells."""
        at = self._position - self._stream.origin
        if head.tag >> 16 in RESERVED or self._stream.buffer.startswith(trailing_data.ARCHIVE, at):
            return True
        behind = self.data_set.pixels is not None and head.tag <= self.data_set.pixels.tag
        return behind and not behind_pixels.counts(head, level.encoding, self._stream, self._position)

    def _delimiter(self, level: Level, head: Header) -> None:
        if head.tag != tags.ITEM_END:
            raise DamagedSequenceError("structure-invalid", f"byte {self._position}")
        self._position += 8
        if not level.defined:
            self._levels.pop()

    def _pass_encapsulated(self, level: Level, head: Header) -> None:
        fragments = Fragments(self._stream, self._position + head.size, level.encoding.order)
        whole = len(self._levels) == 1
        if whole and isinstance(self._stream, Window):
            if not fragments.walk_affordable(self._stream) and not fragments.jump_to_end():
                raise UnreadableFileError("encapsulation-unended", tags.format_tag(head.tag))
            if not fragments.complete:
                self._findings.add("pixel-data-unchecked", tags.format_tag(head.tag))
        else:
            self._walk_nested(fragments)
        if fragments.items < 2:
            raise UnreadableFileError("encapsulation-empty", tags.format_tag(head.tag))
        if whole:
            self.data_set.pixels = fragments.pixels(head.tag)
        self._position = fragments.position
        if self._position > level.limit:
            self._stretch(head)

    def _walk_nested(self, fragments: Fragments) -> None:
        try:
            fragments.walk(self._allowance.most_items(self._position) - self._allowance.items)
        except UnreadableFileError as refusal:
            if refusal.code in NESTED_DAMAGE:
                raise DamagedSequenceError(refusal.code, refusal.where) from None
            raise
        self._allowance.items += fragments.items

    def _stretch(self, head: Header) -> None:
        """Take an item for as long as its fragments, whose delimiter tells more surely than its length."""
        self._findings.add("item-length-wrong", tags.format_tag(head.tag))
        self._levels = [
            level._replace(limit=self._position) if level.limit < self._position else level for level in self._levels
        ]

    def _close(self, level: Level, there: int) -> None:
        """Leave a level of which less than a header is left: `there` bytes."""
        left = level.limit - self._position
        if left == 0:
            self._levels.pop()
        elif left <= there:
            raise DamagedSequenceError("structure-invalid", f"byte {self._position}")
        elif len(self._levels) > 1:
            raise UnreadableFileError("truncated" if there else "sequence-unclosed", f"byte {self._position}")
        elif there:
            self._stray()
        elif not self._stream.holds(self._position):
            raise UnreadableFileError("truncated", f"byte {self._position}")
        else:
            self._levels.pop()

    def _stray(self) -> None:
        """Meet bytes at the outermost level that are no data element: they end the walk."""
        finding = trailing_data.classify(self._stream, self._position, after_pixels=self.data_set.pixels is not None)
        if finding != trailing_data.TRAILING:
            raise UnreadableFileError(finding, f"byte {self._position}")
        self._findings.add(finding, f"byte {self._position}")
        self._levels.clear()

    def _overrun(self, level: Level, head: Header, following: int) -> None:
        """Meet a length that exceeds the stream."""
        if len(self._levels) == 1 and self.data_set.pixels is not None and not trailing_data.may_follow_pixels(head):
            self._stray()
        elif level.encoding.explicit and not head.vr:
            raise DamagedSequenceError("structure-invalid", tags.format_tag(head.tag))
        else:
            raise UnreadableFileError(trailing_data.overrun(following, self._stream.size), tags.format_tag(head.tag))

    def _leave_unchecked(self) -> None:
        """End the walk where what describes the frames is more than there is time for. Raises BudgetSpentError else."""
        of_frames = self._damage.outermost in tags.OF_FRAMES and len(self._levels) > 1
        if not (of_frames and self._allowance.is_plausible(self._position)):
            raise BudgetSpentError("header-too-large", f"byte {self._position}")
        if trailing_data.ends_as_archive(self._stream, self._position):
            raise UnreadableFileError("archive-appended", f"byte {self._position}")
        self._findings.add("header-unchecked", tags.format_tag(self._damage.outermost))
        self.data_set.unchecked = True
        self._levels.clear()

    def _leave_damaged(self, damage: DamagedSequenceError) -> None:
        """Go on after the outermost sequence of known length, whose damage harms nothing around it."""
        for depth, level in enumerate(self._levels):
            if level.defined:
                self._damage.tell(damage.where)
                self._position = level.limit
                del self._levels[depth:]
                return
        raise damage

    def _count(self, elements: int) -> None:
        self._allowance.elements += elements
        if self._allowance.elements > allowance.ELEMENTS:
            self._allowance.check(self._position)

"""The walk over a data set: iterative, within budgets, every length checked against what is left (PS3.5 7)."""

from intake.dicom import encoding
from intake.dicom.encoding import UNDEFINED_LENGTH, Header, header
from intake.dicom.streams import take_bytes
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import KEPT, KEPT_BYTES, Values
from processor.judge.dicom.elements import element_scanner, levels
from processor.judge.dicom.elements.data_set import DataSet, Pixels
from processor.judge.dicom.elements.levels import MAX_LEVELS, Allowance, Level, Levels, is_sequence
from processor.judge.dicom.elements.tag_order import Order
from processor.judge.dicom.reader import damage
from processor.judge.dicom.reader.damage import Damage
from processor.judge.dicom.reader.fragments import Fragments
from processor.judge.inspection.errors import BudgetSpentError, DamagedSequenceError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream, Window


class Walk:
    """One walk over a stream's data set from `position` on, which fills `data_set`."""

    def __init__(self, stream: Stream, position: int, data_set: DataSet, findings: Findings) -> None:
        self._stream = stream
        self._position = position
        self._findings = findings
        self._allowance = Allowance(data_set.values)
        self._levels = Levels(data_set.encoding, self._allowance)
        self._inner: Order | None = None
        """Of what is nested, once anything is."""
        self._looked = 0
        """Up to where items were looked at all at once."""
        self._headers_settled = 0
        self._damage = Damage(findings)
        self.order = Order(data_set.encoding)
        self.data_set = data_set

    def run(self) -> None:
        """Walk to the end. Raises UnreadableFileError; what was learnt until then stays in `data_set`."""
        while self._levels:
            level = self._levels[-1]
            try:
                if level.items:
                    self._pass_item(level)
                else:
                    self._pass_elements(level)
            except DamagedSequenceError as error:
                # Damage within the outermost sequence of known length harms nothing around it.
                end = self._levels.leave_damaged()
                if end is None:
                    raise
                self._damage.add(self._levels.outermost, error.where)
                self._position = end
            except BudgetSpentError:
                self._leave_unchecked()
        self._damage.weigh(has_image=self.data_set.pixels is not None)

    def _pass_elements(self, level: Level) -> None:
        there = min(self._stream.show(self._position, 12), level.limit - self._position)
        if there < 8:
            self._close(level, there)
            return
        passed = self._pass_run(level, there)
        if there - passed >= 12 or not passed:
            self._pass_element(level, there - passed)

    def _pass_run(self, level: Level, there: int) -> int:
        """Pass over the elements that the fast run can take, and return their bytes."""
        if len(self._levels) > 1:
            self._inner = self._inner or Order(self.data_set.encoding)
            order = self._inner.restart()
            values: Values = {}
        elif self.data_set.pixels is None:
            order, values = self.order, self.data_set.values
        else:
            return 0
        at = self._position - self._stream.origin
        run = element_scanner.RUNS[level.encoding.explicit, level.encoding.big]
        end, passed = run(self._stream.buffer, at, at + there, values, order)
        self._position += end - at
        self._count(passed)
        return end - at

    def _pass_element(self, level: Level, there: int) -> None:
        at = self._position - self._stream.origin
        head = header(self._stream.buffer, at, at + there, level.encoding)
        if head is None:
            self._close(level, there)
            return
        self._count(1)
        explicit = level.encoding.explicit and self._headers_settled < encoding.MOST_DOUBTS
        if explicit and encoding.is_doubtful(head, self._stream.buffer, at):
            self._headers_settled += 1
            head = damage.settle_header(self._stream, self._position, head, level, self._findings)
        if len(self._levels) == 1:
            if damage.is_stray(head, level.encoding, self.data_set.pixels, self._stream, self._position):
                self._end_at_trailing_data()
                return
            self.order.enter(head.tag)
        if head.tag >> 16 == 0xFFFE:
            self._pass_delimiter(level, head)
        elif head.length != UNDEFINED_LENGTH:
            self._pass_defined(level, head)
        elif head.tag == tags.PIXEL_DATA:
            self._pass_encapsulated(level, head)
        elif head.vr in {b"SQ", b"UN", b""}:
            self._position += head.size
            self._levels.open_sequence(head, self._position, limit=level.limit, defined=False)
        else:
            raise DamagedSequenceError("structure-invalid", tags.format_tag(head.tag))

    def _count(self, elements: int) -> None:
        self._allowance.elements += elements
        if self._allowance.elements > levels.ELEMENTS:
            self._allowance.check(self._position)

    def _pass_delimiter(self, level: Level, head: Header) -> None:
        if head.tag != tags.ITEM_END:
            raise DamagedSequenceError("structure-invalid", f"byte {self._position}")
        self._position += 8
        if not level.defined:
            self._levels.pop()

    def _pass_encapsulated(self, level: Level, head: Header) -> None:
        fragments = Fragments(self._stream, self._position + head.size, level.encoding.order)
        whole = len(self._levels) == 1
        if whole and isinstance(self._stream, Window):
            fragments.pass_image(head.tag, self._stream, self._findings)
        else:
            fragments.pass_nested(self._allowance, self._position)
        if fragments.items < 2:
            raise UnreadableFileError("encapsulation-empty", tags.format_tag(head.tag))
        if whole:
            self.data_set.pixels = fragments.summarize(head.tag)
        self._position = fragments.position
        if self._position > level.limit:
            # The fragments' delimiter tells more surely than the item's length where that ends.
            self._findings.add("item-length-wrong", tags.format_tag(head.tag))
            self._levels.stretch(self._position)

    def _pass_defined(self, level: Level, head: Header) -> None:
        start = self._position + head.size
        following = start + head.length
        if following > level.limit:
            raise DamagedSequenceError("structure-invalid", tags.format_tag(head.tag))
        if following > self._stream.size:
            self._meet_overrun(level, head, following)
            return
        if level.encoding.explicit and not head.vr and head.size == encoding.SHORT_HEADER:
            self._findings.add("element-vr-missing", tags.format_tag(head.tag))
        if is_sequence(head, self._stream, start, level.encoding):
            self._position = start
            self._levels.open_sequence(head, start, limit=following, defined=True)
        else:
            self._pass_value(level, head, start, following)

    def _pass_value(self, level: Level, head: Header, start: int, following: int) -> None:
        """Jump over a value. What is kept of it is taken first: an inflated stream has no way back."""
        outermost = len(self._levels) == 1
        if outermost and head.tag in KEPT:
            self.order.note(head.tag, head.vr, head.length)
            value = take_bytes(self._stream, start, min(head.length, KEPT_BYTES))
            self.data_set.keep_first(head.tag, value, self._findings)
        if outermost and head.tag == tags.EXTENDED_OFFSET_TABLE:
            self.data_set.extended_offsets = head.length
        is_image = outermost and head.tag in tags.PIXELS and head.length > 0
        if is_image:
            self.data_set.pixels = Pixels(head.tag, head.length)
        try:
            held = self._stream.holds(following)
        except BudgetSpentError:
            if not is_image:
                raise
            # An image too large to be inflated to its end is left there.
            self._end_unchecked("pixel-data-unchecked", head.tag)
            return
        if not held:
            self._meet_overrun(level, head, following)
        self._position = following

    def _pass_item(self, level: Level) -> None:
        there = min(self._stream.show(self._position, 8), level.limit - self._position)
        if there < 8:
            self._close(level, there)
            return
        at = self._position - self._stream.origin
        if self._position >= self._looked:
            # What is usual is passed at once.
            stop = min(level.limit - self._stream.origin, len(self._stream.buffer))
            room = MAX_LEVELS - len(self._levels)
            passed = element_scanner.pass_items(self._stream.buffer, at, stop, level.encoding, room)
            self._looked = self._stream.origin + passed.reached
            self._position += passed.end - at
            self._allowance.spend(self._position, passed)
            if passed.items:
                return
        head = header(self._stream.buffer, at, len(self._stream.buffer), level.encoding)
        if head is None or head.tag not in {tags.ITEM, tags.SEQUENCE_END}:
            raise DamagedSequenceError("structure-invalid", f"byte {self._position}")
        self._position += 8
        if head.tag == tags.ITEM:
            self._levels.open_item(self._position, head.length, self._stream.size)
        elif not level.defined:
            self._levels.pop()

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
            self._end_at_trailing_data()
        elif not self._stream.holds(self._position):
            raise UnreadableFileError("truncated", f"byte {self._position}")
        else:
            self._levels.pop()

    def _end_at_trailing_data(self) -> None:
        damage.check_trailing(
            self._stream, self._position, self._findings, after_pixels=self.data_set.pixels is not None
        )
        self._levels.clear()

    def _meet_overrun(self, level: Level, head: Header, following: int) -> None:
        """Meet a length that exceeds the stream."""
        if len(self._levels) == 1 and self.data_set.pixels is not None and not damage.may_follow_pixels(head):
            self._end_at_trailing_data()
            return
        where = tags.format_tag(head.tag)
        if level.encoding.explicit and not head.vr:
            raise DamagedSequenceError("structure-invalid", where)
        raise UnreadableFileError(damage.classify_overrun(following, self._stream.size), where)

    def _leave_unchecked(self) -> None:
        """End the walk where what describes the frames is more than there is time for. Raises BudgetSpentError else."""
        of_frames = self._levels.outermost in tags.OF_FRAMES and len(self._levels) > 1
        if not (of_frames and self._allowance.is_plausible(self._position)):
            raise BudgetSpentError("header-too-large", f"byte {self._position}")
        if damage.ends_as_archive(self._stream, self._position):
            raise UnreadableFileError("archive-appended", f"byte {self._position}")
        self._end_unchecked("header-unchecked", self._levels.outermost)

    def _end_unchecked(self, code: str, tag: int) -> None:
        self._findings.add(code, tags.format_tag(tag))
        self.data_set.unchecked = True
        self._levels.clear()

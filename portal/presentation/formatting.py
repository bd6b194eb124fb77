"""How the pages write sizes, durations, money, shares, counts and times."""

from datetime import UTC, date, datetime

from intake.files.model import timestamp
from intake.languages import current_language, format_date, format_number, punctuate
from portal.presentation.languages import gettext, ngettext

NOUNS = (
    ("archive", "archives"), ("byte", "bytes"), ("clinic", "clinics"), ("day", "days"), ("device", "devices"),
    ("file", "files"), ("image", "images"), ("message", "messages"), ("month", "months"), ("more file", "more files"),
    ("note", "notes"), ("other file", "other files"), ("rule", "rules"), ("series", "series"),
    ("wrong code", "wrong codes"), ("year", "years"),
)  # fmt: skip
"""What is counted on the pages, one and more of it."""

MONTHS = ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.")
WEEKDAYS = ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So.")
"""German's, as the CLDR abbreviates them; a test holds all that is written here against Babel's copy of it."""


def format_size(count: int) -> str:
    """Return bytes in words: `512 bytes`, `1.4 MB` (of 1000, as systems and disks tell them)."""
    if count < 1000:
        return format_count(count, "byte")
    amount = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{punctuate(f'{amount:.1f}' if amount < 9.95 else f'{amount:.0f}')} {unit}"


def format_duration(milliseconds: int) -> str:
    """Return a duration in words: `240 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{format_number(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def format_taken(milliseconds: int | None) -> str:
    """Return a duration in words, or a dash for none."""
    return "\u2013" if milliseconds is None else format_duration(milliseconds)


def format_dollars(amount: float) -> str:
    """Return an estimated amount: `$1,204`, `$3.20`, `under $0.01`."""
    if 0 < amount < 0.005:
        return gettext("under $0.01")
    written = format_number(amount, 2 if amount < 100 else 0)
    return f"{written}\N{NO-BREAK SPACE}$" if current_language() == "de" else f"${written}"


def format_share(percent: float) -> str:
    """Return a share in words: `0 %`, `3.2 %`, `41 %`."""
    return f"{format_number(percent, 0 if percent in {0, 100} or percent >= 9.95 else 1)} %"


def format_utc_date(moment: datetime) -> str:
    """Return `Sun 22 Nov`, of a day in UTC."""
    there = moment.astimezone(UTC)
    if current_language() == "de":
        return f"{WEEKDAYS[there.weekday()]}, {there.day}. {MONTHS[there.month - 1]}"
    return f"{there:%a} {there.day} {there:%b}"


def format_utc(moment: datetime, *, seconds: bool = False) -> str:
    """Return `22 Nov 2026, 14:05 UTC`, which scripts then write in the reader's zone."""
    pattern = "%H:%M:%S" if seconds else "%H:%M"
    there = moment.astimezone(UTC)
    return f"{format_date(there)}, {there.strftime(pattern)} UTC"


def format_count(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 file`, `12 files`."""
    return f"{format_number(number)} {ngettext(noun, plural or noun + 's', number)}"


def format_dicom_date(text: str) -> str:
    """Write a DICOM date (PS3.5 6.2, DA) for people; anything else stays as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    # ISO 8601 knows other forms, which are none of DICOM's.
    return format_date(day) if text.isdecimal() else text


AMOUNT_FILTERS = {
    "counted": format_count,
    "dicom_date": format_dicom_date,
    "dollars": format_dollars,
    "iso": timestamp,
    "share": format_share,
    "size": format_size,
    "took": format_taken,
    "utc": format_utc,
    "utc_date": format_utc_date,
}
"""What templates say `| name` for, to write an amount or a time."""

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
"""Nothing here happened before or will happen after. Farther out, a day more or another zone is beyond what a datetime
can say."""


def parse_day(text: str) -> datetime | None:
    """Return the beginning of a day, in UTC; None for what is no day of ours, which then filters nothing."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if EARLIEST <= found <= LATEST else None


def parse_moment(text: str) -> datetime | None:
    """Return a day's beginning, or a minute, in UTC; None for what is neither."""
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        return parse_day(text)
    return found if EARLIEST <= found <= LATEST else None


def clamp_moment(moment: datetime) -> datetime:
    """Return an aware moment, in UTC, moved to the nearest one that can be reckoned with."""
    if not EARLIEST.year < moment.year < LATEST.year:
        return EARLIEST if moment.year <= EARLIEST.year else LATEST
    return moment.astimezone(UTC)

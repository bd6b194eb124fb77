"""How the pages say how an upload stands: its one state, as a badge, a line and a sentence."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from intake.files.item_keys import read_code, read_state
from intake.files.model import Source, Upload
from intake.files.states import State
from intake.files.upload_state import (
    UploadState,
    count_lost,
    count_missing,
    count_missing_so_far,
    count_open,
    count_troubled,
    find_upload_state,
)
from intake.languages import format_number, mark
from portal.presentation.formatting import format_count
from portal.presentation.labels import Badge
from portal.presentation.languages import gettext, ngettext

UPLOAD_BADGES: dict[UploadState, Badge] = {
    UploadState.IN_PROGRESS: Badge("In progress", "clock", "wait", ""),
    UploadState.MISSING: Badge("Missing", "hourglass", "warn", ""),
    UploadState.NEEDS_ATTENTION: Badge("Needs attention", "cross", "bad", ""),
    UploadState.COMPLETE: Badge("Complete", "check", "ok", ""),
}
COMPLETE_WARNED = Badge("Complete, with warnings", "warning", "warn", "")


def choose_upload_badge(upload: Upload) -> Badge:
    """Return how an upload's one state shows; what is missing is told with it."""
    state = find_upload_state(upload)
    if state is UploadState.COMPLETE and upload.warnings:
        return COMPLETE_WARNED
    badge = UPLOAD_BADGES[state]
    is_short = state is UploadState.MISSING
    return replace(badge, label=f"{gettext(badge.label)} {format_number(count_missing(upload))}") if is_short else badge


def name_upload(upload: Upload) -> str:
    if upload.reference:
        return upload.reference
    return gettext("Files dropped into S3" if upload.source is Source.DIRECT else "Upload without a reference")


def needs_attention(upload: Upload) -> bool:
    """Say whether one of an upload's files waits for somebody; right also while others are still checked."""
    return bool(count_troubled(upload) or count_lost(upload))


def invite_repair(upload: Upload, dangerous: Collection[str]) -> str:
    """Return what to do about an upload by sending files, in a link's words; nothing where that would repair nothing.

    Who was sent something `dangerous` has nothing to correct and send again.
    """
    standing = [cause for cause, count in upload.causes.items() if count > 0]
    refused = {read_code(cause) for cause in standing if read_state(cause) is State.REJECTED}
    if refused - set(dangerous):
        return gettext("Send corrected files")
    return gettext("Send missing files") if find_upload_state(upload) is UploadState.MISSING else ""


def describe_upload(upload: Upload) -> str:
    """Return how far an upload has come, as one sentence."""
    if not upload.settled:
        if not upload.declared:
            return gettext("No files announced yet")
        told = gettext("{count} of {files} checked")
        return told.format(
            count=format_number(upload.declared - upload.waiting), files=format_count(upload.declared, "file")
        )
    return ", ".join([_describe_accepted(upload), *_list_rest(upload)])


def _describe_accepted(upload: Upload) -> str:
    accepted, missing = upload.counts.get(State.ACCEPTED, 0), count_missing(upload)
    if accepted < upload.declared - sum(upload.handled.values()):
        told = gettext("{count} of {files} accepted")
        return told.format(count=format_number(accepted), files=format_count(upload.declared, "file"))
    if missing or not accepted:
        told = gettext("{files} accepted" if accepted else "No files")
        return told.format(files=format_count(accepted, "file"))
    told = ngettext("1 file, accepted", "All {count} files accepted", accepted)
    return told.format(count=format_number(accepted))


def _list_rest(upload: Upload) -> Iterator[str]:
    """Yield what there is to tell beside the accepted files; what never came is told once."""
    counts, missing = upload.counts, count_missing(upload)
    told = [
        (min(counts.get(State.REJECTED, 0), count_open(upload, State.REJECTED)), mark("rejected")),
        (min(counts.get(State.FAILED, 0), count_open(upload, State.FAILED)), mark("failed on our side")),
        (missing, mark("missing")),
        (0 if missing else count_lost(upload), mark("not received")),
        (sum(upload.handled.values()), mark("replaced or dealt with")),
        (counts.get(State.DELETED), mark("deleted")),
        (upload.duplicates, mark("already here")),
    ]
    yield from (f"{format_number(number)} {gettext(word)}" for number, word in told if number)
    refused = upload.containers.get(State.REJECTED, 0)
    if refused:
        yield gettext("{archives} rejected").format(archives=format_count(refused, "archive"))


def describe_shortage(upload: Upload) -> str:
    """Return how much less there is than was expected, as a sentence, or nothing; what was announced in vain has its
    own."""
    missing = count_missing_so_far(upload)
    if missing <= count_lost(upload):
        return ""
    told = ngettext(
        "{files} of the {expected} that you expected is missing.",
        "{files} of the {expected} that you expected are missing.",
        missing,
    )
    return told.format(
        files=format_count(missing, "file" if upload.expected else "image"),
        expected=format_number(upload.expected or upload.expected_images or 0),
    )


def describe_archives(upload: Upload) -> str:
    """Return what an upload brought beside its files: `1 archive, 11 files in it`; nothing for none."""
    archives = sum(upload.containers.values())
    if not archives:
        return ""
    if not upload.entries:
        return format_count(archives, "archive")
    told = ngettext("{archives}, {files} in it", "{archives}, {files} in them", archives)
    return told.format(archives=format_count(archives, "archive"), files=format_count(upload.entries, "file"))


UPLOAD_FILTERS = {
    "upload_archives": describe_archives,
    "upload_badge": choose_upload_badge,
    "upload_line": describe_upload,
    "upload_needs_attention": needs_attention,
    "upload_repair": invite_repair,
    "upload_shortage": describe_shortage,
    "upload_title": name_upload,
}
"""What templates say `| name` for, to tell of uploads."""

"""Searching studies, series and instances (QIDO-RS, PS3.18 10.6) over what the records keep.

The index that fits best brings candidates; what it cannot tell is looked up in their records. A search that would have
to look at too many is refused rather than slow: PS3.18 table 10.6.3-2 has 413 for that.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from intake.errors import NotFoundError
from intake.files.model import FileRecord
from intake.studies.model import Study, StudyQuery
from portal.auth.identity import Identity
from portal.cursors import read_rows
from portal.dicomweb.json_model.attributes import BY_NAME, DataSet, Level, write_data_set
from portal.dicomweb.queries import Search, parse_range, read_values
from portal.dicomweb.wado import build_address, find_first, list_instances
from portal.errors import SearchTooBroadError
from portal.services import Services

MOST_CANDIDATES = 1_000
"""Studies, series or instances that one search looks at."""
PAGE = 100

Values = dict[str, Sequence[str]]
"""Keyword → values, of one result."""


@dataclass(frozen=True, slots=True)
class Results:
    """A page of what matches."""

    rows: list[DataSet]
    more: bool
    """Whether more match, or may: to be sure would have been to look at too many."""
    total: int | None
    """How many match, where all were seen."""


_OF_METADATA = [attribute for attribute in BY_NAME.values() if attribute.key]


@dataclass(frozen=True, slots=True)
class Searcher:
    """Searches on behalf of somebody. Each search raises SearchTooBroadError."""

    services: Services
    identity: Identity
    base: str
    """Address of the DICOMweb service, for the addresses that results are fetched from."""

    def studies(self, search: Search) -> Results:
        return _cut_page(search, (self._describe_study(study) for study in self._candidates(search)))

    def series(self, search: Search, study_uid: str = "") -> Results:
        """Return the series that match, of one study or of all."""
        rows = (row for study in self._parents(search, study_uid) for row in self._describe_series(study))
        return _cut_page(search, rows)

    def instances(self, search: Search, study_uid: str = "", series_uid: str = "") -> Results:
        """Return the instances that match, of a study, of a series or of all."""
        rows = (
            {
                **_read_metadata(record, Level.INSTANCE),
                **self._count_related(study),
                "RetrieveURL": [build_address(record, self.base)],
            }
            for study in self._parents(search, study_uid)
            for record in list_instances(self.services, self.identity, study.study_uid, series_uid)
        )
        return _cut_page(search, rows)

    def _parents(self, search: Search, study_uid: str) -> Iterable[Study]:
        """Return the studies in which to look: the one that the path names, or those that the conditions allow."""
        if not study_uid:
            return self._candidates(search)
        try:
            return [self._whole(study_uid)]
        except NotFoundError:
            return []

    def _whole(self, study_uid: str) -> Study:
        clinic_id = self.identity.own_clinic()
        return self.services.studies.study(clinic_id, self.services.ids.study(clinic_id, study_uid))

    def _candidates(self, search: Search) -> Iterator[Study]:
        """Yield studies by the index that fits the conditions best."""
        uids = search.find_value("StudyInstanceUID")
        if uids is not None:
            # An empty one names no study, and must not be taken for a path that names none.
            for uid in dict.fromkeys(filter(None, map(str.strip, uids.replace("\\", ",").split(",")))):
                yield from self._parents(search, uid)
            return
        earliest, latest = parse_range(search.find_value("StudyDate") or "")
        query = StudyQuery(
            clinic_id=self.identity.own_clinic(),
            patient_id=_find_exact(search, "PatientID"),
            modality=_find_exact(search, "ModalitiesInStudy"),
            first_date=earliest,
            last_date=latest,
        )
        yield from read_rows(partial(self.services.studies.studies, query, limit=PAGE))

    def _describe_study(self, study: Study) -> Values:
        record = find_first(self.services, self.identity, study.study_uid)
        return {**(_read_metadata(record, Level.STUDY) if record else {}), **self._count_related(study)}

    def _describe_series(self, study: Study) -> Iterator[Values]:
        # Lists leave the series out; a study that the path names was read with them.
        whole = study if study.series else self._whole(study.study_uid)
        for each in whole.series:
            record = find_first(self.services, self.identity, whole.study_uid, each.series_uid)
            if record is not None:
                yield {
                    **_read_metadata(record, Level.SERIES),
                    **self._count_related(whole),
                    "NumberOfSeriesRelatedInstances": [str(each.instances)],
                    "RetrieveURL": [f"{self.base}/studies/{whole.study_uid}/series/{each.series_uid}"],
                }

    def _count_related(self, study: Study) -> Values:
        return {
            "StudyInstanceUID": [study.study_uid],
            "ModalitiesInStudy": sorted(study.modalities),
            "NumberOfStudyRelatedSeries": [str(len(study.series_uids))],
            "NumberOfStudyRelatedInstances": [str(study.instances)],
            "InstanceAvailability": ["ONLINE"],
            "RetrieveURL": [f"{self.base}/studies/{study.study_uid}"],
        }


def _find_exact(search: Search, keyword: str) -> str:
    """Return a value that an index can find: one without wild cards."""
    value = search.find_value(keyword) or ""
    return "" if {"*", "?", "\\", ","} & set(value) else value


def _cut_page(search: Search, rows: Iterator[Values]) -> Results:
    """Return the page of the matching rows that the search asks for."""
    matching = (
        row
        for row in _limit_candidates(rows)
        if all(condition.holds(row.get(condition.attribute.keyword, ())) for condition in search.conditions)
    )
    page = [
        write_data_set(search.returned, row) for row in islice(matching, search.offset, search.offset + search.limit)
    ]
    try:
        # Whether a page that holds none ends before the last match is the same question.
        more = next(matching, None) is not None
    except SearchTooBroadError:
        more = True
    counted = not more and (page or not search.offset)
    return Results(page, more, search.offset + len(page) if counted else None)


def _limit_candidates(rows: Iterator[Values]) -> Iterator[Values]:
    for number, row in enumerate(rows):
        if number == MOST_CANDIDATES:
            raise SearchTooBroadError("The search looks at too many.")
        yield row


def _read_metadata(record: FileRecord, level: Level) -> Values:
    return {
        attribute.keyword: read_values(attribute, record.metadata)
        for attribute in _OF_METADATA
        if attribute.level <= level
    }

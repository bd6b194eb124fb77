import pytest

from portal.dicomweb import stow
from tests.unit.portal.dicomweb.archive import Archive


@pytest.fixture
def judging(portal, monkeypatch):
    """Judge what is sent as soon as the portal waits for it."""
    archive = Archive(portal)

    def judge_all(_seconds):
        for record in [record for record in portal.table.files.values() if record.stored is None]:
            archive.judged(record.file_id, portal.objects.newest("incoming", record.incoming.key))

    monkeypatch.setattr(stow.time, "sleep", judge_all)

"""An instance by its UID: by the claim that its file made for its clinic, in two reads however large its series is."""

from itertools import chain

from intake.errors import NotFoundError
from intake.files.model import FileRecord
from intake.files.states import State
from portal.auth.identity import Identity
from portal.dicomweb.wado import is_listed, list_instances
from portal.services import Services


def find_instance(services: Services, identity: Identity, study_uid: str, series_uid: str, sop_uid: str) -> FileRecord:
    """Return one instance. Raises NotFoundError, and SearchTooBroadError as `list_instances` does.

    Where no claim leads to it (its file is older than claims are, or gave its claim to one that is listed elsewhere),
    its series is looked through.
    """
    claimant = services.records.find_claimant(identity.own_clinic(), sop_uid)
    claimed = [claimant] if claimant and claimant.state is State.ACCEPTED else []
    for record in chain(claimed, list_instances(services, identity, study_uid, series_uid)):
        if is_listed(record, study_uid, series_uid) and record.metadata.get("sop_instance_uid") == sop_uid:
            return record
    raise NotFoundError("there is no such instance")

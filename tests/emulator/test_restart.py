"""A stack that was stopped and started again goes on as if it had never been away."""

import contextlib
from dataclasses import fields

import pytest

from infra.local.stack import local_stack
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.emulator.stacks import free_port
from tests.waiting import until

pytestmark = pytest.mark.emulator


@contextlib.contextmanager
def partner_of(state, ports):
    """A partner of the stack that keeps its state in a folder; the stack runs until the block is left."""
    with local_stack(state=state, emulator_port=ports[0], portal_port=ports[1]) as stack:
        with PartnerClient.of(stack, stack.api_url) as partner:
            yield partner
        for field in fields(stack.clients):
            getattr(stack.clients, field.name).close()


def uploaded(partner, *numbers):
    """Upload slices, and return the upload's id when its counts have come to all of them."""
    files = {f"{number}.dcm": ct_slice(sop=uid("restart", number), rows=8, columns=8) for number in numbers}
    upload_id = partner.upload(files)["upload_id"]
    until(lambda: counts(partner, upload_id) == {"accepted": len(files)}, f"the counts of upload {upload_id}", 60)
    return upload_id


def counts(partner, upload_id):
    said = partner.http.get(f"/api/v1/uploads/{upload_id}").raise_for_status().json()["counts"]
    return {state: count for state, count in said.items() if count}


def test_uploads_are_counted_after_a_restart_and_earlier_ones_not_again(tmp_path):
    ports = free_port(), free_port()
    with partner_of(tmp_path / "state", ports) as partner:
        before = uploaded(partner, *range(6))

    with partner_of(tmp_path / "state", ports) as partner:
        # Fewer changes than before: a projector that passed over as many as it had read would never tell of them.
        uploaded(partner, 6)

        assert counts(partner, before) == {"accepted": 6}

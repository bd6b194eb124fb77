"""Runs one function's handler on every kind of work it reports, with the world behind it replaced: `emit.py judge`.

A process of its own, since a function's name comes from its environment when its modules are imported.
"""

import json
import sys
from types import SimpleNamespace

from botocore.exceptions import ClientError

from intake.files.keys import Placement
from intake.files.model import ObjectVersion
from intake.files.outcomes import Outcome
from intake.files.states import State
from intake.messaging.events import Arrival, Slice, notification
from intake.orders.commands import DoTask
from intake.orders.model import Answer, Answered, Task
from tests.records import NOON, a_file

CONTEXT = SimpleNamespace(
    function_name="a-function",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:a-function",
    aws_request_id="request-1",
    get_remaining_time_in_millis=lambda: 120_000,
)


def judge():
    from processor.handlers import judge as handler
    from processor.handlers.batches import SPARE_S, Retries
    from processor.ingest.expand import Expanded
    from processor.ingest.process import LeftOut, Processed

    file = a_file()
    placement = Placement(file.clinic_id, file.upload_id, file.file_id, reserved=True)
    outcomes = iter(
        [
            (State.ACCEPTED, Outcome.RECORDED, ("a-shadow",)),
            (State.REJECTED, Outcome.RECORDED, ()),
            (State.ACCEPTED, Outcome.ALREADY_RECORDED, ()),
        ]
    )

    def process(_):
        state, outcome, shadow = next(outcomes, (None, None, ()))
        if state is None:
            return LeftOut(placement, 30)
        return Processed(placement, state, outcome, "dicom", (), 1000, 1000, 850, shadow)

    answered = Answered(file_id=file.file_id, clinic_id=file.clinic_id, answer=Answer.ACCEPTED, codes=())
    handler._judging = SimpleNamespace(
        processor=SimpleNamespace(process=process),
        expander=SimpleNamespace(expand=lambda part: Expanded(part, entries=3, unpacked=2, damaged=1)),
        dispatcher=SimpleNamespace(carry_out=lambda order: answered),
        failure_notes=SimpleNamespace(note=lambda *_: None),
        retries=Retries(SimpleNamespace(put_off=lambda waits: len(waits) // 2, remove=lambda receipt: None)),
    )
    part = Slice(file.clinic_id, file.upload_id, file.file_id, ObjectVersion("accepted", "k"), 0, 3)
    order = DoTask(owner="", order_id=file.upload_id, task=Task.TRY, file_id=file.file_id, actor="admin-1")
    bodies = [notification(Arrival(file.incoming, NOON))] * 4 + [part.message(), order.message()]
    answer = handler.handle({"Records": [_message(number, body) for number, body in enumerate(bodies)]}, CONTEXT)
    assert answer == {"batchItemFailures": []}, answer
    handler._judging.expander = SimpleNamespace(expand=_refuse)
    failing = {"Records": [_message(number, part.message()) for number in range(2)]}
    assert len(handler.handle(failing, CONTEXT)["batchItemFailures"]) == 2
    too_late = SimpleNamespace(**{**vars(CONTEXT), "get_remaining_time_in_millis": lambda: SPARE_S * 1000})
    assert len(handler.handle(failing, too_late)["batchItemFailures"]) == 2


def projector():
    from processor.handlers import project

    project._projector = SimpleNamespace(project=lambda changes: 2)
    project.handle({"Records": []}, CONTEXT)


def exporter():
    from processor.handlers import export
    from processor.projection.exporter import Exported

    export._exporter = SimpleNamespace(export=lambda rows: Exported(rows=3, files=1, bytes=420))
    export.handle({"Records": []}, CONTEXT)


def renderer():
    from intake.renditions.model import NoPreview, RenditionAnswer, RenditionRequest
    from processor.handlers import render

    stored = ObjectVersion("accepted", "k", "v")
    asked = RenditionRequest(
        clinic_id="northside", file_id="01k", stored=stored, size=9, kind="dicom", accepted=True
    ).to_json()
    answers = iter([RenditionAnswer(), RenditionAnswer(reason=NoPreview.TOO_LARGE)])
    render._maker = SimpleNamespace(make=lambda request: next(answers))
    assert render.handle(json.loads(asked), CONTEXT)["reason"] is None
    message = {"body": asked, "eventSource": "aws:sqs", "messageId": "m", "receiptHandle": "r"}
    assert render.handle({"Records": [message]}, CONTEXT) == {"batchItemFailures": []}


def rebuild():
    from intake.files.model import now
    from intake.recounts.jobs import RebuildJob
    from processor.handlers import rebuild as rebuild_handler
    from processor.projection.rebuild_worker import Worked

    job = RebuildJob(job_id="01k", clinic_id="northside", mends=False, actor="admin", placed_at=now(), units_per_s=200)
    rebuild_handler._worker = SimpleNamespace(run=lambda left, turn: Worked((job,), 1))
    assert rebuild_handler.handle({}, CONTEXT) == {"left": 1}


def sweep():
    from datetime import timedelta

    from processor.handlers import sweep as sweep_handler
    from processor.projection.samples import Sampled
    from processor.reconcile.awaited import AwaitedSwept
    from processor.reconcile.dropped import DroppedSwept
    from processor.reconcile.incidents import Followed
    from processor.reconcile.reconciler import Reconciled
    from processor.reconcile.sweep import Swept

    turns = iter(["a turn", ""])
    sweep_handler._lease = SimpleNamespace(take=lambda at, until: next(turns), give_back=lambda turn: None)
    sweep_handler._follow_up = SimpleNamespace(run=lambda share: Followed(standing=2, told=1, closed=1, enqueued=1))
    sweep_handler._sweep = SimpleNamespace(run=lambda: Swept(1, 1, 1, readmitted=True))
    age = timedelta(hours=30)
    sweep_handler._awaited = SimpleNamespace(run=lambda share: AwaitedSwept(expired=1, enqueued=1, age=age))
    sweep_handler._dropped = SimpleNamespace(run=lambda share: DroppedSwept(listed=9, unrecorded=1, enqueued=1))
    sweep_handler._reconciler = SimpleNamespace(run=lambda share: Reconciled(300, 1, timedelta(hours=1)))
    sweep_handler._sample = SimpleNamespace(run=lambda share: Sampled(drawn=2, audited=["01k"], left=1))
    sweep_handler._quiet = SimpleNamespace(run=lambda: 1)
    sweep_handler._expected = SimpleNamespace(run=lambda: 3)
    sweep_handler._rebuilds = SimpleNamespace(run=lambda: None)
    assert [sweep_handler.handle({}, CONTEXT)["swept"] for _ in range(2)] == [True, False]


def broken_sweep():
    """Sweep while no record can be read: what else is swept is swept, and the sweep has failed."""
    from processor.handlers import sweep as sweep_handler

    given_back = SimpleNamespace(
        take=lambda at, until: "a turn", give_back=lambda turn: print('{"done": "given back"}')
    )
    sweep_handler._lease = given_back
    sweep_handler._follow_up = SimpleNamespace(run=lambda share: _broken())
    sweep_handler._sweep = SimpleNamespace(run=_broken)
    sweep_handler._awaited = SimpleNamespace(run=lambda share: print('{"done": "awaited"}'))
    sweep_handler._dropped = SimpleNamespace(run=lambda share: _broken())
    sweep_handler._reconciler = SimpleNamespace(run=lambda share: print('{"done": "reconciled"}'))
    sweep_handler._sample = SimpleNamespace(run=lambda share: print('{"done": "sampled"}'))
    sweep_handler._quiet = SimpleNamespace(run=lambda: print('{"done": "quiet"}'))
    sweep_handler._expected = SimpleNamespace(run=lambda: print('{"done": "expected"}'))
    sweep_handler._rebuilds = SimpleNamespace(run=lambda: None)
    sweep_handler.report_awaited = sweep_handler.report_reconciled = sweep_handler.report_sampled = lambda _: None
    sweep_handler.report_quiet = sweep_handler.report_expected = lambda _: None
    try:
        sweep_handler.handle({}, CONTEXT)
    except ConnectionError:
        print('{"done": "failed"}')


def lost_projection():
    from processor.handlers import project

    _take_lost_letter(project)


def lost_export():
    from processor.handlers import export

    _take_lost_letter(export)


def _take_lost_letter(handler):
    from intake.table.dynamodb_streams import DynamoStream
    from processor.handlers.batches import Retries

    def trimmed(**_):
        raise ClientError({"Error": {"Code": "TrimmedDataAccessException", "Message": ""}}, "GetShardIterator")

    handler._stream = DynamoStream(SimpleNamespace(get_shard_iterator=trimmed))
    handler._retries = Retries(SimpleNamespace(put_off=lambda waits: print(f'{{"waits": {[*waits.values()]}}}') or 0))
    told = {"streamArn": "a", "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "2"}
    answer = handler.handle({"Records": [_message(7, {"DDBStreamBatchInfo": told})]}, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-7"}]}, answer


def _refuse(_):
    raise ClientError({"Error": {"Code": "SlowDown", "Message": "of a key"}}, "GetObject")


def _broken():
    raise ConnectionError("no record can be read")


def _message(number, body):
    return {
        "messageId": f"m-{number}",
        "receiptHandle": f"r-{number}",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q",
        "awsRegion": "us-east-1",
    }


if __name__ == "__main__":
    works = (judge, projector, exporter, sweep, rebuild, renderer, broken_sweep, lost_projection, lost_export)
    {work.__name__: work for work in works}[sys.argv[1]]()

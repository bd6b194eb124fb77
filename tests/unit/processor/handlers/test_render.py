"""The rendering Lambda: what is kept of a file, what is answered, and what comes again."""

import json
from dataclasses import replace
from types import SimpleNamespace

import boto3
import pytest

from intake.files.model import ObjectVersion
from intake.renditions.model import EDGES, NoPreview, RenditionAnswer, RenditionRequest, View
from processor.handlers.batches import Retries
from processor.render.renderer import Picture
from tests.fakes import FakeDeliveries, FakeObjects, FakeRenditions

SMALL, LARGE = EDGES


PICTURES = (Picture("image/webp", SMALL, b"small"), Picture("image/webp", LARGE, b"large"))


class World:
    """A handler over fakes, and what it draws."""

    def __init__(self, handler):
        self.handler = handler
        self.objects, self.renditions, self.deliveries = FakeObjects(), FakeRenditions(), FakeDeliveries()
        stored = self.objects.put("quarantine", "northside/f", b"pixels")
        self.request = RenditionRequest(
            clinic_id="northside", file_id="01k", stored=stored, size=6, kind="dicom", accepted=False
        )
        self.drawn = PICTURES

    def render(self, request):
        if isinstance(self.drawn, Exception):
            raise self.drawn
        return self.drawn

    def ask(self, **changes):
        return RenditionAnswer.from_dict(self._handle(json.loads(replace(self.request, **changes).to_json())))

    def deliver(self, body=None, receives=1):
        return self._handle(
            {
                "Records": [
                    {
                        "messageId": "message",
                        "receiptHandle": "receipt",
                        "body": self.request.to_json() if body is None else body,
                        "attributes": {"ApproximateReceiveCount": str(receives)},
                        "eventSource": "aws:sqs",
                    }
                ]
            }
        )

    def _handle(self, event):
        context = SimpleNamespace(
            function_name="renderer", memory_limit_in_mb="1", invoked_function_arn="arn", aws_request_id="request"
        )
        return json.loads(json.dumps(self.handler.handle(event, context)))

    def kept(self):
        return {key.rpartition("/")[2]: data for key, (data, _) in self.renditions.kept.items()}


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setenv("SCALPER_RENDITIONS_BUCKET", "renditions")
    monkeypatch.setenv("SCALPER_RENDITIONS_QUEUE_URL", "https://sqs.test/renditions")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: None)
    from processor.handlers import render as handler  # It reads its settings when it is imported.

    monkeypatch.setattr(handler.metrics.provider, "namespace", "SilentScalper")
    made = World(handler)
    monkeypatch.setattr(handler, "_maker", handler.PictureMaker(made, made.renditions, made.objects))
    monkeypatch.setattr(handler, "_retries", Retries(made.deliveries))
    return made


def test_one_that_waits_is_answered_once_the_pictures_are_kept(world):
    assert world.ask() == RenditionAnswer()
    assert world.kept() == {f"{SMALL}.webp": b"small", f"{LARGE}.webp": b"large"}


def test_a_message_has_the_same_pictures_made_and_is_done(world):
    assert world.deliver() == {"batchItemFailures": []}
    assert world.kept() == {f"{SMALL}.webp": b"small", f"{LARGE}.webp": b"large"}


def test_delivered_twice_a_request_leaves_what_it_left(world):
    before = [world.deliver() and world.kept() for _ in range(2)]
    assert before[0] == before[1]


@pytest.mark.parametrize("reason", [reason for reason in NoPreview if reason is not NoPreview.GONE])
def test_what_cannot_be_drawn_is_noted_with_its_reason_and_fails_nothing(world, reason):
    world.drawn = reason
    assert world.deliver() == {"batchItemFailures": []}
    assert world.ask() == RenditionAnswer(reason=reason)
    assert world.kept() == {"none.json": reason.encode()}


def test_of_a_file_that_is_gone_nothing_is_kept_not_even_that(world):
    world.drawn = NoPreview.GONE
    assert world.ask() == RenditionAnswer(reason=NoPreview.GONE)
    assert world.kept() == {}


@pytest.mark.parametrize("drawn", [PICTURES, NoPreview.CRASHED])
def test_what_was_drawn_of_a_file_that_is_deleted_meanwhile_is_removed(world, drawn):
    def delete_and_draw(request):
        world.objects.delete(world.request.stored)
        return drawn

    world.render = delete_and_draw
    assert world.ask() == RenditionAnswer(reason=NoPreview.GONE)
    assert world.kept() == {}


@pytest.mark.parametrize("drawn", [PICTURES[:1], NoPreview.TOO_SLOW])
def test_a_view_is_answered_and_kept_nowhere(world, drawn):
    world.drawn = drawn
    answer = world.ask(view=View(media_type="image/webp", frame=3))
    if drawn is NoPreview.TOO_SLOW:
        assert answer == RenditionAnswer(reason=NoPreview.TOO_SLOW)
    else:
        assert answer == RenditionAnswer(image=b"small", media_type="image/webp")
    assert world.kept() == {}


@pytest.mark.filterwarnings("ignore:No application metrics")  # Of what was not done, nothing is counted.
def test_trouble_of_the_infrastructure_brings_the_message_again_and_fails_who_waits(world):
    world.drawn = ConnectionError("no S3")
    with pytest.raises(ConnectionError):
        world.deliver()
    assert [0 < wait <= 15 for waits in world.deliveries.waits for wait in waits.values()] == [True]
    with pytest.raises(ConnectionError):
        world.ask()
    assert world.kept() == {}


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"view": null}'])
def test_a_message_that_is_no_request_is_put_off_until_it_is_a_dead_letter(world, body):
    with pytest.raises((ValueError, KeyError, TypeError)):
        world.deliver(body)
    assert len(world.deliveries.waits) == 1


def test_the_log_tells_ids_and_the_reason_and_nothing_of_the_file(world, capsys, monkeypatch):
    told = []
    monkeypatch.setattr("processor.telemetry.logger.info", lambda text, extra: told.append((text, extra)))
    world.drawn = NoPreview.PROTECTED
    world.ask(stored=ObjectVersion("quarantine", "northside/f", "v1"))
    ((text, extra),) = told
    assert (text, extra.pop("took_ms") >= 0) == ("rendered", True)
    assert extra == {
        "clinic_id": "northside",
        "file_id": "01k",
        "kind": "dicom",
        "size": 6,
        "view": False,
        "outcome": "protected",
    }

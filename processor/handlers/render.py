"""The rendering Lambda: a request from its queue in, whose pictures are kept; or one request, whose asker waits.

What is wrong with a file is an answer, and is noted where its pictures would lie. Only trouble of the infrastructure is
raised: the queue brings its message again, and who waits is told to come again.
"""

import json
import os
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from intake.messaging.sqs import SqsDeliveries
from intake.renditions.model import NoPreview, RenditionAnswer, RenditionRequest
from intake.renditions.ports import Renditions
from intake.renditions.s3 import S3Renditions
from intake.storage.ports import Objects
from intake.storage.s3.objects import S3Objects
from processor.handlers.batches import Retries
from processor.render.renderer import Picture, Renderer
from processor.settings import RendererSettings
from processor.telemetry import logger, metrics, report_rendered

# Short against the time for which somebody waits, and few tries: a file of many ranges has many calls.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=8)


class Drawer(Protocol):
    """Draws pictures, and keeps none."""

    def render(self, request: RenditionRequest) -> tuple[Picture, ...] | NoPreview:
        """Return a picture for each of EDGES, or the one view that is asked for; or why there is none."""
        ...


@dataclass(frozen=True, slots=True)
class PictureMaker:
    """Has pictures drawn and keeps them, or why there are none; a view is answered and kept nowhere."""

    drawer: Drawer
    renditions: Renditions
    objects: Objects

    def make(self, request: RenditionRequest) -> RenditionAnswer:
        """Raises what the buckets raise; to make pictures twice makes the same ones."""
        drawn = self.drawer.render(request)
        if request.view is None and drawn is not NoPreview.GONE:
            return self._keep(request, drawn)
        if isinstance(drawn, NoPreview):
            return RenditionAnswer(reason=drawn)
        (picture,) = drawn
        return RenditionAnswer(image=picture.image, media_type=picture.media_type)

    def _keep(self, request: RenditionRequest, drawn: tuple[Picture, ...] | NoPreview) -> RenditionAnswer:
        if isinstance(drawn, NoPreview):
            self.renditions.put_note(request, drawn)
        else:
            self.renditions.put(request, {picture.edge: picture.image for picture in drawn if picture.edge})
        # Whoever deletes a file deletes it first and its pictures then: what was put too late for that is seen here.
        if self.objects.find(request.stored.bucket, request.stored.key) is None:
            self.renditions.remove(request.clinic_id, request.file_id)
            return RenditionAnswer(reason=NoPreview.GONE)
        return RenditionAnswer(reason=drawn if isinstance(drawn, NoPreview) else None)


_settings = RendererSettings.read(os.environ)
_session = boto3.Session()
_s3 = _session.client("s3", config=_CONFIG)
_objects = S3Objects(_s3)
_maker = PictureMaker(Renderer(_objects), S3Renditions(_s3, _settings.renditions_bucket), _objects)
_retries = Retries(SqsDeliveries(_session.client("sqs", config=_CONFIG), _settings.renditions_queue_url))


@logger.inject_lambda_context
@metrics.log_metrics(raise_on_empty_metrics=False)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda passes both.
    """Answer a `RenditionRequest`, as its JSON object; or work on messages whose bodies are such."""
    if "Records" not in event:
        return _make(RenditionRequest.from_json(json.dumps(event))).to_dict()
    with _retries.give_back(event) as failures:
        for record in event["Records"]:
            _make(RenditionRequest.from_json(record["body"]))
    return {"batchItemFailures": failures}


def _make(request: RenditionRequest) -> RenditionAnswer:
    began = monotonic()
    answer = _maker.make(request)
    report_rendered(request, answer, round(1000 * (monotonic() - began)))
    return answer

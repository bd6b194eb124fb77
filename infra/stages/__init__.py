"""The stages, one file each."""

from infra.stages.example import EXAMPLE
from infra.stages.local import LOCAL
from infra.stages.prod import PROD
from infra.stages.staging import STAGING

STAGES = {stage.name: stage for stage in (LOCAL, STAGING, PROD, EXAMPLE)}

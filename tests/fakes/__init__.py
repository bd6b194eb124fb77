"""In-memory stand-ins for every port of `intake`, and for the people of the portal.

`FakeTable` is the one table: `FakeRecords` (the portal's view) and `FakeVerdicts` (the processor's) share it, so that
what one writes the other sees. Counts of an upload are always up to date here; on AWS they follow within a second.
"""

from tests.fakes.analytics import FakeAthena, FakeQueryRuns
from tests.fakes.audit import FakeAudit
from tests.fakes.board import FakeStudyBoard
from tests.fakes.children import FakeChildren
from tests.fakes.expectations import FakeExpectedExams, FakeReminders
from tests.fakes.feed import FakeChangeFeed
from tests.fakes.incidents import (
    FakeAwaitedFiles,
    FakeIncidents,
    FakeLedger,
    FakeRounds,
    FakeUploadAudits,
    FakeUploadSamples,
)
from tests.fakes.labels import FakeStudyLabels
from tests.fakes.last_errors import FakeLastErrors
from tests.fakes.messages import (
    FakeAlerts,
    FakeDeliveries,
    FakeDirectory,
    FakeQueue,
    FakeQueueAge,
    FakeRequestCounts,
)
from tests.fakes.objects import FakeInventory, FakeObjects, FakePresigner, FakeRangeCopies
from tests.fakes.orders import FakeOrders
from tests.fakes.people import FakeGateway, FakeMachines, FakePeople
from tests.fakes.projections import FakeProjections
from tests.fakes.rebuild_jobs import FakeRebuildJobs, FakeWorker
from tests.fakes.records import FakeRecords
from tests.fakes.renditions import FakeRenderer, FakeRenditions
from tests.fakes.repairs import FakeRepairs
from tests.fakes.reviews import FakeReviews
from tests.fakes.revocations import FakeRevocations
from tests.fakes.search import FakeKeptSearches, FakeSearch, FakeStudies, FakeTroubles
from tests.fakes.sharing import FakeStudyLinks
from tests.fakes.stuck import FakeStuckFiles
from tests.fakes.subscriptions import FakeSubscribers, FakeSubscriptions
from tests.fakes.table import FakeTable
from tests.fakes.verdicts import FakeVerdicts
from tests.fakes.webhooks import FakeEvents, FakeHookSubscriptions, FakeWebhooks

__all__ = [
    "FakeAlerts",
    "FakeAthena",
    "FakeAudit",
    "FakeAwaitedFiles",
    "FakeChangeFeed",
    "FakeChildren",
    "FakeDeliveries",
    "FakeDirectory",
    "FakeEvents",
    "FakeExpectedExams",
    "FakeGateway",
    "FakeHookSubscriptions",
    "FakeIncidents",
    "FakeInventory",
    "FakeKeptSearches",
    "FakeLastErrors",
    "FakeLedger",
    "FakeMachines",
    "FakeObjects",
    "FakeOrders",
    "FakePeople",
    "FakePresigner",
    "FakeProjections",
    "FakeQueryRuns",
    "FakeQueue",
    "FakeQueueAge",
    "FakeRangeCopies",
    "FakeRebuildJobs",
    "FakeRecords",
    "FakeReminders",
    "FakeRenderer",
    "FakeRenditions",
    "FakeRepairs",
    "FakeRequestCounts",
    "FakeReviews",
    "FakeRevocations",
    "FakeRounds",
    "FakeSearch",
    "FakeStuckFiles",
    "FakeStudies",
    "FakeStudyBoard",
    "FakeStudyLabels",
    "FakeStudyLinks",
    "FakeSubscribers",
    "FakeSubscriptions",
    "FakeTable",
    "FakeTroubles",
    "FakeUploadAudits",
    "FakeUploadSamples",
    "FakeVerdicts",
    "FakeWebhooks",
    "FakeWorker",
]

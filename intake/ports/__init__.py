"""What the domain asks of the outside world. The AWS adapters stand beside this file, fakes in `tests/fakes`.

Every method may raise what it documents; trouble of the infrastructure propagates as it is and is retried.
"""

from intake.ports.audit import AuditEntry, AuditFilter, AuditLog
from intake.ports.directory import Clinic, Directory, Partner
from intake.ports.messages import Alert, AlertKind, Alerts, Queue, QueuedMessage
from intake.ports.objects import (
    DECLARED_EXTENSION,
    DECLARED_SHA256,
    Copied,
    Found,
    ObjectRange,
    Objects,
    ObjectWriter,
    Part,
    Presigned,
    Presigner,
)
from intake.ports.orders import Answer, Answered, Order, Orders, Portion, Selection, Task
from intake.ports.projections import (
    Bucket,
    Change,
    ChangeFeed,
    DeviceTally,
    DueAlert,
    FeedEntry,
    FeedPage,
    Grain,
    Holding,
    Outbox,
    Projections,
    QuietClinic,
    Studies,
    Watch,
)
from intake.ports.records import Children, Outcome, Page, Recorded, Records, Verdicts
from intake.ports.reviews import Review, Reviews

__all__ = [
    "DECLARED_EXTENSION",
    "DECLARED_SHA256",
    "Alert",
    "AlertKind",
    "Alerts",
    "Answer",
    "Answered",
    "AuditEntry",
    "AuditFilter",
    "AuditLog",
    "Bucket",
    "Change",
    "ChangeFeed",
    "Children",
    "Clinic",
    "Copied",
    "DeviceTally",
    "Directory",
    "DueAlert",
    "FeedEntry",
    "FeedPage",
    "Found",
    "Grain",
    "Holding",
    "ObjectRange",
    "ObjectWriter",
    "Objects",
    "Order",
    "Orders",
    "Outbox",
    "Outcome",
    "Page",
    "Part",
    "Partner",
    "Portion",
    "Presigned",
    "Presigner",
    "Projections",
    "Queue",
    "QueuedMessage",
    "QuietClinic",
    "Recorded",
    "Records",
    "Review",
    "Reviews",
    "Selection",
    "Studies",
    "Task",
    "Verdicts",
    "Watch",
]

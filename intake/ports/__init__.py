"""What the domain asks of the outside world. The AWS adapters stand beside this file, fakes in `tests/fakes`.

Every method may raise what it documents; trouble of the infrastructure propagates as it is and is retried.
"""

from intake.ports.audit import AuditEntry, AuditFilter, AuditLog
from intake.ports.directory import Clinic, Directory, Partner, RequestCounts
from intake.ports.gateway import MOST_CLIENTS, Gateway
from intake.ports.last_errors import LastError, LastErrors
from intake.ports.messages import Alert, AlertKind, Alerts, DeadLetters, Queue, QueueAge, QueuedMessage
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
    Filed,
    Grain,
    Holding,
    Outbox,
    Projections,
    QuietClinic,
    Watch,
)
from intake.ports.records import Children, Outcome, Page, Recorded, Records, Verdicts
from intake.ports.reviews import Review, Reviews
from intake.ports.search import FileQuery, KeptSearches, Search, Studies, StudyOfUpload, StudyQuery, Troubles

__all__ = [
    "DECLARED_EXTENSION",
    "DECLARED_SHA256",
    "MOST_CLIENTS",
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
    "DeadLetters",
    "DeviceTally",
    "Directory",
    "DueAlert",
    "FeedEntry",
    "FeedPage",
    "FileQuery",
    "Filed",
    "Found",
    "Gateway",
    "Grain",
    "Holding",
    "KeptSearches",
    "LastError",
    "LastErrors",
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
    "QueueAge",
    "QueuedMessage",
    "QuietClinic",
    "Recorded",
    "Records",
    "RequestCounts",
    "Review",
    "Reviews",
    "Search",
    "Selection",
    "Studies",
    "StudyOfUpload",
    "StudyQuery",
    "Task",
    "Troubles",
    "Verdicts",
    "Watch",
]

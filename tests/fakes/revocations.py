"""Whose access was ended."""

from dataclasses import dataclass, field
from datetime import datetime

from intake.errors import RevocationsUnknownError
from intake.tenants.model import Revoked


@dataclass
class FakeRevocations:
    """Ended sessions and sign-ins; `reachable` may be taken away."""

    sessions: dict[str, datetime] = field(default_factory=dict)
    sign_ins: dict[str, int] = field(default_factory=dict)
    reachable: bool = True
    lookups: int = 0

    def revoke_session(self, session_id: str, at: datetime) -> None:
        self._reach()
        self.sessions[session_id] = at

    def revoke_sign_ins(self, subject: str, at: datetime) -> None:
        self._reach()
        self.sign_ins[subject] = max(int(at.timestamp()), self.sign_ins.get(subject, -1))

    def find(self, session_id: str, subject: str) -> Revoked:
        self.lookups += 1
        self._reach()
        return Revoked(session_id in self.sessions, self.sign_ins.get(subject, -1))

    def _reach(self) -> None:
        if not self.reachable:
            raise RevocationsUnknownError("unreachable")

"""The user pool's people and machine clients, and the gateway."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from intake.errors import ConflictError, NotFoundError
from intake.files.model import now
from portal.accounts.user_pool import Credentials, Person, Standing


@dataclass
class FakePeople:
    """People by username, their groups, and what was sent to whom."""

    known: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    """Group → usernames."""
    mails: list[tuple[str, str]] = field(default_factory=list)
    """What was sent, and to which address."""
    ended: list[str] = field(default_factory=list)
    """Users whose sessions were ended."""

    def add(self, name: str, group: str, standing: Standing = Standing.ACTIVE, subject: str = "") -> Person:
        """Put somebody into a group."""
        username = f"u-{len(self.known) + 1}"
        email = f"{username}@{group.rpartition(':')[2]}.example"
        person = Person(username, subject or f"sub-{username}", email, name, standing, now())
        self.known[username] = person
        self.join(person, group)
        return person

    def create_group(self, group: str) -> None:
        self.groups.setdefault(group, set())

    def list_members(self, group: str) -> tuple[Person, ...]:
        people = [self.known[username] for username in self.groups.get(group, ())]
        return tuple(sorted(people, key=lambda person: person.shown.casefold()))

    def find_person(self, username: str) -> tuple[Person, frozenset[str]]:
        if username not in self.known:
            raise NotFoundError(username)
        groups = frozenset(group for group, members in self.groups.items() if username in members)
        return self.known[username], groups

    def find_by_email(self, email: str) -> Person | None:
        return next((person for person in self.known.values() if person.email == email), None)

    def invite(self, email: str, name: str) -> Person:
        if self.find_by_email(email):
            raise ConflictError(email)
        username = f"u-{len(self.known) + 1}"
        person = Person(username, f"sub-{username}", email, name, Standing.INVITED, now())
        self.known[username] = person
        self.mails.append(("invitation", email))
        return person

    def remind(self, person: Person) -> None:
        self.mails.append(("invitation", person.email))

    def join(self, person: Person, group: str) -> None:
        self.groups.setdefault(group, set()).add(person.username)

    def leave(self, person: Person, group: str) -> None:
        self.groups.get(group, set()).discard(person.username)

    def disable(self, person: Person) -> None:
        self._become(person, Standing.DISABLED)
        self.ended.append(person.username)

    def enable(self, person: Person) -> None:
        self._become(person, Standing.ACTIVE)

    def reset_password(self, person: Person) -> None:
        self._become(person, Standing.RESET)
        self.mails.append(("code", person.email))
        self.ended.append(person.username)

    def forget_second_factor(self, person: Person) -> None:
        self.ended.append(person.username)

    def _become(self, person: Person, standing: Standing) -> None:
        self.known[person.username] = replace(self.known[person.username], standing=standing)


@dataclass
class FakeMachines:
    """Machine clients by id; their secrets are known here only."""

    clients: dict[str, Credentials] = field(default_factory=dict)
    made: int = 0

    def create(self, name: str, scopes: Collection[str]) -> Credentials:
        self.made += 1
        credentials = Credentials(f"made-client-{self.made}", f"made-secret-{self.made}")
        self.clients[credentials.client_id] = credentials
        return credentials

    def delete(self, client_id: str) -> None:
        self.clients.pop(client_id, None)


@dataclass
class FakeGateway:
    """The gateway's list."""

    admitted: frozenset[str] = frozenset()

    def admit(self, client_ids: Collection[str]) -> bool:
        changed = self.admitted != frozenset(client_ids)
        self.admitted = frozenset(client_ids)
        return changed

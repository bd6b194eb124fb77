"""What is attacked: a deployed stack with two clinics of its own, their people, partners and things."""

import random
import time
from functools import cached_property
from pathlib import Path

import httpx

from infra.local.stack import LocalStack
from tests.attack import people
from tests.attack.people import SCOPE_SETS, Browser, Machine
from tests.attack.things import Things, make_things

ATTACKER = "harbour"
"""The clinic whose people and partners attack."""
VICTIM = "hillside"
"""The clinic whose things they are after; all it sends carries canaries."""
CLOSED = "closed-clinic"
"""A clinic that was deactivated."""
UNKNOWN = "no-such-clinic"

ENDS_WITHIN_S = 20
"""How long access may last after it was taken away."""


class World:
    """Everything is made when it is first asked for, once."""

    def __init__(self, stack: LocalStack, *, seed: int, state: Path, portal_log: Path) -> None:
        self.stack = stack
        self.seed = seed
        self.state = state
        """The folder where the emulator keeps everything, its pools' signing keys, too."""
        self.portal_log = portal_log
        """What the portal under uvicorn prints."""
        self.portal = stack.portal_url
        """The portal under uvicorn, as browsers and partners reach it."""
        self.gateway = stack.api_url
        """The portal's function behind API Gateway."""
        self.http = people.forgetful()
        """Nobody in particular: sends what it is given, and keeps no cookies."""
        self.http_at_portal = people.forgetful(self.portal)
        self._tokens: dict[str, str] = {}

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *raised: object) -> None:
        people.Steady.close_all()

    def dice(self, name: str) -> random.Random:
        """Return a class's own randomness, the same for the same seed."""
        return random.Random(f"{self.seed}/{name}")

    @cached_property
    def clinics(self) -> tuple[str, str]:
        """Attacker and victim, entered into the directory; and a third that is closed."""
        people.create_clinic(self.stack, ATTACKER, "Harbour Imaging")
        people.create_clinic(self.stack, VICTIM, "Hillside Clinic")
        people.create_clinic(self.stack, CLOSED, "Closed Clinic", active=False)
        return ATTACKER, VICTIM

    @cached_property
    def machines(self) -> dict[str, Machine]:
        """The attacker's partners, one for each set of scopes, and `victim`, the other clinic's, with all of them."""
        attacker, victim = self.clinics
        wanted = [(name, attacker, scopes) for name, scopes in SCOPE_SETS.items()]
        wanted.append(("victim", victim, frozenset.union(*SCOPE_SETS.values())))
        made = {
            name: people.create_machine(self.stack, clinic, f"Attack {name}", scopes) for name, clinic, scopes in wanted
        }
        people.admit(self.stack)
        return made

    def token(self, machine: str) -> str:
        """Return an access token of a partner of `machines`."""
        if machine not in self._tokens:
            of = self.machines[machine]
            self._tokens[machine] = people.token_of(self.stack, of.client_id, of.secret, of.scopes)
        return self._tokens[machine]

    def partner(self, machine: str) -> httpx.Client:
        """Return a client of the API with that partner's token."""
        headers = {"authorization": f"Bearer {self.token(machine)}"}
        return people.Steady(base_url=self.portal, headers=headers, timeout=60, follow_redirects=False)

    @cached_property
    def all_scopes(self) -> str:
        """The name of the attacker's partner who may do everything."""
        return max(SCOPE_SETS, key=lambda name: len(SCOPE_SETS[name]))

    def _browser(self, username: str, clinic_id: str | None) -> Browser:
        return Browser(self.stack, people.create_person(self.stack, username, clinic_id))

    @cached_property
    def staff(self) -> Browser:
        """The attacker's member of staff."""
        return self._browser(f"{ATTACKER}-staff", self.clinics[0])

    @cached_property
    def colleague(self) -> Browser:
        """Another member of the attacker's staff."""
        return self._browser(f"{ATTACKER}-colleague", self.clinics[0])

    @cached_property
    def victim(self) -> Browser:
        """The victim's member of staff."""
        return self._browser(f"{VICTIM}-staff", self.clinics[1])

    @cached_property
    def admin(self) -> Browser:
        return self._browser("attack-admin", None)

    @cached_property
    def disabled(self) -> Browser:
        """A member of the attacker's staff whose account was disabled while signed in, longer ago than access lasts."""
        leaving = self._browser(f"{ATTACKER}-leaver", self.clinics[0])
        assert leaving.csrf_token
        assert leaving.access_token
        answer = self.admin.post(f"/admin/people/{leaving.person.username}/disable")
        assert answer.status_code == 303, answer.status_code
        self.disabled_at = time.monotonic()
        return leaving

    def wait_for_ends(self) -> None:
        """Wait until access that ended has ended everywhere, if it ends at all."""
        assert self.disabled
        time.sleep(max(0.0, self.disabled_at + ENDS_WITHIN_S - time.monotonic()))

    @cached_property
    def own(self) -> Things:
        """The attacker's own things."""
        return make_things(self, self.clinics[0], self.staff, self.all_scopes)

    @cached_property
    def foreign(self) -> Things:
        """The victim's things. Every text in them is a canary."""
        return make_things(self, self.clinics[1], self.victim, "victim")

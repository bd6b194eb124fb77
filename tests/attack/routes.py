"""Every route, asked as every identity, about own, other's, unknown and malformed things.

Another clinic's thing is answered exactly as an unknown one; nobody is let in who is not declared; nothing that another
clinic sent is told; and nothing ends in a 5xx.
"""

from collections.abc import Iterator

import httpx

from tests.attack import answers
from tests.attack.addresses import MALFORMED, Address, addresses, gaps
from tests.attack.callers import Caller, Standing, callers
from tests.attack.permissions import contradictions, may
from tests.attack.report import Attack
from tests.attack.things import Things
from tests.attack.world import World

NAME = "routes"
LEAST = 5_000
ENDS_SESSION = ("POST", "/sign-out")
NOT_FOR_ADMINS = frozenset({"file name", "patient", "patient id", "note"})
"""What an admin sees of no clinic."""


def attack(world: World, report: Attack, *, short: bool) -> None:
    document = world.http.get(f"{world.portal}/api/openapi.json").raise_for_status().json()
    for gap in (*gaps(document), *contradictions()):
        report.breach(gap)
    for caller in callers(world, short=short):
        for address in addresses():
            _ask_all(world, report, caller, address, short=short)


def _ask_all(world: World, report: Attack, caller: Caller, address: Address, *, short: bool) -> None:
    if (address.method, address.template) == ENDS_SESSION and caller.standing is not Standing.NOBODY:
        return
    mine, theirs = _sides(world, caller)
    told = {}
    for kind, ids in _variants(caller, address, mine, theirs, short=short):
        answer = caller.ask(address, address.at(ids, mine), ids)
        _judge(report, caller, address, kind, answer, _canaries(caller, answer, theirs))
        told[kind] = answers.shape(answer, ids)
    if "other's" in told and "unknown" in told and caller.standing is not Standing.ADMIN:
        same = told["other's"] == told["unknown"]
        report.expect(same, f"{caller.name}, {address}: other's is told from unknown ({_difference(told)})")


def _sides(world: World, caller: Caller) -> tuple[Things, Things]:
    """Return what is a caller's own clinic's, and what is another's."""
    return (world.foreign, world.own) if caller.clinic_id == world.foreign.clinic_id else (world.own, world.foreign)


def _variants(
    caller: Caller, address: Address, mine: Things, theirs: Things, *, short: bool
) -> Iterator[tuple[str, dict[str, str]]]:
    """Return the ids to ask about. What would really be carried out, and change what others ask about, is left out."""
    if not address.parameters:
        yield "no id", {}
        return
    allowed = may(caller, address) is not False
    if address.is_safe or not allowed:
        yield "own", address.ids_of(mine)
        if short and not caller.is_thorough:
            return
    if address.is_about_somebody and (address.is_safe or caller.standing is not Standing.ADMIN):
        yield "other's", address.ids_of(theirs)
    yield "unknown", address.unknown()
    malformed = MALFORMED if caller.is_thorough and allowed and not short else MALFORMED[:1]
    for which, _ in enumerate(malformed):
        yield f"malformed {which}", address.malformed(which)


def _judge(  # noqa: PLR0917 - an attempt and its answer
    report: Attack, caller: Caller, address: Address, kind: str, answer: httpx.Response, canaries: list[str]
) -> None:
    allowed, status, refused = may(caller, address), answer.status_code, answers.is_refusal(answer)
    where = f"{caller.name}, {address}, {kind}: {status}"
    if status >= 500:
        report.expect(False, where)
    elif canaries:
        report.expect(False, f"{where} tells {', '.join(canaries)}")
    elif allowed is False:
        report.expect(refused or (_is_malformed(kind) and _never_reached(answer)), f"{where}, and not refused")
    elif allowed and kind in {"own", "no id"}:
        report.expect(not refused, f"{where}, though it is declared for them")
    else:
        report.expect(True, where)


def _canaries(caller: Caller, answer: httpx.Response, theirs: Things) -> list[str]:
    told = theirs.told_in(answer.text + " ".join(answer.headers.values()))
    return [what for what in told if caller.standing is not Standing.ADMIN or what in NOT_FOR_ADMINS]


def _never_reached(answer: httpx.Response) -> bool:
    """Say whether a malformed address led to no route, or to no reader of its text: nobody was asked who asks."""
    return answer.status_code in {400, 404, 405, 414, 422} and not answer.is_redirect


def _is_malformed(kind: str) -> bool:
    return kind.startswith("malformed")


def _difference(told: dict[str, object]) -> str:
    (status, *parts), (other_status, *others) = told["other's"], told["unknown"]
    if status != other_status:
        return f"{status} and {other_status}"
    names = ("headers", "cookies", "body or header's value")
    return ", ".join(name for name, one, other in zip(names, parts, others, strict=True) if one != other)

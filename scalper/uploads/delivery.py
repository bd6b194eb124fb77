"""Sending many files in parallel, noting each step, so that any end of a run can be taken up by the next one."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

from scalper.api.connection import Connection
from scalper.api.model import AWAITING, File, Json, PartPlan, Reserved
from scalper.api.queries import list_files
from scalper.errors import ClientError, ConflictError, CredentialsError, JournalError, UnreachableError
from scalper.uploads.announcements import Announcer, Candidates, Pending, choose_files
from scalper.uploads.journal import SENT, Journal
from scalper.uploads.local_files import GONE, LocalFile
from scalper.uploads.outcome import Outcome, Watcher
from scalper.uploads.plan import Plan
from scalper.uploads.transfer import Item, Transfer
from scalper.uploads.withdrawals import GIVEN_UP, Withdrawals


class Delivery:
    """One run. Used once; the journal is touched by the calling thread only."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        announcer: Announcer,
        watcher: Watcher,
        *,
        jobs: int,
        approve: Callable[[LocalFile], bool],
    ) -> None:
        self._connection = connection
        self._journal = journal
        self._announcer = announcer
        self._watcher = watcher
        self._jobs = jobs
        self._approve = approve
        self._transfer = Transfer(connection, watcher.advance)
        self._pool = ThreadPoolExecutor(jobs + 1, "scalper")
        self._todo: deque[LocalFile] = deque()
        self._expected = 0
        self._announcing = False
        self._ready: deque[tuple[Item, Callable[[], Any], Callable[[Any], None]]] = deque()
        self._running: dict[Future[Any], tuple[Item | None, Callable[[Any], None]]] = {}
        self._arrived: list[Item] = []
        self.outcome = Outcome()
        self._withdrawals = Withdrawals(connection, journal, watcher, self.outcome)

    def run(self, plan: Plan, reserved: Mapping[str, Reserved]) -> Outcome:
        """Send what the plan says; `reserved` is what is known and fresh of begun files.

        Trouble with single files, with the network or with the API ends up in the outcome, as does Ctrl-C.
        """
        try:
            self._take_up(plan, reserved)
            while self._begin():
                self._finish(wait(self._running, return_when=FIRST_COMPLETED).done)
            self._withdraw()
        except (ClientError, KeyboardInterrupt) as error:
            self._halt(error)
            self._connection.retry.stop()
            while self._running:
                self._finish(wait(self._running).done)
        finally:
            self._pool.shutdown()
        self.outcome.bytes_sent = self._transfer.bytes_sent
        return self.outcome

    def _take_up(self, plan: Plan, reserved: Mapping[str, Reserved]) -> None:
        with self._journal.transaction():
            for file, entry in plan.touched:
                self._journal.note_change_time(entry, file)
        self._withdrawals.take_up(plan)
        for file, entry in plan.earlier:
            self._add_to_outcome(file, entry.upload_id, entry.file_id)
            if entry.state != SENT:
                self.outcome.states[entry.file_id] = entry.state
        self._todo.extend(plan.new)
        self._expected = sum(not file.holds_others for file in (*plan.new, *(file for file, _ in plan.begun)))
        unknown: dict[str, dict[str, LocalFile]] = defaultdict(dict)
        for file, entry in plan.begun:
            if entry.file_id in reserved:
                self._queue(Item(file, entry.upload_id, entry.file_id, reserved[entry.file_id]))
            else:
                unknown[entry.upload_id][entry.file_id] = file
        for upload_id, files in unknown.items():
            for found in list_files(self._connection, upload_id):
                if found.file_id in files:
                    self._take(Item(files[found.file_id], upload_id, found.file_id), found)
            self._note_arrivals()

    def _take(self, item: Item, found: File) -> None:
        if found.state == AWAITING:
            self._queue(item)
        elif found.state == GIVEN_UP:
            self._journal.note_states([item.file_id], GIVEN_UP)
            self._todo.append(item.file)
        else:
            # It arrived, and may be judged by now: no run has told that yet, so whoever waits is told.
            self._journal.note_states([item.file_id], SENT)
            self._add_to_outcome(item.file, item.upload_id, item.file_id)
            self._watcher.report_sent(item)

    def _queue(self, item: Item) -> None:
        if item.reserved and item.reserved.state != AWAITING:
            self._look_again(item)
        elif item.file.large:
            self._ready.append((item, partial(self._transfer.fetch_plan, item), partial(self._send_parts, item)))
        else:
            self._ready.append((item, partial(self._transfer.send_whole, item), lambda _: self._note_arrival(item)))

    def _send_parts(self, item: Item, parts: PartPlan) -> None:
        missing = [number for number in range(1, parts.part_count + 1) if number not in parts.held]
        item.left = len(missing)
        # The last part may be shorter; it only matters to the progress bar.
        self._watcher.advance(len(parts.held) * parts.part_size)
        for number in reversed(missing):
            self._ready.appendleft(
                (item, partial(self._transfer.send_part, item, parts, number), partial(self._count_part, item))
            )
        if not missing:
            self._complete(item)

    def _count_part(self, item: Item, _answer: None) -> None:
        item.left -= 1
        if not item.left:
            self._complete(item)

    def _complete(self, item: Item) -> None:
        self._ready.appendleft((item, partial(self._transfer.complete, item), lambda _: self._note_arrival(item)))

    def _begin(self) -> bool:
        """Begin as much as may be under way at once. Return whether anything is."""
        while self._ready and len(self._running) < self._jobs + self._announcing:
            item, work, then = self._ready.popleft()
            if not item.given_up:
                self._submit(item, work, then)
        if self._todo and not self._announcing and len(self._ready) < 2 * self._jobs and not self.outcome.halted:
            self._announcing = True
            self._submit(None, partial(Candidates, choose_files(self._todo), self._approve), self._announce)
        return bool(self._running)

    def _submit(self, item: Item | None, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._running[self._pool.submit(work)] = item, then

    def _finish(self, done: Iterable[Future[Any]]) -> None:
        for future in done:
            item, then = self._running.pop(future)
            try:
                answer = future.result()
            except (ClientError, OSError) as error:
                if item is None or isinstance(error, (UnreachableError, CredentialsError)):
                    self._halt(error)
                elif isinstance(error, ConflictError) and error.problem.slug == "not-awaited":
                    self._look_again(item)
                elif not item.given_up:
                    item.given_up = True
                    self._go_on(partial(self._give_up, item, error))
            else:
                self._go_on(partial(then, answer))
        self._go_on(self._note_arrivals)

    def _go_on(self, step: Callable[[], None]) -> None:
        """Take a step that writes the journal; where it cannot be written, end the run by what is under way."""
        try:
            step()
        except JournalError as error:
            self._halt(error)

    def _halt(self, error: BaseException) -> None:
        self.outcome.halted = self.outcome.halted or error
        self._ready.clear()

    def _give_up(self, item: Item, error: ClientError | OSError) -> None:
        try:
            now = self._withdrawals.give_up(item, error)
        except JournalError:
            raise
        except (ClientError, OSError) as trouble:
            self._note_trouble(item.file.path, trouble)
        else:
            self._todo.extend([now] if now else [])

    def _withdraw(self) -> None:
        if not self.outcome.halted:
            for item in self._withdrawals.tell():
                self._note_arrival(item)
            self._note_arrivals()

    def _note_trouble(self, path: Path, error: Exception) -> None:
        self.outcome.troubles.append((path, error))
        self._watcher.report_trouble(path, error)

    def _look_again(self, item: Item) -> None:
        """The file has arrived, or was given up meanwhile. Asked once, however many of its parts were refused."""
        if item.looked_at:
            return
        item.looked_at = True

        def take(row: Json) -> None:
            found = File.read(row)
            # S3 has joined the parts already, and the judge comes next.
            self._note_arrival(item) if found.state == AWAITING else self._take(item, found)

        self._submit(item, partial(self._connection.ask, "GET", f"files/{item.file_id}"), take)

    def _announce(self, candidates: Candidates) -> None:
        for path in candidates.gone:
            self._watcher.report_skipped(path, GONE)
        for path in candidates.withheld:
            self.outcome.withheld.append(path)
            self._watcher.report_withheld(path)
        for path, error in candidates.troubles:
            self._note_trouble(path, error)
        if not candidates.fit or self.outcome.halted:
            self._announcing = False
            return
        pending = self._announcer.prepare(candidates.fit, self._expected)
        self._submit(None, partial(self._announcer.send, pending), partial(self._take_announcement, pending))

    def _take_announcement(self, pending: Pending, answer: dict[str, Any]) -> None:
        self._announcing = False
        upload_id, reserved = self._announcer.note_answer(pending, answer)
        if pending.batch.upload_id is None:
            self._watcher.report_upload(upload_id)
        if not self.outcome.halted:
            for file, one in zip(pending.files, reserved, strict=True):
                self._queue(Item(file, upload_id, one.file_id, one))

    def _note_arrival(self, item: Item) -> None:
        self._add_to_outcome(item.file, item.upload_id, item.file_id)
        self._arrived.append(item)
        self.outcome.sent += 1
        self._watcher.report_sent(item)

    def _add_to_outcome(self, file: LocalFile, upload_id: str, file_id: str) -> None:
        self.outcome.files[file_id] = file
        self.outcome.uploads[file_id] = upload_id

    def _note_arrivals(self) -> None:
        # What a full journal cannot hold, the next run asks for.
        if self._arrived and not isinstance(self.outcome.halted, JournalError):
            with self._journal.transaction():
                self._journal.note_states((item.file_id for item in self._arrived), SENT)
            self._arrived.clear()

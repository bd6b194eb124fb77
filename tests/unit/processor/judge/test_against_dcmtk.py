"""What dcmtk reads to the end without an error is not called damaged here; of mutants, or the difference is argued.

dcmdump (Debian's dcmtk) reads leniently, so that only this direction says something: it also reads what is cut off
within a value that it does not load.
"""

import re
import resource
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from processor.judge import judge
from tests.fuzz.mutants import mutant, seeds
from tests.unit.processor.judge.corpus import CORPUS, needs_corpus
from tests.unit.processor.judge.frequencies import files_of
from tests.unit.processor.judge.sources import CountedSource

pytestmark = pytest.mark.skipif(not shutil.which("dcmdump"), reason="dcmdump of dcmtk is not installed")

DAMAGE = frozenset({"structure-invalid", "truncated", "encapsulation-unended"})
MUTANTS, SEED = 600, 12
BATCH = 60
SECONDS, BYTES = 20, 2 * 1024**3
"""That dcmdump may take for a batch."""
REFUSED = re.compile(r"^E: dcmdump: .*: reading file: (.*)$", re.MULTILINE)

DELIMITERS = (b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0")
PLACE = re.compile(r"byte (\d+)")


def argument(path: Path, codes: list[str]) -> str:
    """Return why a mutant may be called damaged although dcmdump reads it, or nothing."""
    place = PLACE.search(codes[0])
    if place and path.read_bytes()[int(place[1]) :].startswith(DELIMITERS):
        return "a delimiter that ends nothing: dcmtk stops there, and says nothing of the rest"
    warned = subprocess.run(["dcmdump", "-ll", "warn", path], capture_output=True, timeout=SECONDS, check=False).stderr
    if b"Non-standard VR" in warned or b"assuming" in warned:
        return "bytes that are no VR: dcmtk guesses the width of the length, and warns of it"
    if b"in Meta Information Header" in warned or b"Meta Information Header has incorrect value" in warned:
        return "file meta information that does not end where it says: dcmtk goes by it, and warns of it"
    return "elements out of order, as where reading went astray: dcmtk warns of it" if b"ascending" in warned else ""


def read_by_dcmtk(paths: list[Path]) -> Iterator[Path]:
    """Yield the files that dcmdump reads without an error. A batch that takes too long is read one by one."""
    for first in range(0, len(paths), BATCH):
        batch = paths[first : first + BATCH]
        try:
            yield from _read(batch, SECONDS)
        except subprocess.TimeoutExpired:
            for path in batch:
                yield from _read_alone(path)


def _read_alone(path: Path) -> Iterator[Path]:
    try:
        yield from _read([path], 1)
    except subprocess.TimeoutExpired:
        return


def _read(paths: list[Path], seconds: float) -> list[Path]:
    done = subprocess.run(
        ["dcmdump", "-ll", "error", "+P", "0008,0018", *paths],
        capture_output=True,
        timeout=seconds,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES)),
        check=False,
    )
    if done.returncode < 0 and len(paths) > 1:
        # It crashed on one of them, and never came to the others.
        return [path for one in paths for path in _read([one], seconds)]
    refused = set(REFUSED.findall(done.stderr.decode(errors="replace")))
    return [] if done.returncode < 0 else [path for path in paths if str(path) not in refused]


def called_damaged(paths: Iterable[Path]) -> dict[Path, list[str]]:
    told = {}
    for path in paths:
        judgement = judge(CountedSource(path.read_bytes()))
        codes = [f"{found.code} at {found.where}" for found in judgement.findings if found.code in DAMAGE]
        if codes and judgement.kind == "dicom":
            told[path] = codes
    return told


@needs_corpus
def test_files_of_the_corpora_that_dcmtk_reads_are_not_called_damaged():
    paths = [path for path in files_of(CORPUS) if path.is_file() and path.stat().st_size]
    dicom = [path for path in paths if judge(CountedSource(path.read_bytes())).kind == "dicom"]
    damaged = called_damaged(read_by_dcmtk(dicom))

    assert {path.name: codes for path, codes in damaged.items()} == {}


def test_mutants_that_dcmtk_reads_are_not_called_damaged(tmp_path):
    print("SEED", SEED)
    files = [file for file in seeds() if file[0] == "dicom"]
    paths = []
    for number in range(MUTANTS):
        _, data = mutant(SEED, number, files)
        if data:
            paths.append(tmp_path / f"{number}.dcm")
            paths[-1].write_bytes(data)
    damaged = called_damaged(read_by_dcmtk(paths))
    arguments = {path: argument(path, codes) for path, codes in damaged.items()}
    for path, why in arguments.items():
        print(path.name, damaged[path], why)

    assert {path.name: damaged[path] for path, why in arguments.items() if not why} == {}

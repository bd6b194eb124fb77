"""CONTRIBUTING tells one upload through at most ten files, each of which leads to the next."""

import pytest

from tests.architecture.sources import ROOT, Sources
from tests.architecture.walk import broken_links, steps

STORY = """# Contributing

## One upload

1. `portal/one.py`: begins,
   and calls `write`.
2. `intake/two.py`: writes.

*S3 tells; SQS calls `processor/handler.py`.*

3. `processor/handler.py`: takes it.
4. `processor/four.py`: judges.

*Back in `processor/handler.py`:*

5. `processor/five.py`: files.

## What else

6. `not/of/it.py`: no.
"""
FILES = {
    "portal/one.py": "def reserve(records):\n    records.write()\n",
    "intake/two.py": "class Records:\n    def write(self): ...\n",
    "infra/stack.py": "HANDLER = 'processor.handler.handle'\n",
    "processor/handler.py": "from processor import five, four\n",
    "processor/four.py": "",
    "processor/five.py": "",
}


@pytest.fixture
def links(tmp_path):
    """Return a function that tells what is wrong with the story of made-up files, some of them changed."""

    def broken(**changes):
        files = {**FILES, **{name.replace("__", "/") + ".py": text for name, text in changes.items()}}
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            if text is not None:
                (tmp_path / name).write_text(text)
        return broken_links(steps(STORY), Sources.read(tmp_path))

    return broken


def test_the_story_of_one_upload_leads_from_file_to_file():
    story = steps((ROOT / "CONTRIBUTING.md").read_text())
    assert broken_links(story, Sources.read()) == []
    assert 5 <= len(story) == len({step.path for step in story}) <= 10


def test_a_story_is_read_with_where_each_file_is_called(links):
    assert [(step.path, step.come_from) for step in steps(STORY)] == [
        ("portal/one.py", ""),
        ("intake/two.py", ""),
        ("processor/handler.py", "processor/handler.py"),
        ("processor/four.py", ""),
        ("processor/five.py", "processor/handler.py"),
    ]
    assert links() == []


def test_a_file_that_is_gone_is_told(links):
    assert links(intake__two=None) == ["intake/two.py does not exist"]


@pytest.mark.parametrize(
    ("change", "file"),
    [
        ({"portal__one": "def reserve(records): ...\n"}, "portal/one.py"),
        ({"intake__two": "class Records:\n    def rewrite(self): ...\n"}, "portal/one.py"),
        ({"portal__one": "def reserve(records): records.save()\n", "intake__two": "def save(): 1\n"}, "portal/one.py"),
        ({"infra__stack": "HANDLER = 'processor.other.handle'\n"}, "intake/two.py"),
        ({"processor__handler": "from processor import five\n"}, "processor/handler.py"),
        ({"processor__handler": "from processor import four\n", "processor__four": "import processor.five\n"},
         "processor/handler.py"),
    ],
)  # fmt: skip
def test_a_step_to_which_nothing_leads_is_told(links, change, file):
    (told,) = links(**change)
    assert told.startswith(f"{file} neither imports ")

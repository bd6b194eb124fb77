"""`docs/architecture.md` says what the imports say."""

from tests.architecture.page import PAGE, layers, page, reduced, where_to_begin
from tests.architecture.sources import Module, Sources


def test_the_page_is_what_the_sources_say_now():
    assert PAGE.read_text() == page(Sources.read()), "run `make architecture`"


def test_an_arrow_that_follows_from_others_is_not_drawn():
    assert reduced(["a", "b", "c"], {("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}


def test_of_a_circle_every_arrow_is_drawn():
    circle = {("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("a", "c")}
    assert reduced(["a", "b", "c"], circle) == circle


def test_layers_are_told_from_the_ground_up():
    assert layers(["a", "b", "c", "d"], {("a", "b"), ("b", "c"), ("d", "c")}) == [["c"], ["b", "d"], ["a"]]


def test_packages_of_one_circle_share_a_layer():
    assert layers(["a", "b", "c"], {("a", "b"), ("b", "a"), ("b", "c")}) == [["c"], ["a", "b"]]


def test_a_new_package_and_a_new_import_show(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("intake/__init__.py", '"""The intake."""\n')
    write("intake/table/__init__.py", '"""DynamoDB\'s one table.\n\nKnows nobody. Begin with\n`table.py`. So.\n"""\n')
    write("intake/files/__init__.py", '"""The files."""\n')
    write("intake/files/dynamodb.py", "")
    before = page(Sources.read(tmp_path, ("intake",)))
    assert "p_intake_files --> p_intake_table" not in before
    assert "| [table](../intake/table/) | DynamoDB's one table. |  | `table.py` |" in before
    write("intake/files/dynamodb.py", "import intake.table\n")
    after = page(Sources.read(tmp_path, ("intake",)))
    assert "    p_intake_files --> p_intake_table\n" in after
    assert "Layers, from the ground up: `table` ← `files`." in after


def test_where_to_begin_is_one_sentence_of_the_docstring(tmp_path):
    text = '"""It is.\n\nBegin with `a.py`, which opens\na file. And more.\n"""\n'
    assert where_to_begin(Module("a", tmp_path / "__init__.py", text)) == "Begin with `a.py`, which opens a file."

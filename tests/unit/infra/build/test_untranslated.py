"""What finds text outside of the catalogues is fooled by no way to write it."""

import pytest

from tests.unit.infra.build.untranslated import find_in_module, find_in_script, find_in_template

KNOWN = {"Files", "All files"}


@pytest.mark.parametrize(
    "template",
    [
        "<p>Files left</p>",
        "<p class='soft'>Files left</p>",
        '<a aria-label="Files left">1</a>',
        "<a title='Files left'>1</a>",
        '{{ tile(3, "Files left") }}',
        "{{ tile(3, 'Files left') }}",
        "{{ tile(3, 'Left') }}",
        "{{ 'Left' if left else 'All files' }}",
        '{{ number ~ " files left" }}',
        '{{ "{} files left".format(number) }}',
        "{% set told = 'Files left' %}",
        "{% if left %}{% set told = left ~ ' files left' %}{% endif %}",
        "{{ name or 'Left' }}",
        "{% trans left=number or 'None left' %}{{ left }} files{% endtrans %}",
        "{{ files | default('None left') }}",
        "<p>{{ finding.message }}</p>",
        "{% trans message=finding.message %}<b>Warning:</b> {{ message }}{% endtrans %}",
        "{{ pager(newest, following, 'files') }}",
        "{% call panel(heading='Files left') %}{% endcall %}",
    ],
)
def test_a_templates_text_is_found(template):
    assert list(find_in_template(template, KNOWN))


@pytest.mark.parametrize(
    "template",
    [
        "{% trans %}Files left{% endtrans %}",
        "{{ _('Files left') }}",
        '{{ tile(3, "All files") }}',
        '<p class="soft small">{{ number | counted("file") }}</p>',
        "{% if state == 'Files left' %}{% endif %}",
        "{{ {'Left': 1}['Left'] }}",
        "{% include 'Left.html' %}",
        '<button class="{{ \'nhsuk-button nhsuk-button--small\' if small }}">{{ _("Files") }}</button>',
        "{% trans message=_(finding.message) %}<b>Warning:</b> {{ message }}{% endtrans %}",
        '{{ "%02d" | format(hour) }}:00 UTC&nbsp;%',
    ],
)
def test_what_is_translated_or_no_text_is_not(template):
    assert list(find_in_template(template, KNOWN)) == []


@pytest.mark.parametrize(
    "module",
    [
        'told = "Files left"',
        "told = 'files left'",
        'told = f"{number} files left"',
        "told = f'{number} files'",
        'told = f"{name}: left {number:,} of them"',
        'told = "Left"',
        'told = "{} files left".format(number)',
        'told = str(number) + " files left"',
        'raise FieldsError({"days": "Choose a day."})',
        'raise SubscriptionError(f"{most} are too many.")',
    ],
)
def test_a_modules_text_is_found(module):
    assert len(list(find_in_module(module, KNOWN))) == 1


@pytest.mark.parametrize(
    "module",
    [
        '"""Files left."""',
        'told = "All files"',
        'raise NotFoundError("There is no such file.")',
        'key = f"{number:>8}-left"',
        'path = "/files?state=left"',
        'NAMES = ("Files left",)',
    ],
)
def test_what_nobody_reads_in_a_module_is_not(module):
    assert list(find_in_module(module, KNOWN, "NAMES")) == []


@pytest.mark.parametrize("script", ['say("files left")', "say('files left')", "say(`${number} files left`)"])
def test_a_scripts_text_is_found(script):
    assert len(list(find_in_script(script, KNOWN))) == 1


def test_a_scripts_comment_is_not():
    assert list(find_in_script("// Files left\n/* 'files left' */ go(\"left\");", KNOWN)) == []

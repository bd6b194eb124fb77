"""Whether commands of AWS that people are told to run are ones, by the command line's own tables."""

import functools
import re

from awscli.clidriver import create_clidriver

ANYWHERE = {"region", "query", "output", "cli-input-json", "no-cli-pager", "profile"}
"""Of every command of AWS's command line."""


def complaints_of(text):
    """Return what is wrong with the commands of AWS's that a text holds, by the command line's own tables."""
    joined = re.sub(r"\\\n\s*", " ", text)
    commands = re.findall(r"\baws ([a-z0-9-]+) ([a-z0-9-]+)((?:(?!\$\()[^`\n;&|])*)", joined)
    return [complaint for command in commands for complaint in _check(*command)]


@functools.cache
def _driver():
    return create_clidriver()


def _check(service, operation, rest):
    if (service, operation) == ("sso", "login"):  # Of the command line's second version; its first stands here.
        return
    services = _driver()._get_command_table()
    operations = _table_of(services[service]) if service in services else {}
    if operation not in operations:
        yield f"{service} {operation}"
        return
    command = operations[operation]
    options = getattr(command, "arg_table", {})
    takes_any = not options or operation == "wait"
    for option in re.findall(r"(?<=\s)--([a-z0-9-]+)", rest):
        if not takes_any and option not in options and option not in ANYWHERE:
            yield f"{service} {operation} --{option}"


def _table_of(command):
    table = getattr(command, "_get_command_table", None)
    return table() if table else command.subcommand_table

"""The command line: `cli` reads it, and each command is a module.

A module `sim/commands/NAME.py` that `cli.COMMANDS` names is the command `sim NAME`. It has two
functions:

``add_parser(subparsers) -> None``
    Adds its parser, with `help`, `description` and examples.
``execute(args) -> int``
    Does the work and returns the exit code. Expected failures are raised as
    `sim.errors.SimError`.

Modules import nothing heavy at their top: what a command needs it imports when it is executed,
so that `sim --help` and the other commands stay quick.
"""

"""The command line. One module a verb: `add(verbs)` describes it, `run(args)` does it.

A new verb is one module here and one word in `lab_engine.cli.frame.VERBS`. A verb's module imports
what it works with inside `run`, so that `--help` answers at once.
"""

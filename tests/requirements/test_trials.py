"""Statements about a learner's own program, which may do anything at all."""

from __future__ import annotations

import pytest

from lab_engine.authoring import See, require_program
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

HOOK = "/home/learner/work/hook"


async def greets(see: See) -> None:
    await require_program(
        see, HOOK, "start", stdin="red\n", says="start red", seconds=3, memory=256
    )


async def makes(see: See) -> None:
    await require_program(
        see, HOOK, files={"in": "a b"}, makes={"out": "b a"}, environment={"TO": "out"}
    )


async def fails(see: See) -> None:
    await require_program(see, HOOK, code=None)


async def folder(see: See) -> None:
    await require_program(see, "/home/learner/work/pack", "x", program="bin/build", says="built x")


async def deeper(see: See) -> None:
    await require_program(
        see, "/home/learner/work/pack", "a b", program="run", files={"a b/out": "far"}, says="far"
    )


def wrote(body: str, first: str = "#!/bin/sh", mode: str = "755") -> str:
    return f"cat > hook <<'END'\n{first}\n{body}\nEND\nchmod {mode} hook"


GOOD = 'read word; echo "$1 $word"'


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (greets, wrote(GOOD), "pass"),
        (greets, wrote("import sys; print(sys.argv[1], input())", "#!/usr/bin/python3"), "pass"),
        (greets, wrote(GOOD, mode="700"), "pass"),
        (greets, f"{wrote(GOOD)}; mv hook there; ln -s there hook", "pass"),
        (greets, wrote(f"{GOOD}; sleep 60 >/dev/null 2>&1 &"), "pass"),
        (greets, wrote(f"{GOOD}\nsetsid sleep 45678 >/dev/null 2>&1 &"), "pass"),
        (greets, "true", "no-program"),
        (greets, "mkdir hook", "no-program"),
        (greets, wrote(GOOD, mode="644"), "not-runnable"),
        (greets, wrote(GOOD, "#!/bin/nothing"), "no-interpreter"),
        (greets, f"{wrote(GOOD)}; sed -i 's/$/\\r/' hook", "no-interpreter"),
        (greets, "mkfifo hook", "not-runnable"),
        (greets, "ln -s hook hook", "not-runnable"),
        (greets, "truncate -s 1G hook; chmod +x hook", "not-runnable"),
        (greets, wrote("echo start red; exit 3"), "other-code"),
        (greets, wrote("echo stop red"), "other-output"),
        (greets, wrote(f"{GOOD}; echo more"), "other-output"),
        (greets, wrote("sleep 60"), "too-slow"),
        (greets, wrote("exec >/dev/null 2>&1; sleep 60"), "too-slow"),
        (greets, wrote("while :; do :; done"), "too-slow"),
        (greets, wrote("yes"), "too-much"),
        (greets, wrote("x = bytearray(900 << 20); print('start red')", "#!/usr/bin/python3"),
         "other-code"),
        (greets, wrote("sudo -n true && echo start red"), "other-code"),
        (greets, wrote("cat /etc/shadow && echo start red"), "other-code"),
        (makes, wrote("read a b < in; echo $b $a > $TO"), "pass"),
        (makes, wrote("true"), "not-made"),
        (makes, wrote("cat in > out"), "not-made"),
        (makes, wrote("mkfifo out"), "not-made"),
        (fails, wrote("exit 4"), "pass"),
        (fails, wrote("kill -9 $$"), "pass"),
        (fails, wrote("true"), "other-code"),
        (folder, "mkdir -p pack/bin; printf '#!/bin/sh\n. ./lib; built $1\n' > pack/bin/build; "
         "echo 'built() { echo built $1; }' > pack/lib; chmod +x pack/bin/build", "pass"),
        (folder, "mkdir -p pack/bin; echo 'echo built x' > pack/bin/other", "no-program"),
        (deeper, "mkdir pack; printf '#!/bin/sh\ncat \"$1/out\"' > pack/run; chmod +x pack/run",
         "pass"),
        (deeper, "mkdir pack; printf '#!/bin/sh\ncat \"$1/out\"' > pack/run; chmod +x pack/run; "
         "ln -s ~/work 'pack/a b'", "pass"),
    ],
)  # fmt: skip
async def test_trials(stage: Stage, statement: object, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(statement) == reason  # type: ignore[arg-type]
    left = await stage.type(
        "sleep 0.2; pgrep -f '[s]leep 60|[s]leep 45678|[y]es' || true; "
        "ls -d /tmp/trial-* 2>/dev/null || true"
    )
    assert left == ""
    # The original was not run, and nothing was written beside it.
    assert await stage.type("ls ~/work/out 2>/dev/null || true") == ""

"""A request to end: not heard, and heard."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerLogProbe,
    DockerContainerProbe,
    Image,
    See,
    require,
    require_ended,
)
from labs.procfile_and_dynos.values import Values, lab

TERM, KILL = 15, 9
step = lab.step("die-well", daemons=("docker",), resources=lambda _: [Image("busybox")])


@step.check("rude", points=2, settle=2.0)
async def rude(see: See, v: Values) -> None:
    one = await see(DockerContainerProbe(v.rude))
    require(
        one.state != "exited" or one.exit_code == 128 + KILL,
        "not-by-force",
        expected=f"{v.rude} was ended by force, with exit code {128 + KILL}.",
        observed=f"Its exit code is {one.exit_code}.",
        look=f"docker inspect -f '{{{{.State.ExitCode}}}} {{{{.Config.Cmd}}}}' {v.rude}",
    )
    await require_ended(see, v.rude, how="stopped", signals=[TERM, KILL], code=128 + KILL)


@step.check("polite", points=3, settle=2.0)
async def polite(see: See, v: Values) -> None:
    one, log = await see(DockerContainerProbe(v.polite), ContainerLogProbe(v.polite))
    # Said before the code is judged: this one has tidied up, and only ends with the wrong number.
    written = (*log.out, *log.err)
    heard = "trap" in " ".join(one.command) and v.last_words in written
    require(
        one.running or not heard or one.exit_code != 128 + TERM,
        "bare-exit",
        expected=f"{v.polite} ended with exit code 0.",
        observed=f"It has written {v.last_words!r}, and its exit code was {one.exit_code}.",
        look=f"docker inspect -f '{{{{.State.ExitCode}}}} {{{{.Config.Cmd}}}}' {v.polite}",
    )
    require(
        one.state != "exited" or one.exit_code in (0, 128 + KILL, 128 + TERM),
        "own-code",
        expected=f"{v.polite} ended with exit code 0.",
        observed=f"Its exit code was {one.exit_code}, which no signal makes.",
        look=f"docker inspect -f '{{{{.State.ExitCode}}}} {{{{.Config.Cmd}}}}' {v.polite}",
    )
    await require_ended(see, v.polite, how="stopped", signals=[TERM], code=0, within=2.0)
    require(
        v.last_words in written,
        "no-last-words",
        expected=f"{v.polite} has written {v.last_words!r}, and is still there to be read.",
        observed=f"Last it has written {''.join(written[-1:])!r}."
        if log.exists
        else "It was removed, and its log with it.",
        look=f"docker logs --tail 5 {v.polite} || docker ps -a",
    )


def run(name: str, words: str, options: str = "") -> str:
    return f'docker run -d {options} --name {name} busybox sh -c "{words}"; sleep 0.5'


def heard(v: Values, last: str = "") -> str:
    return f"trap 'echo {last or v.last_words}; exit 0' TERM; while :; do sleep 1; done"


DEAF = "while :; do sleep 1; done"
step.solution(
    "as shown",
    lambda v: [
        run(v.rude, DEAF),
        f"docker stop -t 2 {v.rude}",
        run(v.polite, heard(v)),
        f"docker stop {v.polite}",
    ],
)
step.solution(
    "waiting, and by restart",
    lambda v: [
        run(v.polite, f"trap 'echo {v.last_words} >&2; exit 0' TERM; sleep 1d & wait"),
        f"docker restart {v.polite}",
        f"docker run -d --name {v.rude} --stop-timeout 1 busybox sleep 1d; sleep 0.5",
        f"docker stop {v.rude}",
    ],
)
step.near_miss(
    "ended at once by force",
    lambda v: [run(v.rude, DEAF), f"docker kill {v.rude}"],
    rejected_by="rude",
    reason="other-end",
    explain="`docker kill` sends KILL at once, and nobody asked it to end first. `docker stop` "
    "asks, waits, and then does the same.",
)
step.near_miss(
    "a newer one of that name still runs",
    lambda v: [
        run(v.rude, DEAF),
        f"docker stop -t 1 {v.rude}",
        f"docker rm {v.rude}",
        run(v.rude, DEAF),
    ],
    rejected_by="rude",
    reason="not-ended",
)
step.near_miss(
    "one that hears",
    lambda v: [run(v.rude, heard(v)), f"docker stop -t 3 {v.rude}"],
    rejected_by="rude",
    reason="not-by-force",
)
step.near_miss(
    "one that has ended before it is stopped",
    lambda v: [run(v.rude, "true"), f"docker stop -t 2 {v.rude}"],
    rejected_by="rude",
    reason="not-by-force",
)
step.near_miss(
    "with --init alone",
    lambda v: [run(v.polite, DEAF, "--init"), f"docker stop {v.polite}"],
    rejected_by="polite",
    reason="other-code",
    explain="It went at once, but it did not end itself: the signal ended it, which is code 143. "
    "Nothing was tidied up. A `trap` is the program's own answer.",
)
step.near_miss(
    "an exit without a number",
    lambda v: [
        run(v.polite, f"trap 'echo {v.last_words}; exit' TERM; sleep 1d & wait"),
        f"docker stop {v.polite}",
    ],
    rejected_by="polite",
    reason="bare-exit",
    explain="`exit` without a number ends with the code of the command before the `trap`, and a "
    "`wait` that TERM interrupts ends with 143. `exit 0` says that all is well.",
)
step.near_miss(
    "a trap that ends with another code",
    lambda v: [
        run(v.polite, f"trap 'echo {v.last_words}; exit 1' TERM; {DEAF}"),
        f"docker stop {v.polite}",
    ],
    rejected_by="polite",
    reason="own-code",
)
step.near_miss(
    "not heard",
    lambda v: [run(v.polite, DEAF), f"docker stop -t 1 {v.polite}"],
    rejected_by="polite",
    reason="other-signals",
)
step.near_miss(
    "other last words",
    lambda v: [run(v.polite, heard(v, "bye")), f"docker stop {v.polite}"],
    rejected_by="polite",
    reason="no-last-words",
)
step.near_miss(
    "too long over it",
    lambda v: [
        run(v.polite, f"trap 'sleep 4; echo {v.last_words}; exit 0' TERM; {DEAF}"),
        f"docker stop {v.polite}",
    ],
    rejected_by="polite",
    reason="too-slow",
)

"""Two types of processes, and how many of each."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerLogProbe,
    DockerContainerProbe,
    See,
    require,
    require_committed,
    require_pushed,
    require_served_by,
)
from labs import paas
from labs.paas.released import processes, require_release
from labs.procfile_and_dynos.values import WEB, WORKER, Values, begin, lab, touched

step = lab.step("procfile", daemons=("docker",), resources=begin, touches=touched)


@step.check("types", points=2)
async def types(see: See, v: Values) -> None:
    found = await require_committed(see, v.work, files={"Procfile": ""})
    text = found.files["Procfile"].content
    lines = [line.partition(":") for line in text.splitlines()]
    named = {name: command for name, colon, command in lines if colon}
    look = f"git -C {v.work} show HEAD:Procfile"
    require(
        "worker" in named or "worker.sh" not in named.get("web", ""),
        "in-one-line",
        expected="The Procfile has a line of its own for worker.",
        observed="The line of web starts worker.sh.",
        look=look,
    )
    require(
        {"web", "worker"} <= named.keys(),
        "no-type",
        expected="The Procfile has a line for web and one for worker.",
        observed=f"It has: {', '.join(named) or 'no line with a type'}.",
        look=look,
    )
    require(
        "worker.sh" in named["worker"],
        "other-worker",
        expected="The command of worker runs worker.sh.",
        observed=f"It is {named['worker'].strip()!r}.",
        look=look,
    )
    await require_pushed(see, v.work, v.repository)
    await require_release(see, v.app)
    for web in await processes(see, v.app):
        one = await see(DockerContainerProbe(web.name))
        require(
            "PORT" in " ".join(one.command),
            "fixed-port",
            expected="The command of web waits at the port that the platform tells it in $PORT.",
            observed=f"It is {' '.join(one.command)!r}.",
            look=f"cat {v.work}/Procfile",
        )
        greeting = one.environment.get("GREETING") or "no greeting"
        await require_served_by(see, web.name, paas.PORT, says=f"{greeting} from {web.name}")


@step.check("count", points=2, needs=("types",), settle=2.0)
async def count(see: See, v: Values) -> None:
    look = f"{paas.HOME}/paas ps {v.app}"
    for kind, wanted in (("web", v.webs), ("worker", 1)):
        found = await processes(see, v.app, kind)
        running = [one for one in found if one.state == "running"]
        require(
            len(running) == wanted,
            "other-number",
            expected=f"{wanted} of type {kind} run{'s' if wanted == 1 else ''}.",
            observed=f"It is {len(running)}.",
            look=look,
        )
    await require_release(see, v.app)
    (worker,) = await processes(see, v.app, "worker")
    log = await see(ContainerLogProbe(worker.name))
    require(
        "one job done" in log.out,
        "idle",
        expected="The worker does its jobs and writes them down.",
        observed=f"Last it has written {''.join((*log.out, *log.err)[-1:])!r}.",
        look=f"docker logs --tail 5 {worker.name}",
    )


def written(v: Values, *lines: str) -> str:
    text = "".join(f"{line}\n" for line in lines or (f"web: {WEB}", f"worker: {WORKER}"))
    return (
        f"cd {v.app} && cat > Procfile <<'END'\n{text}END\n"
        "git add Procfile && git commit -m 'two types' && git push platform main"
    )


def scale(v: Values, words: str = "") -> str:
    return f"{paas.HOME}/paas scale {v.app} {words or f'web={v.webs} worker=1'}"


step.solution("as shown", lambda v: [written(v), scale(v)])
step.solution(
    "another order, one after the other, the last line without an end",
    lambda v: [
        f"cd {v.app} && printf '%s\\n%s' 'worker: ./worker.sh' "
        "'web: nc -ll -p ${PORT} -e /app/app.sh' > Procfile",
        "git add Procfile && git commit -m 'two types' && git push platform main",
        scale(v, "worker=1"),
        scale(v, f"web={v.webs}"),
    ],
)
step.near_miss(
    "one type, the worker behind &",
    lambda v: [written(v, f"web: sh worker.sh & {WEB}")],
    rejected_by="types",
    reason="in-one-line",
    explain="A type is a line of its own. What one process starts in its background is counted, "
    "logged and started again with it, never by itself.",
)
step.near_miss(
    "a fixed port",
    lambda v: [written(v, f"web: {WEB.replace('$PORT', '5000')}", f"worker: {WORKER}")],
    rejected_by="types",
    reason="fixed-port",
    explain="It works today, since the platform's port happens to be this one. The platform may "
    "choose another: it says which in `$PORT`.",
)
step.near_miss(
    "another name",
    lambda v: [written(v, f"Web: {WEB}", f"Worker: {WORKER}")],
    rejected_by="types",
    reason="no-type",
)
step.near_miss(
    "a program that is not there",
    lambda v: [written(v, f"web: {WEB.replace('./app.sh', 'app.sh')}", f"worker: {WORKER}")],
    rejected_by="types",
    reason="no-page",
)
step.near_miss(
    "a server that never calls it",
    lambda v: [written(v, "web: exec httpd -f -p $PORT", f"worker: {WORKER}")],
    rejected_by="types",
    reason="no-page",
)
step.near_miss(
    "a worker that is not there",
    lambda v: [written(v, f"web: {WEB}", "worker: exec sh work.sh")],
    rejected_by="types",
    reason="other-worker",
)
step.near_miss(
    "written, not committed",
    lambda v: [f"cd {v.app} && echo 'web: {WEB}' > Procfile && git push platform main"],
    rejected_by="types",
    reason="no-such-file",
)
step.near_miss(
    "a worker by hand",
    lambda v: [
        written(v),
        scale(v, f"web={v.webs}"),
        f"docker run -d --name {v.app}-worker busybox sh -c 'while :; do echo one job done; "
        "sleep 5; done'",
    ],
    rejected_by="count",
    reason="other-number",
)
step.near_miss(
    "one web",
    lambda v: [written(v), scale(v, "worker=1")],
    rejected_by="count",
    reason="other-number",
)

"""Ten servers as plain processes of one system."""

from __future__ import annotations

from lab_engine.authoring import HttpProbe, See, SocketsProbe, require
from labs.ten_web_servers.values import Values, lab

LOOK = "ss -ltn"
LOOPBACK = "127.0.0.1"
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104

step = lab.step("on-the-metal")


def served(page: str, at: str) -> str:
    """A loop over the ports: one folder, one page, one server each."""
    return f"mkdir -p site-$n; echo {page} > site-$n/index.html; busybox httpd -p {at} -h site-$n"


def loop(v: Values, body: str, *, last: int = 0) -> str:
    return f"for n in $(seq {v.first} {last or v.last}); do {body}; done"


@step.check("ten", points=2)
async def ten(see: See, v: Values) -> None:
    sockets, *pages = await see(
        SocketsProbe(), *(HttpProbe(f"http://{LOOPBACK}:{port}/") for port in v.ports)
    )
    waiting = {port: sockets.on(port) for port in v.ports}
    silent = [str(port) for port, found in waiting.items() if not found]
    require(
        not silent,
        "no-server",
        expected=f"At each port from {v.first} to {v.last} a server waits.",
        observed=f"Nobody waits at {', '.join(silent)}.",
        look=LOOK,
    )
    others = {s.address for found in waiting.values() for s in found} - {LOOPBACK}
    require(
        not others & EVERYWHERE,
        "everywhere",
        expected=f"They wait at {LOOPBACK} alone.",
        observed=f"Some wait at {', '.join(sorted(others))}.",
        look=LOOK,
    )
    require(
        not others,
        "other-address",
        expected=f"They wait at {LOOPBACK} alone.",
        observed=f"Some wait at {', '.join(sorted(others))}.",
        look=LOOK,
    )
    pids = {found[0].pid for found in waiting.values()}
    require(
        len(pids) == len(v.ports),
        "fewer-processes",
        expected="Ten processes, one for each port.",
        observed=f"Behind the ten ports are {len(pids)}.",
        look="sudo ss -ltnp",
    )
    holders = [holder for found in waiting.values() for s in found for holder in s.holders]
    require(
        all(one.exe.endswith("/busybox") and not one.container for one in holders),
        "other-program",
        expected="Each is busybox's server, a process of the bench.",
        observed=f"There are: {', '.join(sorted({one.exe for one in holders}))}.",
        look="ps -eo pid,user,args",
    )
    empty = [str(port) for port, page in zip(v.ports, pages, strict=True) if page.status == 404]
    require(
        not empty,
        "no-page",
        expected="Each folder has a page, index.html.",
        observed=f"The servers at {', '.join(empty)} find none: 404.",
        look=f"curl -s http://{LOOPBACK}:{(empty or [''])[0]}/",
    )
    said = {port: page.body.strip() for port, page in zip(v.ports, pages, strict=True)}
    require(
        len(set(said.values())) > 1 or not {*said.values()} & {*map(str, v.ports)},
        "one-page",
        expected="The page of each server says its own port.",
        observed=f"All ten say {next(iter(said.values()))[:40]!r}.",
        look=f"curl -s http://{LOOPBACK}:{v.first}/; curl -s http://{LOOPBACK}:{v.last}/",
    )
    for port, text in said.items():
        require(
            text == str(port),
            "other-page",
            expected=f"The page at port {port} says {port}.",
            observed=f"It says {text[:40]!r}." if text else "There is no page.",
            look=f"curl -s http://{LOOPBACK}:{port}/",
        )


OWN = f"{LOOPBACK}:$n"
step.solution("a loop", lambda v: [loop(v, served("$n", OWN))])
step.solution(
    "in the foreground, behind &",
    lambda v: [
        loop(
            v,
            "mkdir -p p$n; echo $n > p$n/index.html; "
            f"(setsid busybox httpd -f -p {OWN} -h p$n >/dev/null 2>&1 </dev/null &)",
        )
        + "; sleep 0.3",
    ],
)
step.solution(
    "as root, and a plain server besides",
    lambda v: [
        loop(v, served("$n", OWN).replace("busybox", "sudo busybox")),
        "busybox httpd -p 8090 -h site-1 || mkdir -p more; busybox httpd -p 8090 -h more",
    ],
    survives={1: "It is a server that nobody asked for."},
)
step.near_miss(
    "nine of them",
    lambda v: [loop(v, served("$n", OWN), last=v.last - 1)],
    rejected_by="ten",
    reason="no-server",
)
step.near_miss(
    "at all addresses",
    lambda v: [loop(v, served("$n", "$n"))],
    rejected_by="ten",
    reason="everywhere",
    explain="With a port alone, or with 0.0.0.0 before it, httpd waits at every address of the "
    "machine, also at those that others reach. Put 127.0.0.1 and a colon before the port.",
)
step.near_miss(
    "at another address of its own",
    lambda v: [loop(v, served("$n", OWN.replace(".1:", ".2:")))],
    rejected_by="ten",
    reason="other-address",
)
step.near_miss(
    "without a page",
    lambda v: [loop(v, served("$n", OWN).replace("index.html", "index.htm"))],
    rejected_by="ten",
    reason="no-page",
)
step.near_miss(
    "the variable in quotes",
    lambda v: [loop(v, served("'$n'", OWN))],
    rejected_by="ten",
    reason="other-page",
)
step.near_miss(
    "one page for all",
    lambda v: [
        f"mkdir -p all; echo {v.first} > all/index.html",
        loop(v, f"busybox httpd -p {OWN} -h all"),
    ],
    rejected_by="ten",
    reason="one-page",
    explain="The ten serve the same folder, or folders with the same page. Each wants a folder of "
    "its own.",
)
step.near_miss(
    "numbered from 1",
    lambda v: [
        loop(v, served(f"$((n - {v.first} + 1))", OWN)),
    ],
    rejected_by="ten",
    reason="other-page",
)
ONE_FOR_ALL = """import http.server, sys, threading
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.server.server_port).encode())
for port in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
    server = http.server.HTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever).start()
"""
step.near_miss(
    "one process with ten ports",
    lambda v: [
        f"cat > all.py <<'END'\n{ONE_FOR_ALL}END",
        f"setsid python3 all.py {v.first} {v.last} >/dev/null 2>&1 </dev/null & sleep 1",
    ],
    rejected_by="ten",
    reason="fewer-processes",
    explain="One process waits at several ports. The pages are right, but if it ends, they are all "
    "gone. Ten servers are ten processes.",
)
step.near_miss(
    "ten of another program",
    lambda v: [
        f"cat > one.py <<'END'\n{ONE_FOR_ALL}END",
        loop(v, "(setsid python3 one.py $n $n >/dev/null 2>&1 </dev/null &)") + "; sleep 2",
    ],
    rejected_by="ten",
    reason="other-program",
)

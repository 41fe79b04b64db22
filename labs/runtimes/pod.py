"""The interface that a kubelet speaks: a pod with two containers."""

from __future__ import annotations

from lab_engine.authoring import (
    BENCH,
    File,
    HttpProbe,
    Image,
    MountProbe,
    See,
    SocketsProbe,
    require,
    require_cri_pod,
)
from labs.runtimes.values import WORK, Values, lab

step = lab.step(
    "pod",
    daemons=("docker", "cri"),
    resources=lambda v: [
        Image("busybox"),
        File("page", path=f"{WORK}/www/index.html", content=f"{v.page}\n"),
    ],
)


def serves(v: Values) -> list[str]:
    return ["httpd", "-f", "-p", str(v.port), "-h", "/www"]


@step.check("web", points=3, settle=2.0)
async def web(see: See, v: Values) -> None:
    pod = await require_cri_pod(see, v.pod, {"web": serves(v)})
    sockets, answer = await see(SocketsProbe(BENCH), HttpProbe(f"http://127.0.0.1:{v.port}/"))
    server = pod.container("web")
    holders = {holder.pid for one in sockets.on(v.port) for holder in one.holders}
    require(
        server is not None and server.pid in holders,
        "served-by-another",
        expected=f"The container web waits at port {v.port}.",
        observed=f"At that port waits {', '.join(map(str, sorted(holders))) or 'nobody'}.",
        look="sudo ss -Hltnp",
    )
    require(
        answer.body.strip() == v.page,
        "other-page",
        expected=f"It answers: {v.page}",
        observed=f"It answers {answer.status}: {answer.body.strip()[:60]}",
        look=f"curl -s http://127.0.0.1:{v.port}/",
    )
    mount = await see(MountProbe("/www", pid=server.pid if server else 0))
    # By the place in the file system that it lies on, whose top need not be that of the machine.
    require(
        mount.exists and f"{WORK}/www".endswith(mount.root),
        "other-folder",
        expected=f"/www in the container web is the folder {WORK}/www.",
        observed=f"It is {mount.root}." if mount.exists else "Nothing is mounted there.",
        look="sudo crictl inspect $(sudo crictl ps -q --name web) | jq -c .status.mounts",
    )


@step.check("side", points=2, needs=("web",))
async def side(see: See, v: Values) -> None:
    await require_cri_pod(see, v.pod, {"web": serves(v), "side": ["sleep", str(v.side_seconds)]})


def pod(name: str) -> str:
    return (
        f"""echo '{{"metadata": {{"name": "{name}", "namespace": "default", "uid": "{name}-1"}}, """
        """"linux": {"cgroup_parent": "/kubepods", """
        """"security_context": {"namespace_options": {"network": 2}}}}' """
        f"> {name}.json"
    )


def web_file(v: Values, *, port: int = 0, mounted: bool = True, folder: str = "www") -> str:
    command = ", ".join(f'"{word}"' for word in serves(v)).replace(str(v.port), str(port or v.port))
    mounts = (
        f', "mounts": [{{"host_path": "{WORK}/{folder}", "container_path": "/www", '
        '"readonly": true}]'
        if mounted
        else ""
    )
    return (
        f"""echo '{{"metadata": {{"name": "web"}}, "image": {{"image": "busybox"}}, """
        f""""command": [{command}], "linux": {{}}{mounts}}}' > web.json"""
    )


def side_file(v: Values, name: str = "side") -> str:
    return (
        f"""echo '{{"metadata": {{"name": "{name}"}}, "image": {{"image": "busybox"}}, """
        f""""command": ["sleep", "{v.side_seconds}"], "linux": {{}}}}' > side.json"""
    )


def sandbox(v: Values, name: str = "") -> str:
    return f"{pod(name or v.pod)} && POD=$(sudo crictl runp {name or v.pod}.json)"


def started(v: Values, name: str, config: str = "") -> str:
    return (
        f"C=$(sudo crictl create $POD {name}.json {config or v.pod}.json) && sudo crictl start $C"
    )


step.solution(
    "the pod, then one after the other",
    lambda v: [
        pod(v.pod),
        f"POD=$(sudo crictl runp {v.pod}.json)",
        web_file(v),
        started(v, "web"),
        side_file(v),
        started(v, "side"),
    ],
)
step.solution(
    "in YAML; the pod found by its name",
    lambda v: [
        f"printf 'metadata: {{name: {v.pod}, namespace: shop, uid: u1}}\\nlinux:\\n  "
        "security_context: {namespace_options: {network: 2}}\\n' "
        f"> {v.pod}.yaml && sudo crictl runp {v.pod}.yaml",
        f"printf 'metadata: {{name: web}}\\nimage: {{image: busybox}}\\nlinux: {{}}\\n"
        f'command: [httpd, -f, -p, "{v.port}", -h, /www]\\n'
        f"mounts: [{{host_path: {WORK}/www, container_path: /www}}]\\n' > web.yaml",
        f"printf 'metadata: {{name: side}}\\nimage: {{image: busybox}}\\nlinux: {{}}\\n"
        f'command: [sleep, "{v.side_seconds}"]\\n\' > side.yaml',
        "for n in web side; do sudo crictl start $(sudo crictl create "
        f"$(sudo crictl pods -q --name {v.pod}) $n.yaml {v.pod}.yaml); done",
    ],
)
step.near_miss(
    "created, and not started",
    lambda v: [sandbox(v), web_file(v), f"sudo crictl create $POD web.json {v.pod}.json"],
    rejected_by="web",
    reason="not-running",
)
step.near_miss(
    "an empty pod",
    lambda v: [sandbox(v)],
    rejected_by="web",
    reason="no-such-container",
)
step.near_miss(
    "another pod",
    lambda v: [sandbox(v, f"{v.pod}-pod"), web_file(v), started(v, "web", f"{v.pod}-pod")],
    rejected_by="web",
    reason="no-pod",
)
step.near_miss(
    "the pod stopped again",
    lambda v: [sandbox(v), web_file(v), started(v, "web"), "sudo crictl stopp $POD"],
    rejected_by="web",
    reason="not-ready",
)
step.near_miss(
    "without the folder",
    lambda v: [sandbox(v), web_file(v, mounted=False), started(v, "web")],
    rejected_by="web",
    reason="not-running",
)
step.near_miss(
    "a copy of the folder",
    lambda v: [
        sandbox(v),
        f"cp -r {WORK}/www {WORK}/eggs && {web_file(v, folder='eggs')}",
        started(v, "web"),
    ],
    rejected_by="web",
    reason="other-folder",
    explain="The page is right, and it lies in another folder: what is changed in `www` from now "
    "on, nobody will see. host_path is the folder of the machine.",
)
step.near_miss(
    "another port",
    lambda v: [sandbox(v), web_file(v, port=8099), started(v, "web")],
    rejected_by="web",
    reason="other-program",
)
step.near_miss(
    "two containers of Docker, one network",
    lambda v: [
        f"docker run -d --name web --network host -v {WORK}/www:/www busybox {' '.join(serves(v))}",
        f"docker run -d --name side --network container:web busybox sleep {v.side_seconds}",
    ],
    rejected_by="web",
    reason="no-pod",
)
step.near_miss(
    "a pod for each",
    lambda v: [
        sandbox(v),
        web_file(v),
        started(v, "web"),
        sandbox(v, "sidecar"),
        side_file(v),
        started(v, "side", "sidecar"),
    ],
    rejected_by="side",
    reason="other-pod",
    explain="Each of them has a pod of its own. Containers that belong together go into one: the "
    "id that `crictl create` wants is that of the first pod.",
)
step.near_miss(
    "only its name is another",
    lambda v: [
        sandbox(v),
        web_file(v),
        started(v, "web"),
        side_file(v, "sidecar"),
        started(v, "side"),
    ],
    rejected_by="side",
    reason="no-such-container",
)

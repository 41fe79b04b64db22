"""What differs from learner to learner, and commands that several steps use."""

from __future__ import annotations

from lab_engine.authoring import File, Lab, Seed, Variables

WORK = "/home/learner/work"
LAMPS = ("lantern", "torch", "candle", "beacon", "flare")
SHIPS = ("ferry", "tug", "barge", "cutter", "sloop")
WATERS = ("lake", "canal", "fjord", "lagoon", "delta")
PODS = ("bakery", "florist", "library", "museum", "harbour")


class Values(Variables, frozen=True):
    """Names of containers, how long each `sleep` is to take, a limit and a port."""

    bundle: str = ""
    lamp: str = ""
    host: str = ""
    seconds: int = 0
    mib: int = 0
    ready: str = ""
    other: str = ""
    held: str = ""
    state_seconds: int = 0
    ship: str = ""
    water: str = ""
    sea: str = ""
    ship_seconds: int = 0
    sea_seconds: int = 0
    pod: str = ""
    page: str = ""
    port: int = 0
    side_seconds: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        lamp = seed.choice("lamp", LAMPS)
        waters = list(WATERS)
        water = seed.choice("water", waters)
        waters.remove(water)
        pod = seed.choice("pod", PODS)
        return cls(
            bundle=f"{lamp}-bundle",
            lamp=lamp,
            host=f"tower{seed.number('host', 10, 99)}",
            seconds=seed.number("seconds", 40000, 49999),
            mib=seed.number("mib", 33, 63),
            ready=f"ready{seed.number('ready', 10, 99)}",
            other=f"other{seed.number('other', 10, 99)}",
            held=f"held{seed.number('held', 10, 99)}",
            state_seconds=seed.number("state-seconds", 30000, 39999),
            ship=seed.choice("ship", SHIPS),
            water=water,
            sea=seed.choice("sea", waters),
            ship_seconds=seed.number("ship-seconds", 50000, 54999),
            sea_seconds=seed.number("sea-seconds", 55000, 59999),
            pod=pod,
            page=f"The {pod} is open.",
            port=seed.number("port", 8100, 8899),
            side_seconds=seed.number("side-seconds", 60000, 69999),
        )

    @property
    def states(self) -> tuple[str, ...]:
        """What runs in the containers of the second step."""
        return ("sleep", str(self.state_seconds))


lab = Lab("runtimes", Values)

MAKER = File(
    "maker",
    path=f"{WORK}/make-bundle.sh",
    content="""\
# Make a bundle as in the step before: sh make-bundle.sh FOLDER COMMAND...
set -e
mkdir -p "$1/rootfs"
box=$(docker create busybox)
docker export "$box" | tar -x -C "$1/rootfs"
docker rm "$box" > /dev/null
cd "$1"
shift
rm -f config.json
runc spec
jq '.process.args = $ARGS.positional | .process.terminal = false' --args -- "$@" \\
  < config.json > new.json
mv new.json config.json
""",
)

QUIET = "</dev/null >/dev/null 2>&1"
BUSYBOX = "docker.io/library/busybox:latest"
ARCHIVE = "/usr/lib/infralab/images/busybox.tar"


def unpacked(folder: str) -> str:
    """The commands that fill the root folder of a bundle from the image busybox."""
    return (
        f"mkdir -p {folder}/rootfs && docker create --name pattern busybox && "
        f"docker export pattern | tar -x -C {folder}/rootfs && docker rm pattern"
    )


def described(
    v: Values, *, seconds: int = 0, hostname: str = "", more: str = "", args: str = ""
) -> str:
    """The command that fills in the description, in the bundle."""
    words = args or f'["sleep", "{seconds or v.seconds}"]'
    return (
        f"jq '.process.args = {words} | .process.terminal = false | "
        f'.hostname = "{hostname or v.host}"{more}\' config.json > new.json && '
        "mv new.json config.json"
    )


def limited(v: Values, mib: int = 0) -> str:
    """What `described` says of memory."""
    return f" | .linux.resources.memory = {{limit: {(mib or v.mib) << 20}}}"


def imported(namespace: str) -> str:
    """The command that reads the image into a namespace of containerd."""
    return f"sudo ctr -n {namespace} images import {ARCHIVE}"


def sailing(v: Values, namespace: str, seconds: int, name: str = "") -> str:
    """The command that runs a container there."""
    return f"sudo ctr -n {namespace} run -d {BUSYBOX} {name or v.ship} sleep {seconds} {QUIET}"

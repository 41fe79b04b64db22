"""What differs from learner to learner, and what stands in the cluster before they begin."""

from __future__ import annotations

from lab_engine.authoring import Cluster, Lab, Manifest, Resource, Seed, Variables

NAME = "lab"
IMAGE = "web:1.0"
NEXT_IMAGE = "web:2.0"
BAD_IMAGE = "web:2.1"
"""It is never ready."""
PORT = 8080
FOUND = "/home/learner/work/found.txt"
PAIRS = (("heron", "stork"), ("crane", "egret"), ("lark", "finch"), ("swift", "martin"))
GUARDS = ("sentry", "warden", "keeper", "porter")
SHOPS = ("kiosk", "bakery", "florist", "atelier")
FRIENDS = ("terrace", "pavilion", "gallery", "arcade")
SOLITARY = ("hermit", "nomad", "pilgrim", "ranger")


class Values(Variables, frozen=True):
    """Two pods to look for, and an application that the cluster keeps running."""

    bird: str = ""
    other_bird: str = ""
    bird_node: str = ""
    guard: str = ""
    shop: str = ""
    friend: str = ""
    loner: str = ""
    count: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        bird, other = seed.choice("birds", PAIRS)
        return cls(
            bird=bird,
            other_bird=other,
            bird_node=seed.choice("node", ("cp", "w1")),
            guard=seed.choice("guard", GUARDS),
            shop=seed.choice("shop", SHOPS),
            friend=seed.choice("friend", FRIENDS),
            loner=seed.choice("loner", SOLITARY),
            count=seed.number("count", 2, 4),
        )

    @property
    def other_node(self) -> str:
        return "w1" if self.bird_node == "cp" else "cp"


def cluster(*manifests: Manifest, workers: int = 1) -> list[Resource]:
    # Without a limit of its own: the nodes share what the bench has.
    return [Cluster(NAME, workers=workers, memory=0), *manifests]


def manifest(name: str, *objects: str) -> Manifest:
    return Manifest(name, cluster=NAME, text="---\n".join(objects))


def deployment(name: str, count: int, *, image: str = IMAGE, deadline: int = 600) -> str:
    """As the text of the lesson writes it, for solutions and for what a step begins with."""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {count}
  progressDeadlineSeconds: {deadline}
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: {image}
        readinessProbe:
          httpGet: {{path: /ready, port: {PORT}}}
          periodSeconds: 1
"""


def pod(name: str, image: str, *, command: str = "", node: str = "") -> str:
    """A pod of its own; with a node it is not the scheduler that puts it there."""
    lines = [
        "apiVersion: v1",
        "kind: Pod",
        f"metadata: {{name: {name}, labels: {{app: {name}}}}}",
        "spec:",
        "  terminationGracePeriodSeconds: 1",
        *([f"  nodeName: {node}"] if node else []),
        "  containers:",
        "  - name: main",
        f'    image: "{image}"',
        *([f"    command: [{command}]"] if command else []),
    ]
    return "\n".join([*lines, ""])


def written(path: str, text: str) -> str:
    """A command that writes a file, as somebody does who pastes it."""
    return f"cat > {path} <<'END'\n{text}END"


lab = Lab("kubernetes", Values)

"""What differs from learner to learner, and the files of several steps."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, VagrantBox, Variables

PROJECTS = ("orchard", "meadow", "garden", "vineyard", "pasture", "hedge")
MACHINES = ("gate", "well", "barn", "kiln", "mill", "shed")
GREETINGS = ("blossom", "clover", "thistle", "poppy", "bramble", "yarrow")
WORK = "/home/learner/work"
BOX = "infralab/small"
CATALOGUE = "/srv/boxes/small/catalogue.json"
POOL = "default"
SMALL = VagrantBox("small", unlisted=("1.1.0", "2.0.0"))
"""The box of the first step and the last. Of those added in the second one a machine boots, too."""


class Values(Variables, frozen=True):
    """A project's name, a machine's name and memory in MiB, and a word for its page."""

    project: str = ""
    memory: int = 0
    machine: str = ""
    greeting: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        return cls(
            project=seed.choice("project", PROJECTS),
            memory=seed.choice("memory", (144, 160, 176, 208, 224)),
            machine=seed.choice("machine", MACHINES),
            greeting=seed.choice("greeting", GREETINGS),
        )

    @property
    def folder(self) -> str:
        return f"{WORK}/{self.project}"


def written(v: Values, text: str) -> str:
    """The command that makes the project's folder and writes its Vagrantfile."""
    return f"mkdir -p {v.project} && cat > {v.project}/Vagrantfile <<'END'\n{text}END"


def up(v: Values, words: str = "") -> str:
    return f"cd {v.project} && vagrant up{words}"


lab = Lab("vagrant-up", Values)

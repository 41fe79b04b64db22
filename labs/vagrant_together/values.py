"""What differs from learner to learner, and the files of several steps."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables

WORK = "/home/learner/work"
PROJECTS = ("theatre", "museum", "library", "station", "harbour", "market")
PAIRS = (("desk", "archive"), ("stage", "depot"), ("window", "cellar"), ("counter", "vault"))
WORDS = ("adagio", "bolero", "gavotte", "minuet", "rondo", "sonata")


class Values(Variables, frozen=True):
    """A project, its two machines, a port of the bench, a network's first numbers, and words."""

    project: str = ""
    front: str = ""
    back: str = ""
    port: int = 0
    net: str = ""
    page: str = ""
    word: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        front, back = seed.choice("pair", PAIRS)
        page = seed.choice("page", WORDS)
        return cls(
            project=seed.choice("project", PROJECTS),
            front=front,
            back=back,
            port=seed.number("port", 18100, 18900),
            net=f"10.{seed.number('net', 60, 99)}.{seed.number('subnet', 1, 90)}",
            page=page,
            word=seed.choice("word", [word for word in WORDS if word != page]),
        )

    @property
    def home(self) -> str:
        """The project's folder as a learner types it, wherever the shell stands."""
        return f"~/work/{self.project}"

    @property
    def folder(self) -> str:
        return f"{WORK}/{self.project}"


PROVIDER = """config.vm.provider "docker" do |docker|
  docker.image = "busybox"
  docker.has_ssh = false
end
"""


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def vagrantfile(text: str) -> str:
    return f'Vagrant.configure("2") do |config|\n{indented(text)}end\n'


def written(v: Values, text: str) -> str:
    """The command that makes the project's folder and writes its Vagrantfile."""
    return f"mkdir -p {v.home} && cat > {v.home}/Vagrantfile <<'END'\n{text}END"


def up(v: Values, words: str = "") -> str:
    return f"cd {v.home} && vagrant up{words}"


lab = Lab("vagrant-together", Values)

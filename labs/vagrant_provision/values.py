"""What differs from learner to learner, and the file that every step begins with."""

from __future__ import annotations

from lab_engine.authoring import Directory, Lab, Seed, Variables

WORK = "/home/learner/work"
IMAGE = "bare"
LOG = "/var/log/runs"
"""Where the machines of the last two steps note that they were provisioned."""
PROJECTS = ("bakery", "brewery", "dairy", "forge", "pottery", "tannery")
SITES = ("shop", "menu", "news", "prices", "hours")
WORDS = ("amber", "coral", "indigo", "olive", "russet", "teal")
NAMES = ("crate", "ledger", "parcel", "receipt", "ticket", "voucher")


class Values(Variables, frozen=True):
    """A project and the folder of its site; words for pages and files; names of files in `/etc`."""

    project: str = ""
    site: str = ""
    old: str = ""
    new: str = ""
    note: str = ""
    conf: str = ""
    colour: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        old = seed.choice("old", WORDS)
        note = seed.choice("note", NAMES)
        return cls(
            project=seed.choice("project", PROJECTS),
            site=seed.choice("site", SITES),
            old=old,
            new=seed.choice("new", [word for word in WORDS if word != old]),
            note=note,
            conf=seed.choice("conf", [name for name in NAMES if name != note]),
            colour=seed.choice("colour", WORDS),
        )

    @property
    def home(self) -> str:
        """The project's folder as a learner types it, wherever the shell stands."""
        return f"~/work/{self.project}"

    @property
    def folder(self) -> str:
        return f"{WORK}/{self.project}"


def vagrantfile(*lines: str) -> str:
    """A bare machine, and what more is said of it."""
    more = "".join(f"  {line}\n" if line else "\n" for text in lines for line in text.splitlines())
    return f"""Vagrant.configure("2") do |config|
  config.ssh.insert_key = false
  config.vm.guest = :linux
  config.vm.provider "docker" do |docker|
    docker.image = "{IMAGE}"
    docker.has_ssh = true
  end
{more}end
"""


NOTES = f'config.vm.provision "shell", inline: "date >> {LOG}"'
"""The provisioner that notes each run, before the others."""


def project(v: Values, *lines: str, files: dict[str, str] | None = None) -> Directory:
    """The project as the learner finds it."""
    all_files = {"Vagrantfile": vagrantfile(*lines), **(files or {})}
    return Directory("project", path=v.folder, files=all_files)


def written(v: Values, *lines: str) -> str:
    """The command that writes the Vagrantfile anew."""
    return f"cat > {v.home}/Vagrantfile <<'END'\n{vagrantfile(*lines)}END"


def up(v: Values) -> str:
    return f"cd {v.home} && vagrant up"


def made(v: Values, *lines: str, then: str = "") -> str:
    """The file written, and the machine brought up from it, as one command."""
    return f"{written(v, *lines)}\n{up(v)}{f' && {then}' if then else ''}"


lab = Lab("vagrant-provision", Values)

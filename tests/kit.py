"""A whole small course in a temporary folder, for tests to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.course.faults import verify
from lab_engine.course.lesson import Course, Lesson, load_course
from lab_engine.course.lint.run import lint
from lab_engine.course.seed import Seed
from lab_engine.errors import ContentError

COURSE = """
title = "A course"
[[chapters]]
number = "06"
title = "Six"
[[chapters]]
number = "07"
title = "Seven"
"""
SYLLABUS = "id\tlines\theading\tsystems\n06.1\t1-2\tA\t\n07.6\t3-4\tB\tDocker\n07.7\t5-6\tC\tx, y\n"
LESSON = """\
+++
slug = "bridges"
title = "Bridges"
chapter = "07"
syllabus = ["07.6", "07.7"]
minutes = 5
+++
About @{bridge}.

`docker network create` makes one.
"""
STEP = """\
+++
title = "One"
syllabus = ["07.6", "07.7"]
minutes = 5
+++
Why it is so.

```sh
docker network ls
```

:::: task create
Make `@{bridge}`.
::: hint
a
:::
::: hint
b
:::
::: hint
c
:::
::::
"""
LAB = """\
from __future__ import annotations

from lab_engine.authoring import DockerNetworkProbe, Image, Lab, See, Seed, Variables, require


class Values(Variables, frozen=True):
    bridge: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        return cls(bridge=f"my_bridge_{seed.number('bridge', 10, 99)}")


lab = Lab("bridges", Values)
step = lab.step("one", daemons=("docker",), resources=lambda v: [Image("busybox")])


@step.check("create", points=2)
async def create(see: See, v: Values) -> None:
    network = await see(DockerNetworkProbe(v.bridge))
    require(network.exists, "absent", expected="a network", observed="none")
    require(network.driver == "bridge", "driver", expected="bridge", observed=network.driver)


step.solution("plain", lambda v: [f"docker network create {v.bridge}"])
step.near_miss("a", lambda v: ["true"], rejected_by="create", reason="absent", explain="x")
step.near_miss("b", lambda v: ["true"], rejected_by="create", reason="driver", explain="x")
"""


class Kit:
    """A course of one lesson in a temporary folder, to be broken."""

    def __init__(self, root: Path, package: str) -> None:
        self.root = root
        self.package = package
        self.content = root / "content"
        self.folder = self.content / "07.6-bridges"
        self.labs = root / package
        self.write("content/course.toml", COURSE)
        self.write("content/syllabus.tsv", SYLLABUS)
        self.write("content/07.6-bridges/lesson.md", LESSON)
        self.write("content/07.6-bridges/10-one.md", STEP)
        self.write(f"{package}/__init__.py", "")
        self.write(f"{package}/bridges/__init__.py", LAB)

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def change(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def change_lab(self, old: str, new: str) -> None:
        self.change(f"{self.package}/bridges/__init__.py", old, new)

    def load(self) -> Course:
        return load_course(self.content, labs=self.package)

    def lesson(self) -> Lesson:
        return self.load().lesson("bridges")

    def fault(self) -> ContentError:
        with pytest.raises(ContentError) as caught:
            verify(self.lesson(), Seed("a"))
        return caught.value

    def rules(self) -> list[tuple[str, str, str]]:
        return [(f.rule, f.level, f.message) for f in lint([self.lesson()])]

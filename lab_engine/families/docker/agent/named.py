"""Things of the Docker engine by their own name.

Wherever the engine takes a name, it takes the beginning of an id as well (moby's
`daemon/container.go`: full id, then name, then prefix), and `c2` is hexadecimal: one container in
256 would answer to it. Who asks for a name means the name.
"""

from __future__ import annotations

from typing import Any

import docker.errors

from lab_engine.families.docker.agent.engine import Api
from lab_engine.families.docker.resources import with_tag


def container(api: Api, name: str) -> dict[str, Any]:
    """The description of the container of that name or full id. Raises docker's NotFound."""
    found: dict[str, Any] = api.inspect_container(name)
    return _if(found, name in (found["Name"].lstrip("/"), found["Id"]), name)


def network(api: Api, name: str) -> dict[str, Any]:
    """The description of the network of that name or full id. Raises docker's NotFound."""
    found: dict[str, Any] = api.inspect_network(name)
    return _if(found, name in (found["Name"], found["Id"]), name)


def image(api: Api, reference: str) -> dict[str, Any]:
    """The description of the image with that reference or id. Raises docker's NotFound."""
    found: dict[str, Any] = api.inspect_image(reference)
    identity = found["Id"]
    # An image without a name is listed by the first twelve digits.
    short = identity.removeprefix("sha256:")[:12]
    names = (identity, short, *(found["RepoTags"] or ()), *(found["RepoDigests"] or ()))
    return _if(found, reference in names or with_tag(reference) in names, reference)


def _if(found: dict[str, Any], it_is: bool, name: str) -> dict[str, Any]:
    if not it_is:
        raise docker.errors.NotFound(f"nothing is called {name}; an id begins like that")
    return found

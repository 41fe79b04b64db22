"""Where the texts and the labs are: in a checkout side by side, in a wheel inside the package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lab_engine.errors import ContentError, InfralabError

if TYPE_CHECKING:
    from lab_engine.course.lab import Lab, Variables
    from lab_engine.course.seed import Seed

_AGAIN = "Install infralab again."


def beside(name: str, packaged: str) -> Path:
    """A folder of the kit's: in a checkout `name` beside the package, in a wheel `packaged` in it.

    Raises:
        ContentError: neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    # The clone's first: what an author has just written is what is taken.
    for root in (package.parent / name, package / packaged):
        if root.is_dir():
            return root
    raise ContentError(f"the folder {name} is not there", where=str(package), hint=_AGAIN)


def content_root() -> Path:
    """The folder of the texts. Raises ContentError when it is not there."""
    root = beside("content", "_content")
    if (root / "course.toml").is_file():
        return root
    raise ContentError("the course's texts are not there", where=str(root), hint=_AGAIN)


def load_lab(slug: str, labs: str = "labs") -> Lab[Any]:
    """Import a lesson's lab.

    Raises:
        ContentError: it is not there, breaks on import, or is not called `lab`.
    """
    from lab_engine.course.lab import Lab

    name = f"{labs}.{slug.replace('-', '_')}"
    where = name.replace(".", "/")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Else the lab is there, and what it imports is not.
        if error.name in (name, labs):
            raise ContentError(
                "there is no such lab", where=where, hint=f"Make {where}/__init__.py."
            ) from None
        raise ContentError(f"cannot be imported: {error}", where=where) from error
    except InfralabError as error:
        raise ContentError(error.message, where=where, hint=error.hint) from error
    except Exception as error:
        raise ContentError(
            f"cannot be imported: {type(error).__name__}: {error}", where=where
        ) from error
    lab = getattr(module, "lab", None)
    if not isinstance(lab, Lab):
        raise ContentError("has no `lab = Lab(...)`", where=where)
    if lab.slug != slug:
        raise ContentError(f"its Lab is called {lab.slug!r}, not {slug!r}", where=where)
    return lab


def lab_folder(slug: str, labs: str = "labs") -> Path:
    """The folder of a lesson's lab. Raises ContentError as `load_lab` does."""
    load_lab(slug, labs)
    module = sys.modules[f"{labs}.{slug.replace('-', '_')}"]
    return Path(str(module.__file__)).parent


def draw(lab: Lab[Any], seed: Seed) -> Variables:
    """One learner's values. Raises ContentError when the lab cannot draw them."""
    try:
        return cast("Variables", lab.variables.draw(seed))
    except InfralabError:
        raise
    except Exception as error:
        raise ContentError(
            f"Variables.draw broke: {type(error).__name__}: {error}",
            where=f"labs/{lab.slug.replace('-', '_')}",
        ) from error

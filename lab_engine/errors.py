"""Every error infralab shows to a person.

    InfralabError                what was asked, what was found; `hint` says what to do now
      UsageError                 the command line asks for something that does not exist
        WouldTake                something of the learner's would go: they must agree first
    PacksMissing                 a lesson's packs are not built: the learner must agree first
    KernelLacks                  a step needs what the kernel under its bench has not
      ContentError               a lesson's text or lab is wrong (file, place)
      ResourceError              a resource's field is wrong
      PlanError                  resources refer to each other in a circle or to nothing
      ImageError                 the bench image could not be made or found
      BenchError                 the bench could not be made, reached or removed
        DockerUnavailable        no engine, or no right to use it
      AgentError                 the agent answered with an error
        AgentLost                the connection to the agent ended
        ProtocolError            a message could not be read
        LeaseTaken               another client works in this session
        DaemonDown               a daemon inside the bench does not answer
      ProviderError              a resource could not be made, seen or removed
        ProvisionTimeout         it took longer than its limit
      CheckError                 the checker itself broke, never the learner's fault
      TeardownError              something is left

A check that fails is a verdict, not an error.
"""

from __future__ import annotations

from lab_engine.shown import shown


class InfralabError(Exception):
    """Something a person must know about.

    Args:
        message: what was asked and what was found.
        hint: what to do now.

    Both may quote what a file, a guest or an agent says: they are kept as they can be shown.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = shown(message)
        self.hint = shown(hint)
        super().__init__(self.message)


class UsageError(InfralabError):
    exit_code = 2


class WouldTake(UsageError):
    """What was asked for takes away work of the learner's, who must agree first.

    `made` and `changed` are keys such as `container/web`; `files` says where files will be.
    """

    def __init__(self, made: tuple[str, ...], changed: tuple[str, ...], files: str) -> None:
        parts = [f"what you made: {', '.join(made)}"] if made else []
        parts += [f"what you changed: {', '.join(changed)}"] if changed else []
        super().__init__(f"this takes away {'; and '.join(parts)}", hint=files)
        self.made = tuple(shown(key) for key in made)
        self.changed = tuple(shown(key) for key in changed)
        self.files = shown(files)


class PacksMissing(InfralabError):
    """A lesson needs packs that are not built, which takes minutes: the learner must agree first.

    `names` are the packs; `cost` tells MB and minutes, such as "45 MB, about 1 minute". `wanted`
    are all that the lesson wants together, also those that are there by themselves. `lacks` is for
    what doctor finds that this machine lacks for them.
    """

    exit_code = 3

    def __init__(self, names: tuple[str, ...], cost: str, wanted: tuple[str, ...] = ()) -> None:
        what = f"the pack {names[0]}" if len(names) == 1 else f"the packs {', '.join(names)}"
        beside = [name for name in wanted if name not in names]
        together = f" together with {', '.join(beside)}" if beside else ""
        so = "so " if beside else ""
        super().__init__(
            f"this needs {what}{together}, not built {so}on this machine yet: {cost}",
            hint=f"infralab setup --packs {' '.join(wanted or names)}",
        )
        self.names = names
        self.cost = cost
        self.wanted = wanted
        self.lacks: tuple[str, ...] = ()


class KernelLacks(InfralabError):
    """A step needs features that a bench cannot have from the kernel that it would run on."""


class ContentError(InfralabError):
    """A lesson cannot be loaded. `where` is `file` or `file:line`."""

    exit_code = 2

    def __init__(self, message: str, *, where: str, hint: str = "") -> None:
        super().__init__(f"{where}: {message}", hint=hint)
        self.where = where


class ResourceError(InfralabError):
    """A resource's field is wrong. `field` is its dotted path, such as `disks[0].size`."""

    exit_code = 2

    def __init__(self, message: str, *, resource: str, field: str, hint: str = "") -> None:
        super().__init__(f"{resource}, field {field}: {message}", hint=hint)
        self.resource = resource
        self.field = field


class PlanError(InfralabError):
    exit_code = 2


class ImageError(InfralabError):
    pass


class BenchError(InfralabError):
    pass


class DockerUnavailable(BenchError):
    pass


class AgentError(InfralabError):
    pass


class AgentLost(AgentError):
    pass


class ProtocolError(AgentError):
    pass


class LeaseTaken(AgentError):
    pass


class DaemonDown(AgentError):
    """`daemon` is its family's name, such as `docker`; `infralab repair` starts it again."""

    def __init__(self, message: str, *, daemon: str, hint: str = "") -> None:
        super().__init__(message, hint=hint or "Run `infralab repair` to start it again.")
        self.daemon = daemon


class ProviderError(InfralabError):
    """`resource` is the key of the resource, such as `container/web`."""

    def __init__(self, message: str, *, resource: str = "", hint: str = "") -> None:
        super().__init__(f"{resource}: {message}" if resource else message, hint=hint)
        self.resource = resource


class ProvisionTimeout(ProviderError):
    pass


class CheckError(InfralabError):
    pass


class TeardownError(InfralabError):
    pass


def unexpected(error: Exception) -> InfralabError:
    """What nobody foresaw, in words for the learner."""
    return InfralabError(
        f"unexpected {type(error).__name__}: {error}",
        hint="This is a fault in infralab, not in your work. Please report it.",
    )

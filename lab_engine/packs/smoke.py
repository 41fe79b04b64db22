"""Try a pack for real: its `smoke.sh` in a bench of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from lab_engine.bench.container import Bench, Completed
from lab_engine.course import pack
from lab_engine.packs import image

SECONDS = 300.0
# A script that ends at its first failure would say nothing otherwise.
_KEPT = "/run/smoke.sh"
_TELLS = b"""trap 'echo "failed: $BASH_COMMAND" >&2' ERR; """


def try_out(name: str, progress: Callable[[str], None] = lambda _: None) -> Completed:
    """Build the pack if need be, and run its `smoke.sh` as root in a new bench, removed afterwards.

    Its exit code is the result; 0 is well. Raises ImageError, BenchError, UsageError.
    """
    recipe = pack.chain([name])[-1]
    tag = image.ensure([name], progress)
    progress(f"trying the pack {name} in a bench")
    memory = max(recipe.pack.wants.memory, 1024) << 20
    bench = Bench.create(f"smoke-{secrets.token_hex(3)}", tag=tag, memory=memory, passing=True)
    try:
        script = (recipe.folder / "smoke.sh").read_bytes()
        # As a file, and with nothing to read: a command that reads its input would take the rest of
        # the script for it, and what was never tried would count as well.
        keep = f"cat > {_KEPT} && exec bash {_KEPT} < /dev/null"
        return bench.run(["bash", "-c", keep], stdin=_TELLS + script, timeout=SECONDS)
    finally:
        bench.remove()

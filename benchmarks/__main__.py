"""`python -m benchmarks` lists them; with names, or `all`, they run one after the other."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SHARED = ("__init__", "__main__", "measure", "place")


def listed() -> dict[str, str]:
    """Each benchmark with the first line of what it says about itself."""
    return {
        path.stem: (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]
        for path in sorted(HERE.glob("*.py"))
        if path.stem not in SHARED
    }


def main(argv: list[str]) -> int:
    known = listed()
    flags = [word for word in argv if word.startswith("-")]
    names = [word for word in argv if not word.startswith("-")]
    if not names:
        print("python -m benchmarks all|NAME... [--quick] [--json]\n")
        print("\n".join(f"  {name:<14} {about}" for name, about in known.items()))
        return 0
    if unknown := [name for name in names if name != "all" and name not in known]:
        print(f"no benchmark is called {unknown[0]}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    worst = 0
    for name in known if "all" in names else names:
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *flags], check=False)
        print(flush=True)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

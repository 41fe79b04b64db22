"""Programs that stand in for QEMU, qemu-img and ssh: processes, sockets and files as theirs.

What is tested with them is who begins, finds, ends and removes what, and when; `test_real.py` has
the real ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab_engine import settings
from lab_engine.machine import image, place
from lab_engine.machine.place import Place

QEMU = """
import json, os, socket, sys, time
words = sys.argv[1:]
with open(os.environ["STAND_IN"] + "/begun", "a") as begun:
    begun.write(f"{os.getpid()}\\n")
mode = os.environ.get("STAND_IN_QEMU", "")
if mode == "refuses":
    sys.exit("qemu: cannot set up guest memory")
open(words[words.index("-pidfile") + 1], "w").write(f"{os.getpid()}\\n")
path = words[words.index("-qmp") + 1].removeprefix("unix:").partition(",")[0]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
began = time.monotonic()
if mode == "ends":
    listener.settimeout(2)
def serve():
    line, _ = listener.accept()
    with line, line.makefile("rw") as file:
        def say(value):
            file.write(json.dumps(value) + "\\n")
            file.flush()
        say({"QMP": {}})
        for text in file:
            asked = json.loads(text)
            if asked["execute"] == "human-monitor-command":
                say({"event": "NOISE"})
                say({"return": "  TCP[HOST_FORWARD]  12  127.0.0.1 40123  10.0.2.15 22  0 0\\n"})
            elif asked["execute"] == "ringbuf-read":
                say({"return": "Kernel panic: a console line"})
            else:
                say({"return": {}})
            if asked["execute"] == "system_powerdown" and mode != "deaf":
                sys.exit(0)
while mode != "ends" or time.monotonic() - began < 1:
    try:
        serve()
    except (ConnectionError, TimeoutError):
        pass
"""

SSH = """
import os, subprocess, sys
words = sys.argv[1:]
if "-O" in words:
    sys.exit(0)
if os.environ.get("STAND_IN_SSH") == "refused":
    sys.exit("kex_exchange_identification: read: Connection reset by peer")
path = words[words.index("-L") + 1].partition(":")[0]
server = '''
import os, socket, sys, time
path, pid = sys.argv[1], int(sys.argv[2])
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
listener.settimeout(0.1)
open(path + ".ready", "w")
def alive():
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
while alive():
    try:
        line, _ = listener.accept()
        line.recv(100)
        line.sendall(b"HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\nOK")
        line.close()
    except OSError:
        pass
'''
if os.path.exists(path):
    os.unlink(path)
pid = open(os.path.dirname(path) + "/qemu.pid").read().strip()
subprocess.Popen([sys.executable, "-c", server, path, pid], stdin=subprocess.DEVNULL,
                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
import time
while not os.path.exists(path + ".ready"):
    time.sleep(0.01)
os.unlink(path + ".ready")
"""

IMAGE_TOOL = """
import sys
from pathlib import Path
paths = [word for word in sys.argv[1:] if word.startswith("/") and "disk.qcow2" not in word]
Path(paths[0]).touch()
"""


def install(folder: Path) -> Path:
    """The programs in a folder for PATH."""
    tools = folder / "tools"
    tools.mkdir()
    for name, text in (("qemu-system-x86_64", QEMU), ("ssh", SSH), ("qemu-img", IMAGE_TOOL)):
        program = tools / name
        program.write_text(f"#!{sys.executable}\n{text}")
        program.chmod(0o755)
    return tools


def made(chosen: settings.Settings) -> Place:
    """A machine as `create` leaves it, with files that stand in for a system and keys."""
    where = place.of(chosen)
    system = image.folder(where)
    system.mkdir(parents=True)
    for name in (image.DISK, image.KERNEL):
        (system / name).write_text(name)
    hashes = {name: image._hash(system / name) for name in (image.DISK, image.KERNEL)}
    (system / image.MANIFEST).write_text(json.dumps({"sha256": hashes}))
    where.docker.touch()
    where.key_disk.touch()
    return where

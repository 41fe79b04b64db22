"""Write the small images of the lessons as archives for `docker load`: `images.py FOLDER`.

They are made from Debian's static busybox, so that no registry is needed. Runs while the image is
built; the same busybox gives the same bytes.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

from lab_engine.bench import tarball

ACCOUNTS = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
GROUP = """root:x:0:
daemon:x:1:
www-data:x:33:
nobody:x:65534:
"""
FOLDERS = "bin dev etc home root tmp usr usr/bin usr/sbin var var/spool var/spool/mail var/www"
ENV = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


def busybox_layer(binary: bytes, applets: list[str]) -> bytes:
    """The whole file system of `busybox:latest` as a layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in FOLDERS.split():
            mode = {"tmp": 0o1777, "root": 0o700}.get(folder, 0o755)
            tarball.add(tar, folder, b"", mode=mode, kind=tarfile.DIRTYPE)
        tarball.add(tar, "bin/busybox", binary, mode=0o755)
        for applet in applets:
            # A link of that name would replace the program itself and point to itself.
            if applet != "busybox":
                tarball.add(
                    tar,
                    f"bin/{applet}",
                    b"",
                    kind=tarfile.LNKTYPE,
                    target="bin/busybox",
                    mode=0o755,
                )
        tarball.add(tar, "etc/passwd", ACCOUNTS.encode())
        tarball.add(tar, "etc/group", GROUP.encode())
        tarball.add(tar, "usr/bin/env", b"", kind=tarfile.SYMTYPE, target="/bin/env", mode=0o777)
    return buffer.getvalue()


def myapp_layer() -> bytes:
    """What `myapp:latest` adds: the folder that its web server serves."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tarball.add(tar, "webdata", b"", mode=0o755, kind=tarfile.DIRTYPE)
    return buffer.getvalue()


def main(folder: Path) -> None:
    """Write every image into `folder`."""
    binary = Path("/usr/bin/busybox").read_bytes()
    listed = subprocess.run(["/usr/bin/busybox", "--list"], capture_output=True, check=True)
    base = busybox_layer(binary, sorted(set(listed.stdout.decode().split())))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "busybox.tar").write_bytes(
        tarball.docker_image("busybox:latest", [base], {"Cmd": ["sh"], "Env": ENV})
    )
    config = {
        "Cmd": ["httpd", "-f", "-p", "8080", "-h", "/webdata"],
        "Env": ENV,
        "ExposedPorts": {"8080/tcp": {}},
        "Labels": {"infralab.image": "myapp"},
    }
    (folder / "myapp.tar").write_bytes(
        tarball.docker_image("myapp:latest", [base, myapp_layer()], config)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

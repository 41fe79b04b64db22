"""Files, mounts and services, for the contract suite."""

from __future__ import annotations

from lab_engine.families.files.resources import Directory, File, Mount, Tmpfs
from lab_engine.families.process.resources import HttpReady, Service, TcpReady
from tests.families.case import Case, Damage, changes

HTTP = (
    "import http.server; http.server.HTTPServer(('127.0.0.1', 18471), "
    "http.server.SimpleHTTPRequestHandler).serve_forever()"
)
CHILDREN = "sleep 1000 & (setsid sleep 1001 &) ; trap '' TERM; sleep 1002"

CASES = (
    Case(
        "file",
        File("page", path="/srv/site/deep/index.html", content="hello\n", owner="root", mode=0o640),
        damages=changes(
            "echo more >> /srv/site/deep/index.html",
            "chmod 600 /srv/site/deep/index.html",
            "chown 1:1 /srv/site/deep/index.html",
        ),
        foreign="mkdir -p /srv/site/deep; echo theirs > /srv/site/deep/index.html",
        theirs="grep -q theirs /srv/site/deep/index.html",
        shown="grep -qx hello /srv/site/deep/index.html",
    ),
    Case(
        "directory",
        Directory(
            "site",
            path="/srv/www/site",
            files={"index.html": "one", "img/a/logo.txt": "two", "empty": ""},
            owner="root",
            mode=0o751,
        ),
        damages=changes(
            "rm /srv/www/site/img/a/logo.txt",
            "echo x > /srv/www/site/index.html",
            "chmod 700 /srv/www/site",
            "rm /srv/www/site/empty; mkdir /srv/www/site/empty",
        ),
        foreign="mkdir -p /srv/www/site; echo theirs > /srv/www/site/mine",
        theirs="grep -q theirs /srv/www/site/mine",
        shown="grep -qx two /srv/www/site/img/a/logo.txt",
    ),
    Case(
        "mount",
        Mount("web", source="/srv/data", target="/srv/shown/here"),
        damages=changes("mount -o remount,bind,ro /srv/shown/here"),
        foreign="mkdir -p /srv/shown/here; mount -t tmpfs theirs /srv/shown/here",
        theirs="findmnt -n -o SOURCE /srv/shown/here | grep -q theirs",
        before="mkdir -p /srv/data; echo data > /srv/data/file",
        shown="grep -qx data /srv/shown/here/file",
    ),
    Case(
        "mount-read-only-file",
        Mount("conf", source="/srv/one.conf", target="/srv/etc/two.conf", read_only=True),
        damages=changes("mount -o remount,bind,rw /srv/etc/two.conf"),
        before="echo one > /srv/one.conf",
        shown="grep -qx one /srv/etc/two.conf; ! touch /srv/etc/two.conf",
    ),
    Case(
        "tmpfs",
        Tmpfs("cache", target="/srv/cache", size="64k", mode=0o1777),
        damages=changes(
            "mount -o remount,size=128k /srv/cache",
            "mount -o remount,ro /srv/cache",
            Damage("chmod 700 /srv/cache", listed=False),
        ),
        foreign="mkdir -p /srv/cache; mount -t tmpfs theirs /srv/cache",
        theirs="findmnt -n -o SOURCE /srv/cache | grep -q theirs",
        shown="df --output=fstype,size /srv/cache | grep -q 'tmpfs *64'",
    ),
    Case(
        "service",
        Service(
            "web",
            argv=("python3", "-c", HTTP),
            user="root",
            cwd="/srv",
            ready=HttpReady(18471),
        ),
        damages=changes(
            Damage("kill -STOP $(pgrep -f '1847[1]')", listed=False),
            Damage("kill $(pgrep -f '1847[1]'); sleep 0.1", leaves="gone"),
        ),
        shown="curl -sf http://127.0.0.1:18471/",
    ),
    Case(
        "service-with-children",
        Service("tree", argv=("sh", "-c", CHILDREN), user="nobody"),
        shown="pgrep -u nobody -f 'sleep 100[02]'",
    ),
    Case(
        "service-tcp",
        Service(
            "port",
            argv=(
                "python3",
                "-c",
                "import socket, time; s = socket.create_server(('127.0.0.1', 18472)); "
                "time.sleep(1000)",
            ),
            user="nobody",
            env={"WORD": "a b"},
            ready=TcpReady(18472),
            log="/srv/log/port.log",
        ),
        shown="ss -Hltn sport = 18472 | grep -q 127.0.0.1",
    ),
)

"""Statements about TLS: whose certificate, who vouches for it, and who is refused."""

from __future__ import annotations

import pytest

from lab_engine.authoring import See, require_tls
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

WORK = "/home/learner/work"
KEYS = (
    "ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key "
    "-out $1.pem -days 9 -subj /CN=$2 2>/dev/null; }; "
    "leaf() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key "
    "-out $1.csr -subj /CN=$1 2>/dev/null; openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key "
    "-days ${3:-9} -out $1.pem -extfile <(echo subjectAltName=DNS:$1) 2>/dev/null; }; "
    "ca ours Ours; ca theirs Theirs; leaf shop.test ours; leaf bank.test ours; leaf me ours; "
    "leaf stranger theirs; leaf old ours 0"
)
END = "sudo pkill -x openssl || true; sudo pkill -xf 'python3 -m http.server 8443' || true"


def serve(name: str, more: str = "") -> str:
    return (
        f"setsid -f openssl s_server -accept 8443 -cert {name}.pem -key {name}.key -www {more} "
        ">/dev/null 2>&1; until ss -Hltn 'sport = 8443' | grep -q .; do sleep 0.05; done"
    )


PLAIN = (
    "setsid -f python3 -m http.server 8443 >/dev/null 2>&1; "
    "until ss -Hltn 'sport = 8443' | grep -q .; do sleep 0.05; done"
)
MUTUAL = serve("shop.test", "-CAfile ours.pem -Verify 2 -verify_return_error")


async def shop(see: See) -> None:
    await require_tls(
        see, "127.0.0.1", 8443, name="shop.test", ca=f"{WORK}/ours.pem", issuer="Ours"
    )


async def member(see: See) -> None:
    await require_tls(see, "127.0.0.1", 8443, certificate=f"{WORK}/me.pem", key=f"{WORK}/me.key")


async def stranger(see: See) -> None:
    await require_tls(
        see, "127.0.0.1", 8443, certificate=f"{WORK}/stranger.pem", key=f"{WORK}/stranger.key",
        refused=True,
    )  # fmt: skip


async def nobody(see: See) -> None:
    await require_tls(see, "127.0.0.1", 8443, refused=True)


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (shop, serve("shop.test"), "pass"),
        (shop, serve("shop.test", "-tls1_2"), "pass"),
        (shop, serve("bank.test"), "other-name"),
        (shop, f"leaf shop.test theirs; {serve('shop.test')}", "not-trusted"),
        (shop, f"ca theirs Ours; leaf shop.test theirs; {serve('shop.test')}", "not-trusted"),
        (shop, PLAIN, "no-tls"),
        (shop, "true", "no-server"),
        (shop, MUTUAL, "refused-us"),
        (shop, f"{serve('shop.test')}; rm ours.pem; mkfifo ours.pem", "not-trusted"),
        (member, MUTUAL, "pass"),
        (member, f"leaf me theirs; {MUTUAL}", "refused-us"),
        (stranger, MUTUAL, "pass"),
        (stranger, serve("shop.test"), "let-in"),
        (stranger, "true", "no-server"),
        (nobody, MUTUAL, "pass"),
        (nobody, serve("shop.test"), "let-in"),
        (nobody, PLAIN, "no-tls"),
    ],
)
async def test_tls(stage: Stage, statement: object, script: str, reason: str) -> None:
    try:
        await stage.type(f"{KEYS}; {script}")
        assert await stage.reason(statement) == reason  # type: ignore[arg-type]
    finally:
        await stage.type(END)

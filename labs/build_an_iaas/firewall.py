"""Who may ask for what: a table of the provider's own in the packet filter."""

from __future__ import annotations

from lab_engine.authoring import (
    FirewallProbe,
    FirewallRule,
    HttpProbe,
    HttpReading,
    Look,
    See,
    by_hand,
    guest,
    host,
    require,
)
from labs.build_an_iaas.values import (
    ADMIN,
    OUTSIDE,
    UPDATES,
    VISITOR,
    Values,
    lab,
    machines,
    on_them,
    outside,
)

PATIENCE = 4.0
"""Seconds for each answer: an emulated guest may take its time, and who is slow is not refused."""

step = lab.step(
    "firewall",
    daemons=("libvirt",),
    resources=lambda v: [*machines(v), *outside(v)],
    touches=on_them,
)


def found(page: HttpReading) -> str:
    return page.problem or f"status {page.status}"


def asks_for_state(rule: FirewallRule) -> bool:
    """Whether a rule looks at the conversation that a packet belongs to, as `ct state` does."""
    asked = (one.get("match", {}).get("left") for one in rule.expressions)
    return any(isinstance(left, dict) and "ct" in left for left in asked)


@step.check("firewall", points=4, settle=1.0)
async def firewall(see: See, v: Values) -> None:
    before = await see.before(FirewallProbe())
    at = list(v.addresses.values())
    urls = [f"http://{address}:{{}}/" for address in at]
    visitor = host(OUTSIDE)
    updates = f"http://{VISITOR}:{UPDATES}/"
    # One moment: else a learner's next command could be judged against the last one's state.
    filters, *pages = await see(
        FirewallProbe(),
        *(HttpProbe(url.format(80), visitor, PATIENCE) for url in urls),
        *(HttpProbe(url.format(ADMIN), visitor, PATIENCE) for url in urls),
        *(HttpProbe(url.format(ADMIN), seconds=PATIENCE) for url in urls),
        *(HttpProbe(updates, guest(name), PATIENCE) for name in v.names),
    )
    web, admin, own, fetched = (pages[i : i + 2] for i in (0, 2, 4, 6))
    run = f"sudo ip netns exec {OUTSIDE} curl -sm 2"
    new = [rule for rule in filters.rules if rule not in before.rules]
    hooks = {rule.hook for rule in new if rule.hook}
    for page, url in zip(admin, urls, strict=True):
        require(
            not page.ok or hooks != {"input"},
            "other-hook",
            expected=f"From outside, {url.format(ADMIN)} does not answer.",
            observed="It does. There are new rules, but none at the hook forward.",
            look="sudo nft list ruleset",
        )
        require(
            not page.ok or not hooks or "forward" in hooks,
            "not-forwarded",
            expected=f"From outside, {url.format(ADMIN)} does not answer.",
            observed=f"It does. The new rules are at another hook: {', '.join(sorted(hooks))}.",
            look="sudo nft list ruleset",
        )
        require(
            not page.ok,
            "admin-open",
            expected=f"From outside, {url.format(ADMIN)} does not answer.",
            observed=f"It answers {page.body.strip()[:40]!r}.",
            look=f"{run} {url.format(ADMIN)}",
        )
    for page, url in zip(web, urls, strict=True):
        require(
            page.ok,
            "web-closed",
            expected=f"From outside, {url.format(80)} answers.",
            observed=f"It does not: {found(page)}.",
            look=f"{run} {url.format(80)} || true",
        )
    for page, url in zip(own, urls, strict=True):
        require(
            page.ok,
            "admin-dead",
            expected=f"From the bench, {url.format(ADMIN)} answers.",
            observed=f"It does not: {found(page)}.",
            look=f"curl -sm 2 {url.format(ADMIN)} || true",
        )
    remembers = any(asks_for_state(rule) for rule in new if rule.hook == "forward")
    for page, name in zip(fetched, v.names, strict=True):
        require(
            page.ok or not remembers,
            "not-let-out",
            expected=f"{name} can read {updates}.",
            observed=f"It cannot: {found(page)}. But a rule of yours lets answers in.",
            look=Look(f"wget -T 2 -qO- {updates} || true", console=name),
        )
        require(
            page.ok,
            "no-updates",
            expected=f"{name} can read {updates}.",
            observed=f"It cannot: {found(page)}.",
            look=Look(f"wget -T 2 -qO- {updates} || true", console=name),
        )
    # A machine that is very slow at this moment is no firewall.
    require(
        new,
        "no-rule",
        expected="A rule of yours decides who is answered.",
        observed="The packet filter has no rule that was not there before.",
        look="sudo nft list ruleset",
    )


def table(v: Values, *rules: str, hook: str = "forward", policy: str = "accept") -> str:
    lines = "\n".join(f"    {rule}" for rule in rules)
    return (
        f"cat > {v.tenant}.nft <<'END'\n"
        f"table inet {v.tenant} {{\n"
        "  chain guard {\n"
        f"    type filter hook {hook} priority 0; policy {policy};\n"
        f"{lines}\n"
        "  }\n"
        "}\n"
        "END"
    )


def load(v: Values) -> str:
    return f"sudo nft -f {v.tenant}.nft"


def subnet(v: Values) -> str:
    return f"10.{v.net}.0.0/24"


ANSWERS = "ct state established,related accept"


def web(v: Values) -> str:
    return f"ip daddr {subnet(v)} tcp dport 80 accept"


def rest(v: Values) -> str:
    return f'oifname "{v.bridge}" counter reject'


step.solution(
    "a table from a file",
    lambda v: [table(v, ANSWERS, web(v), rest(v)), load(v)],
)
step.solution(
    "rule by rule",
    lambda v: [
        f"sudo nft add table ip {v.tenant}",
        f"sudo nft 'add chain ip {v.tenant} guard {{ type filter hook forward priority 10; }}'",
        f"sudo nft add rule ip {v.tenant} guard oifname {v.bridge} {ANSWERS}",
        f"sudo nft add rule ip {v.tenant} guard oifname {v.bridge} tcp dport != 80 drop",
    ],
    explained={2: ["no-updates"]},
)
step.solution(
    "the one port alone",
    lambda v: [
        f"sudo iptables -I FORWARD -d {subnet(v)} -p tcp --dport {ADMIN} -j REJECT",
    ],
)
step.near_miss(
    "at the wrong hook",
    lambda v: [table(v, ANSWERS, web(v), rest(v), hook="input"), load(v)],
    rejected_by="firewall",
    reason="other-hook",
    explain="`input` is for what is meant for the bench itself. What it passes on to a machine "
    "goes through `forward`.",
)
step.near_miss(
    "at the hook for what the bench sends",
    lambda v: [table(v, ANSWERS, web(v), rest(v), hook="output"), load(v)],
    rejected_by="firewall",
    reason="not-forwarded",
)
step.near_miss(
    "the answers forgotten",
    lambda v: [table(v, web(v), rest(v)), load(v)],
    rejected_by="firewall",
    reason="no-updates",
    explain="What a machine asks of the outside is answered, and the answer comes in as well. A "
    "filter that lets in port 80 alone takes the line with `ct state` before it.",
)
step.near_miss(
    "the questions forgotten",
    lambda v: [table(v, ANSWERS, web(v), policy="drop"), load(v)],
    rejected_by="firewall",
    reason="not-let-out",
    explain="Answers may come in, but the question does not get out: it is a new connection, from "
    "the bridge to the outside. With the policy `drop` it takes a rule of its own.",
)
step.near_miss(
    "nothing but new connections to port 80",
    lambda v: [table(v, web(v), policy="drop"), load(v)],
    rejected_by="firewall",
    reason="web-closed",
)
step.near_miss(
    "everything closed",
    lambda v: [table(v, ANSWERS, rest(v)), load(v)],
    rejected_by="firewall",
    reason="web-closed",
)
step.near_miss(
    "one of two",
    lambda v: [
        f"sudo iptables -I FORWARD -d {v.addresses[v.one]} -p tcp --dport {ADMIN} -j REJECT",
    ],
    rejected_by="firewall",
    reason="admin-open",
)
step.near_miss(
    "another bridge",
    lambda v: [table(v, ANSWERS, web(v), 'oifname "virbr0" counter reject'), load(v)],
    rejected_by="firewall",
    reason="admin-open",
)
step.near_miss(
    "the servers stopped",
    lambda v: [
        by_hand.in_guest(
            name,
            f"for p in $(pidof httpd); do grep -q {ADMIN} /proc/$p/cmdline && kill $p; done",
        )
        for name in v.names
    ],
    rejected_by="firewall",
    reason="admin-dead",
    explain="Nobody can reach what does not run, the customer's own people included. A firewall "
    "tells who asks.",
)

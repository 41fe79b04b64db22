"""Runs the commands with which evidence is to be seen: each must do what it promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lab_engine.common.evidence import Evidence
from lab_engine.common.patience import patient
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError
from lab_engine.families.libvirt.probes.guest import GuestCommandProbe, GuestCommandReading
from lab_engine.session.check import Inquiry
from lab_engine.session.session import Session

LIMIT: Final = patient(20.0)
"""Seconds that a look may take. A person does not wait longer to see why."""


class Looks:
    """Looks as the learner does, in one session. The same evidence is looked at once a step."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._step = ""
        self._seen: set[Evidence] = set()

    async def problems(self, verdicts: Iterable[Verdict]) -> list[str]:
        """What is wrong with the commands that these verdicts name."""
        if self._step != self._session.step_name:
            self._step, self._seen = self._session.step_name, set()
        problems = []
        for verdict in verdicts:
            evidence = verdict.evidence
            if evidence and evidence.look and evidence not in self._seen:
                self._seen.add(evidence)
                if problem := await self._problem(evidence):
                    problems.append(f"the look of {verdict.task} ({evidence.reason}) {problem}")
        return problems

    async def _problem(self, evidence: Evidence) -> str:
        try:
            code, output = await self._run(evidence)
        except InfralabError as error:
            return f"`{evidence.look}`: {error.message}"
        if (code != 0) is evidence.look_fails:
            return ""
        wanted = "is said to fail, but ends" if evidence.look_fails else "ends"
        return f"`{evidence.look}` {wanted} with {code}: {output.strip()[-200:]}"

    async def _run(self, evidence: Evidence) -> tuple[int, str]:
        """The exit code of the look, and what it printed. Raises InfralabError."""
        if not evidence.console:
            # Strict: of two commands in one line, the first must work as well.
            ran = await self._session.script([evidence.look], limit=LIMIT)
            return ran.exit_code, ran.output
        # Nobody types on the console in a proof; root at the guest agent sees the same.
        see = Inquiry(self._session.ask, None)
        words = ("/bin/sh", "-c", evidence.look)
        told: GuestCommandReading = await see(GuestCommandProbe(evidence.console, words, LIMIT))
        if not told.ran:
            raise InfralabError(f"the guest of {evidence.console} does not answer")
        return told.code, told.out + told.err

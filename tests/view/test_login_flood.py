"""A flood of logins: pages that are open go on, and who has the password gets in."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from inspector.view.access.passwords import Cost
from tests.view.people import Browser, users_file
from tests.view.serving import Page, configured, serving

_SECONDS = 1.0
_COST = Cost(1 << 14, 8, 1)


def test_pages_go_on_while_logins_come_by_the_hundred(tmp_path: Path) -> None:
    users = users_file(tmp_path, ana="operator", cost=_COST)
    with serving(configured(f"ipc://{tmp_path}/nobody", users=str(users))) as viewer:
        ana = Browser(viewer)
        assert ana.login("ana").status == 200
        with Page(viewer, ana.cookie) as page:
            page.take()
            flood = subprocess.Popen(
                [sys.executable, "-m", "tests.view.login_flood", str(viewer.port), "150", str(_SECONDS)],
                stdout=subprocess.PIPE,
                text=True,
            )
            gaps_s = []
            last_s = time.monotonic()
            while flood.poll() is None:
                page.take()
                gaps_s.append(time.monotonic() - last_s)
                last_s += gaps_s[-1]
            told = json.loads(flood.communicate()[0])
        assert told["per_s"] > 100, told
        assert set(told["answers"]) <= {"401", "429"}, told
        assert told["answers"]["429"] > 10, "those for whom there is no time are told to come again"
        assert max(gaps_s) < 1.0, "ten a second where nothing else wants the processor"
        assert sum(gaps_s) / len(gaps_s) < 0.3

#!/usr/bin/env bash
# Packages: workalendar 17.0.0, holidays 0.109, pyworkdates 0.1.0: Norwegian working days.
# Expected: the working days from one date to another are one number; Christmas Eve is a working day by law (the Act on public
#   holidays does not name it), as in the first two.
# Seen: from a Monday to the Friday of the same week: 4 in workalendar (the last day counts, the first does not), 5 in the others.
#   From the Saturday before to that Friday all say 5, so that a check on such a spell finds nothing. pyworkdates' built-in
#   calendar takes Christmas Eve for a holiday: 252 working days in 2026 against 253. Sick-leave and benefit days differ.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check workalendar==17.0.0 holidays==0.109 pyworkdates==0.1.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
from datetime import date
import holidays, pyworkdates
from workalendar.europe import Norway

def count(first, last):
    return Norway().get_working_days_delta(first, last), holidays.Norway().get_working_days_count(first, last), len(pyworkdates.workdays_between(first, last))

week, from_saturday, year = count(date(2026, 3, 2), date(2026, 3, 6)), count(date(2026, 2, 28), date(2026, 3, 6)), count(date(2026, 1, 1), date(2026, 12, 31))
eve = date(2026, 12, 24)
works = Norway().is_working_day(eve), holidays.Norway().is_working_day(eve), pyworkdates.is_workday(eve)
print("workalendar, holidays, pyworkdates: Monday to Friday", week, "| Saturday to Friday", from_saturday, "| 2026", year, "| 24 December", works)
assert week == (4, 5, 5) and from_saturday == (5, 5, 5)
assert year == (253, 253, 252) and works == (True, True, False)
PY

#!/usr/bin/env bash
# Packages: python-stdnum 2.2 and norwegian-numbers 1.0.2.
# Expected: synthetic persons of the Norwegian Tax Administration's test register have a month raised by 80 and the usual
#   check digits (the agency's documentation of test data), so a checker for files of test persons takes them; and a checker
#   refuses a number whose first six digits are no date.
# Seen: python-stdnum refuses the test register's numbers (it knows months raised by 40 only). norwegian-numbers takes them, but it
#   takes day 99 of month 99 too: it checks the two check digits and nothing else. Numbers here are made in the script; month 88 or 99
#   belongs to no person.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-stdnum==2.2 norwegian-numbers==1.0.2 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import norwegian_numbers, stdnum.no.fodselsnummer as stdnum_no

def first_valid(six):
    for serial in range(500):
        try:
            return norwegian_numbers.make_birth_number(f"{six}{serial:03d}")
        except ValueError:
            pass

test_person, no_date = first_valid("158890"), first_valid("999990")
for what, number in {"test person": test_person, "no date": no_date}.items():
    print(what, "python-stdnum:", stdnum_no.is_valid(number), "norwegian-numbers:", norwegian_numbers.verify_birth_number(number))
assert not stdnum_no.is_valid(test_person) and norwegian_numbers.verify_birth_number(test_person)
assert norwegian_numbers.verify_birth_number(no_date)
PY

#!/usr/bin/env bash
# How long `asof list` takes over ten years of days: benches/list.sh [PATH-OF-ASOF]
#
# Makes an archive of 3,650 days as the format describes it, with ledger lines and folders and
# nothing in them, since a list opens no day. Prints medians beside the start-up time; the
# numbers are for people, and nothing here is a test.
set -euo pipefail

runs=${RUNS:-31}
here=$(cd "$(dirname "$0")/.." && pwd)
asof=${1:-}
if [ -z "$asof" ]; then
  cargo build --release --quiet --manifest-path "$here/Cargo.toml"
  asof=${CARGO_TARGET_DIR:-$here/target}/release/asof
fi
asof=$(readlink -f "$asof")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 - "$work" <<'PYTHON'
import datetime, hashlib, json, os, sys
work = sys.argv[1]
archive = os.path.join(work, "snapshots")
os.makedirs(archive)
text = json.dumps({"format": "asof.archive/1", "id": "a50fa50f-0000-4000-8000-000000000002", "created_at": "2016-01-01T00:00:00Z"}) + "\n"
open(os.path.join(archive, "archive.json"), "w").write(text)
before = hashlib.sha256(text.encode()).hexdigest()
some = hashlib.sha256(b"").hexdigest()
with open(os.path.join(archive, "ledger.jsonl"), "w") as ledger:
    for n in range(3650):
        day = datetime.date(2016, 1, 1) + datetime.timedelta(n)
        at = f"{day + datetime.timedelta(1)}T08:05:00Z"
        line = json.dumps({
            "seq": n + 1, "at": at, "prev": before, "kind": "snapshot", "date": str(day), "edition": 1,
            "provenance": "witnessed", "captured_at": at, "manifest": some, "definitions": some,
            "headline": {f"metric_{k}": 1000 + n * k for k in range(12)}, "trigger": "save", "asof": "0.1.0",
        }, separators=(",", ":"))
        before = hashlib.sha256(line.encode()).hexdigest()
        ledger.write(line + "\n")
        os.mkdir(os.path.join(archive, str(day)))
metrics = "\n".join(f'metric_{k} = {{ of = "calls", count = true }}' for k in range(12))
open(os.path.join(work, "asof.toml"), "w").write(f'''
source = {{ url = "sqlite:none.db" }}
calendar = {{ time_zone = "UTC" }}
events.calls = {{ table = "calls", time = "at", time_is = "utc" }}
[metrics]
{metrics}
''')
PYTHON

took() {
  local from=${EPOCHREALTIME/./} to
  "$@" >/dev/null
  to=${EPOCHREALTIME/./}
  awk -v us=$((to - from)) 'BEGIN { printf "%.2f\n", us / 1000 }'
}
median() { for _ in $(seq "$runs"); do took "$@"; done | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
export ASOF_CONFIG="$work/asof.toml"
echo "list of 3,650 days:  $(median "$asof" list) ms"
echo "the same as JSON:    $(median "$asof" list --json) ms"
echo "start-up:            $(median "$asof" --version) ms"

#!/usr/bin/env bash
# How long `asof save` takes for a day of 20,000 calls, against what MariaDB's own client
# takes for the same SQL on the same server: benches/save.sh [PATH-OF-ASOF]
#
# Starts a MariaDB of its own, fills it, measures both in turn, prints medians and their
# ratio, the peak memory of a save, and the start-up time. Nothing here is a test: the
# numbers are for people. Without a path, a release binary is built.
set -euo pipefail

runs=${RUNS:-11}
here=$(cd "$(dirname "$0")/.." && pwd)
asof=${1:-}
if [ -z "$asof" ]; then
  cargo build --release --quiet --manifest-path "$here/Cargo.toml"
  asof=${CARGO_TARGET_DIR:-$here/target}/release/asof
fi
asof=$(readlink -f "$asof")

for program in mariadbd mariadb mariadb-install-db python3; do
  command -v "$program" >/dev/null || { echo "$program is missing: install mariadb-server and python3" >&2; exit 1; }
done

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

as_user=()
if [ "$(id -u)" = 0 ]; then as_user=(--user=root); fi
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# A folder of its own for temporary tables, too: a server that starts deletes what it finds there.
start_server() {
  mkdir "$work/tmp"
  mariadb-install-db --no-defaults "${as_user[@]}" --datadir="$work/data" --auth-root-authentication-method=normal >"$work/install.log" 2>&1
  port=$(free_port)
  mariadbd --no-defaults "${as_user[@]}" --datadir="$work/data" --tmpdir="$work/tmp" --socket="$work/s.sock" \
    --port="$port" --bind-address=127.0.0.1 --pid-file="$work/pid" >"$work/server.log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    if sql -e 'select 1' >/dev/null 2>&1; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "MariaDB did not start:" >&2; tail -5 "$work/server.log" >&2; exit 1
}
sql() { mariadb --no-defaults --socket="$work/s.sock" --user=root --default-character-set=utf8mb4 "$@"; }

fill() {
  sql -e "create database bench character set utf8 collate utf8_unicode_ci;
          create user bench@'127.0.0.1' identified by 'bench'; grant select on bench.* to bench@'127.0.0.1'"
  sql bench <"$here/tests/support/vicidial.sql"
  sql bench <"$here/benches/data.sql"
}

configure() {
  mkdir "$work/run"
  sed "s|^url = .*|url = \"mysql://bench@127.0.0.1:$port/bench\"|" "$here/presets/vicidial.toml" >"$work/run/asof.toml"
  export ASOF_SOURCE_PASSWORD=bench ASOF_NOW=2025-11-07T12:00:00Z ASOF_CONFIG="$work/run/asof.toml"
}

# All statements of a save of a day, with their values written in, as the client can run them.
sql_of_save() { "$asof" check --sql "$1"; }

by_asof() { "$asof" save "$day" >/dev/null; }
# An archive as it is on any night but the first: it has a day, and not the one that is measured.
renew() { rm -rf "$work/run/snapshots"; cp -r "$work/run/template" "$work/run/snapshots"; }
# Over TCP and as the same user, as asof does it.
by_client() {
  mariadb --no-defaults --host=127.0.0.1 --port="$port" --user=bench --password=bench --default-character-set=utf8mb4 \
    --batch --skip-column-names --quick bench <"$work/$day.sql" >/dev/null
}

# Milliseconds that a command takes.
took() {
  local from=${EPOCHREALTIME/./} to
  "$@"
  to=${EPOCHREALTIME/./}
  awk -v us=$((to - from)) 'BEGIN { printf "%.2f\n", us / 1000 }'
}
median() { sort -g | awk '{ v[NR] = $1 } END { printf "%.1f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# Megabytes at most; what Python needs to start a program, about 13, is the least this can tell.
peak_memory() {
  python3 - "$@" <<'PYTHON'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.1f}")
PYTHON
}

start_server
fill
configure

ASOF_NOW=2025-11-04T12:00:00Z "$asof" save >/dev/null
mv "$work/run/snapshots" "$work/run/template"

printf '%-12s %-18s %10s %10s %7s\n' day rows 'asof ms' 'client ms' ratio
for pair in '2025-11-04 archived' '2025-11-05 live+archived' '2025-11-06 live'; do
  read -r day kind <<<"$pair"
  sql_of_save "$day" >"$work/$day.sql"
  renew; by_asof; by_client   # once to warm up
  : >"$work/asof.ms"; : >"$work/client.ms"
  for _ in $(seq "$runs"); do
    renew; took by_asof >>"$work/asof.ms"
    took by_client >>"$work/client.ms"
  done
  a=$(median <"$work/asof.ms"); c=$(median <"$work/client.ms")
  printf '%-12s %-18s %10s %10s %7s\n' "$day" "$kind" "$a" "$c" "$(awk -v a="$a" -v c="$c" 'BEGIN { printf "%.2f", a / c }')"
done

day=2025-11-06
renew
echo "peak memory of a save: $(peak_memory "$asof" save "$day") MB"
for _ in $(seq 31); do took "$asof" --version; done | grep -E '^[0-9.]+$' | median | sed 's/^/start-up, median: /; s/$/ ms/'

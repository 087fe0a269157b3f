# What the benches share: the program, a MariaDB of their own, times and memory. To be sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

# Sets asof: the program at this path; without one a release binary is built.
find_asof() {
  asof=${1:-}
  if [ -z "$asof" ]; then
    cargo build --release --quiet --manifest-path "$here/Cargo.toml"
    asof=${CARGO_TARGET_DIR:-$here/target}/release/asof
  fi
  asof=$(readlink -f "$asof")
}

# Ends the bench unless all of these programs are there.
need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || { echo "$program is missing: install mariadb-server and python3" >&2; exit 1; }
  done
}

as_user=()
if [ "$(id -u)" = 0 ]; then as_user=(--user=root); fi
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Starts a MariaDB, with these options too, and makes the database `bench` with the tables of VICIDIAL.
# A folder of its own for temporary tables: a server that starts deletes what it finds there.
start_server() {
  mkdir "$work/tmp"
  mariadb-install-db --no-defaults "${as_user[@]}" --datadir="$work/data" --auth-root-authentication-method=normal >"$work/install.log" 2>&1
  port=$(free_port)
  mariadbd --no-defaults "${as_user[@]}" --datadir="$work/data" --tmpdir="$work/tmp" --socket="$work/s.sock" \
    --port="$port" --bind-address=127.0.0.1 --pid-file="$work/pid" "$@" >"$work/server.log" 2>&1 &
  server=$!
  local up=
  for _ in $(seq 100); do
    if sql -e 'select 1' >/dev/null 2>&1; then up=1; break; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  if [ -z "$up" ]; then echo "MariaDB did not start:" >&2; tail -5 "$work/server.log" >&2; exit 1; fi
  sql -e "create database bench character set utf8 collate utf8_unicode_ci;
          create user bench@'127.0.0.1' identified by 'bench'; grant select on bench.* to bench@'127.0.0.1'"
  sql bench <"$here/tests/support/vicidial.sql"
}

# The client as root.
sql() { mariadb --no-defaults --socket="$work/s.sock" --user=root --default-character-set=utf8mb4 "$@"; }

# The client as asof connects: over TCP, as a user who can read. SQL comes in, rows go out.
client() {
  mariadb --no-defaults --host=127.0.0.1 --port="$port" --user=bench --password=bench --default-character-set=utf8mb4 \
    --batch --skip-column-names --quick bench
}

# Milliseconds that a command takes.
took() {
  local from=${EPOCHREALTIME/./} to
  "$@" >/dev/null
  to=${EPOCHREALTIME/./}
  awk -v us=$((to - from)) 'BEGIN { printf "%.2f\n", us / 1000 }'
}

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# A program's milliseconds, and its megabytes at most; what Python needs to start a program, about 13, is
# the least this can tell.
measured() {
  python3 - "$@" <<'PYTHON'
import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
took = time.monotonic() - began
print(f"{took * 1000:.2f} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.1f}")
PYTHON
}

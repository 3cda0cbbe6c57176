# What the system tests share: a folder of their own, a host to start and end, commands whose answer is
# looked at, and words for failure. Sourced with BUILD and SOURCE in the environment. Every wait is for
# something that can be seen.
set -euo pipefail

: "${BUILD:?the build folder}" "${SOURCE:?the source folder}"
TEND=$BUILD/tend
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tend-system-XXXXXX")
export TEND_SOCKET=$WORK/tend.sock
export TMPDIR=$WORK NO_COLOR=1
export XDG_RUNTIME_DIR=$WORK XDG_DATA_HOME=$WORK/share # never the user's own host
HOST_PID= COMMAND= STATUS=0
mkfifo "$WORK/ready" "$WORK/never"
exec {NEVER}<>"$WORK/never" # nobody ever writes to it

show() { # TITLE FILE
    [ ! -s "$2" ] || { echo "--- $1" && tail -n "${3:-20}" "$2"; } >&2
}

fail() {
    trap - ERR
    echo "FAILED: $*" >&2
    [ -z "$COMMAND" ] || echo "--- the last command: tend $COMMAND (ended with $STATUS)" >&2
    show "it printed" "$WORK/out"
    show "it complained" "$WORK/err"
    show "the host's last words" "$WORK/host.log" 40
    exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
set -E

# --- waiting ------------------------------------------------------------------------------------

pause() { # SECONDS, between two looks at the same thing
    read -r -t "$1" -u "$NEVER" || true
}

# await SECONDS COMMAND...: repeat until it succeeds.
await() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || fail "never came true: $*"
        pause 0.05
    done
}

file_has() { grep -qE -- "$2" "$1"; }

# --- the host -----------------------------------------------------------------------------------

# host_launch COMMAND...: it in the background, its output in the FIFO and in $WORK/host.log; waits for
# its first line, which is kept in READY. Fails where it ends before.
host_launch() {
    "$@" >"$WORK/ready" 2>>"$WORK/host.log" &
    HOST_PID=$!
    READY=
    read -r -t 60 READY <"$WORK/ready" || true
    [[ $READY == *ready* ]]
}

# host_start FLAG...: a host that is ready, on the data of this test.
host_start() {
    host_launch "$TEND" run --data "$WORK/data" --socket "$TEND_SOCKET" "$@" ||
        fail "the host did not become ready: $READY"
}

host_lives() { grep -q "^State:.[^ZX]" "/proc/$HOST_PID/status" 2>/dev/null; } # a zombie does not

# host_stop [SIGNAL]: ends with the host's exit code.
host_stop() {
    local status=0
    kill -"${1:-TERM}" "$HOST_PID" || true
    wait "$HOST_PID" || status=$?
    HOST_PID=
    return "$status"
}

host_kill() {
    kill -KILL "$HOST_PID" 2>/dev/null || true
    wait "$HOST_PID" 2>/dev/null || true
    HOST_PID=
}

# --- commands -----------------------------------------------------------------------------------

# run ARGUMENT...: the client; its answer is in STATUS, $WORK/out and $WORK/err.
run() {
    COMMAND=$*
    STATUS=0
    "$TEND" "$@" >"$WORK/out" 2>"$WORK/err" || STATUS=$?
}

# expect CODE ARGUMENT...
expect() {
    local code=$1
    shift
    run "$@"
    [ "$STATUS" -eq "$code" ] || fail "expected exit code $code"
}

# What the last command printed, or complained, matches each pattern.
out_has() {
    local pattern
    for pattern in "$@"; do
        file_has "$WORK/out" "$pattern" || fail "nothing printed matches: $pattern"
    done
}

err_has() {
    local pattern
    for pattern in "$@"; do
        file_has "$WORK/err" "$pattern" || fail "no complaint matches: $pattern"
    done
}

out_lacks() { ! file_has "$WORK/out" "$1" || fail "something printed matches: $1"; }
out_lines() {
    local lines
    lines=$(wc -l <"$WORK/out")
    [ "$lines" -eq "$1" ] || fail "expected $1 lines, not $lines"
}
is_silent() { [ ! -s "$WORK/err" ] || fail "it complained"; }

there() { "$TEND" get "$@" -o name 2>/dev/null | grep -q .; }
not_there() { ! there "$@"; }
log_has() { file_has "$WORK/host.log" "$1"; }

field() { # KIND/NAME PATH [FLAG...]: one field of an object, by SQLite's JSON
    "$TEND" get "$1" -o json "${@:3}" >"$WORK/field.json" 2>/dev/null &&
        sqlite3 :memory: "SELECT json_extract(CAST(readfile('$WORK/field.json') AS TEXT), '\$.$2')"
}
field_is() { [ "$(field "$1" "$2" "${@:4}")" = "$3" ]; }

# --- manifests ----------------------------------------------------------------------------------

# put FILE: standard input becomes FILE at once, as an editor that writes beside and renames does.
put() {
    cat >"$WORK/put.tmp"
    mkdir -p "$(dirname "$1")"
    mv "$WORK/put.tmp" "$1"
}

lab() { # NAME [SPEC FIELD...]: "duration: 5s"
    local name=$1 one
    shift
    printf -- '---\napiVersion: lab.neuroglia.com/v1\nkind: LabInstance\n'
    printf 'metadata: {name: %s}\nspec:\n  template: t\n' "$name"
    for one in "$@"; do printf '  %s\n' "$one"; done
}

config_map() { # NAME VALUE
    printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {value: "%s"}\n' "$1" "$2"
}

# --- the end ------------------------------------------------------------------------------------

skip() { # CTest counts it as skipped
    echo "SKIPPED: $*"
    exit 77
}

clean_up() {
    local status=$?
    [ -z "$HOST_PID" ] || host_kill
    [ -z "${MOUNTED:-}" ] || umount --lazy "$MOUNTED"
    kill $(jobs -p) 2>/dev/null || true
    rm -rf "$WORK"
    exit "$status"
}
trap clean_up EXIT

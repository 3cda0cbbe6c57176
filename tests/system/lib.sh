# What the system tests share: a folder of their own, a host to start and end, and words for failure.
# Sourced with BUILD set to the build folder. Every wait is for something that can be seen.
set -euo pipefail

: "${BUILD:?the build folder}"
TEND=$BUILD/tend
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tend-system-XXXXXX")
export TEND_SOCKET=$WORK/tend.sock
HOST_PID=

fail() {
    echo "FAILED: $*" >&2
    [ ! -s "$WORK/host.log" ] || { echo "--- the host's last words" >&2; tail -n 40 "$WORK/host.log" >&2; }
    exit 1
}

# host_start FLAG...: a host in the background, ready; its output is added to $WORK/host.log.
host_start() {
    local ready=$WORK/ready
    : >"$ready"
    "$TEND" run --data "$WORK/data" --socket "$TEND_SOCKET" "$@" >"$ready" 2>>"$WORK/host.log" &
    HOST_PID=$!
    host_await_ready "$ready"
}

# Until the line with "ready" is there, or the host has ended.
host_await_ready() {
    timeout 60 tail --pid="$HOST_PID" -n +1 -f "$1" 2>/dev/null | grep -q -m 1 ready ||
        fail "the host did not become ready"
}

host_stop() {
    kill -TERM "$HOST_PID" 2>/dev/null || true
    local status=0
    wait "$HOST_PID" || status=$?
    HOST_PID=
    return "$status"
}

host_kill() {
    local child # of a tracer: it would go on alone
    for child in $(cat "/proc/$HOST_PID/task/$HOST_PID/children" 2>/dev/null); do
        kill -KILL "$child" 2>/dev/null || true
    done
    kill -KILL "$HOST_PID" 2>/dev/null || true
    wait "$HOST_PID" 2>/dev/null || true
    HOST_PID=
}

# await SECONDS COMMAND...: repeat until it succeeds.
await() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || fail "never came true: $*"
        read -r -t 0.05 <> <(:) || true
    done
}

clean_up() {
    [ -z "$HOST_PID" ] || host_kill
    rm -rf "$WORK"
}
trap clean_up EXIT

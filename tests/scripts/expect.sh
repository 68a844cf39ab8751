# For tests written in shell: counts like Check, so that scripts/test adds them up. Sourced.
# shellcheck shell=bash

checks=0
failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect WHAT COMMAND...: the command must succeed.
expect() {
    local what=$1
    shift
    checks=$((checks + 1))
    if ! "$@"; then
        failures=$((failures + 1))
        echo "FAILED: $what"
    fi
}

# finish: Check's summary line, and its status.
finish() {
    echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
    [ "$failures" -eq 0 ]
}

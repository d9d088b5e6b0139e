#!/usr/bin/env bash
# Every test but the long ones: test/run.sh PYTHON [options of pytest]
#
# Two tests run at a time, those of one file in order; of the page, which mostly wait, three. What
# measures time runs alone. All three parts run, whichever fails. A test that hangs or crashes takes
# its worker with it; one new worker goes on, so that the rest is run all the same.
#
# At most three failed tests are run once more, alone: the nodes, the browser and the tests share two
# cores, and one in thousands may be late. They are named, and each is a defect of that test.
set -uo pipefail
python=$1
shift

NONE=5 # the options chose no test of this part
FEW=3
failed=0
part() {
    echo "pytest $*"
    "$python" -m pytest "$@"
    local code=$?
    case $code in
        0 | "$NONE") ;;
        1) failed=1 ;;
        *) exit "$code" ;;
    esac
}

workers() { part --max-worker-restart 1 -n "$@"; }

workers 2 --cache-clear -m 'not long and not alone' --ignore test/web \
    --dist loadfile --no-loadscope-reorder "$@"
workers 3 -m 'not long and not alone' test/web "$@"
workers 1 -m 'not long and alone' "$@" # in a worker too: what hangs takes the process with it
[ "$failed" = 0 ] && exit 0

again=(--last-failed --last-failed-no-failures none)
late=$("$python" -m pytest "${again[@]}" --collect-only -q -p no:warnings 2>/dev/null | grep '::')
if [ "$(grep -c . <<<"$late")" -gt "$FEW" ]; then
    exit 1
fi
failed=0
part "${again[@]}" -n 1 --max-worker-restart 0 "$@"
[ "$failed" = 0 ] || exit 1
printf '\n!!! LATE ONCE, passed alone:\n%s\n' "${late:-the test above that crashed a worker}" >&2

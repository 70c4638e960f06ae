# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Shows what a long command is doing. Sourced by ./dev.

logs=build/logs
ticker=

stop_ticker() {
  [[ -n $ticker ]] || return 0
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  ticker=
  [[ ! -t 1 ]] || printf '\r\033[K'
}

# Every second on a terminal: what, for how long, and the last line of the log. Elsewhere a line a
# minute. Ends with the shell that started it.
tick() {
  local what=$1 log=$2 started=$SECONDS width
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    if [[ -t 1 ]]; then
      width=$(($(tput cols 2>/dev/null || echo 80) - ${#what} - 12))
      printf '\r\033[K%s  %d s  %.*s' "$what" $((SECONDS - started)) $((width > 0 ? width : 0)) \
        "$(tail -n 1 "$log" 2>/dev/null | tr -d '\r\033' | tr '\t' ' ')"
    elif (((SECONDS - started) % 60 == 0)); then
      printf '%s: %d s, still at work\n' "$what" $((SECONDS - started))
    fi
  done
}

# step NAME WHAT COMMAND...: the command's output goes to build/logs/NAME.log, and its last
# $tail_lines lines are shown when the command fails. Returns the command's status.
step() {
  local name=$1 what=$2 started=$SECONDS status=0
  local log=$logs/$name.log
  shift 2
  mkdir -p "$logs"
  : >"$log"
  tick "$what" "$log" &
  ticker=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  stop_ticker
  if ((status == 0)); then
    printf '%s: done, %d s\n' "$what" $((SECONDS - started))
  else
    tail -n "${tail_lines:-60}" "$log"
    printf '%s: FAILED with status %d after %d s; all of the output is in %s\n' \
      "$what" "$status" $((SECONDS - started)) "$log"
  fi
  return "$status"
}

#!/usr/bin/env bash
# make run: a synthetic operator, twelve months by hand, the newest one through Airflow, and what came of it.
# Run again it goes quickly: a month whose inputs and code have not changed is not made again.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly services=20000 months=13 seed=1
readonly source=build/twin home=home log=build/airflow.log minutes=20
retention=.venv/bin/retention

say() {
    printf '\n== %s\n' "$*"
}

make_twin() {
    local want made
    want="$services $months $seed $(cat $(find twin -name '*.py' | LC_ALL=C sort) | sha256sum)"
    made=$(cat "$source/.made" 2>/dev/null || true)
    if [ "$want" != "$made" ]; then
        rm -rf "$source"
        "$retention" twin --services $services --months $months --seed $seed --out "$source"
        printf '%s\n' "$want" >"$source/.made"
    fi
}

# One process, SQLite metadata; nobody is there to approve, so approval, release, delivery and the waits are marked as done:
# the month stays a draft until `retention run MONTH --release`.
run_through_airflow() {
    set -a
    . deploy/airflow.env
    AIRFLOW_HOME=$PWD/airflow
    AIRFLOW__CORE__DAGS_FOLDER=$PWD/dags
    RETENTION_HOME=$PWD/$home
    RETENTION_SOURCE=$PWD/$source
    set +a
    .venv/bin/airflow db migrate >"$log" 2>&1 || fail_with_log
    timeout -k 10 "${minutes}m" .venv/bin/airflow dags test retention_monthly -c "{\"month\": \"$1\"}" \
        --mark-success-pattern 'approve|release|deliver|wait_.*' >>"$log" 2>&1 &
    local run=$!
    trap 'kill $run 2>/dev/null || true' EXIT
    watch_rooms $run
    wait $run || fail_with_log
    trap - EXIT
}

# A line a room, from the log, while the run lives.
watch_rooms() {
    tail -n +1 -f --pid="$1" "$log" 2>/dev/null |
        sed -nu 's/.*\[DAG TEST\] end task task_id=\([a-z_0-9]*\) .*/   \1/p'
}

fail_with_log() {
    echo "The month did not run through Airflow. The end of $log:" >&2
    grep -v 'No tasks to run' "$log" | tail -n 40 >&2
    exit 1
}

say "A synthetic operator · 模拟运营商: $services × $months, $source"
make_twin
mapfile -t all < <(ls "$source" | grep -E '^[0-9]{4}-[0-9]{2}$' | LC_ALL=C sort)
newest=${all[-1]}

say "The months before $newest · 此前各月"
.venv/bin/python deploy/run_months.py "$home" "$source" "${all[@]:0:${#all[@]}-1}"

say "$newest through Airflow · 由 Airflow 运行 (log: $log)"
run_through_airflow "$newest"

say "KPIs of $newest · 指标"
"$retention" kpi "$newest" --home "$home"
say "Lists of $newest · 清单"
"$retention" lists "$newest" --home "$home"
say "Withheld or not computed, and the deadlines · 未放行与期限"
"$retention" status "$newest" --home "$home"
say "Workbooks · 工作簿"
"$retention" export "$newest" --out build/workbooks --home "$home"
cat <<END

The month waits for approval. Next · 本月待审批，下一步:
  $retention show dispatch_order $newest --home $home
  $retention run $newest --source $source --home $home --release
END

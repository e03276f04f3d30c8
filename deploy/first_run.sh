#!/usr/bin/env bash
# make run: a synthetic operator, the months before by hand (a champion trained, orders released and answered), the newest
# one through Airflow up to its approval, and what came of it. What is done already is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."

# The office begins with the cohort's base month; three months of orders are answered, so that success can be verified a
# month and three months on. Each of these answers makes the twin live one month more.
readonly services=10000 months=6 through=2026-05 answered=3 newest=2026-08 seed=1
# The day the newest month's orders go out: the console works them as on that day, whenever that is.
readonly worked_on=2026-09-03
readonly source=build/twin log=build/airflow.log minutes=20
retention=.venv/bin/retention
# Nobody real is behind these orders: they may go out under the key that everybody can read.
export RETENTION_DEMONSTRATION=true

say() {
    printf '\n== [%d s] %s\n' "$SECONDS" "$*"
}

# What the demonstration is made of; other code makes another one.
identify() {
    find twin models pipelines sql expectations uv.lock -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum | cut -c1-16
}

# A home of its own: months of an operator's own belong in ./home, where commands look. A demonstration made by other
# code is set aside, never mixed with this one; so is one that an earlier make run left in ./home.
choose_home() {
    readonly home=build/home
    local want made
    if [ -f home/.demonstration ]; then
        set_aside home
    fi
    want="$services $months $through $answered $seed $(identify)"
    made=$(cat "$home/.demonstration" 2>/dev/null || true)
    if [ "$want" != "$made" ]; then
        [ ! -e "$home" ] || set_aside "$home"
        rm -rf "$source"
        mkdir -p "$home"
        printf '%s\n' "$want" >"$home/.demonstration"
    fi
}

set_aside() {
    local aside
    aside="$1.before-$(date +%Y%m%d-%H%M%S)"
    mv "$1" "$aside"
    say "Made by other code, set aside: $aside · 由其他版本生成，已移开"
}

make_twin() {
    if [ ! -f "$source/truth/twin.json" ]; then
        rm -rf "$source"
        "$retention" twin --services $services --months $months --through $through --seed $seed --out "$source"
    fi
}

set_up_airflow() {
    set -a
    . deploy/airflow.env
    AIRFLOW_HOME=$PWD/airflow
    AIRFLOW__CORE__DAGS_FOLDER=$PWD/dags
    RETENTION_HOME=$PWD/$home
    RETENTION_SOURCE=$PWD/$source
    set +a
    .venv/bin/airflow db migrate >"$log" 2>&1 &
    migration=$!
}

# One process, SQLite metadata; nobody is there to approve, so approval, release, delivery and the waits are marked as done:
# the month stays a draft until `retention run MONTH --release`.
run_through_airflow() {
    wait $migration || fail_with_log
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

# The largest workbook or document of a name; nothing where there is none.
largest() {
    find build/workbooks -name "$1" -printf '%s %p\n' | sort -rn | head -n 1 | cut -d ' ' -f 2-
}

mkdir -p build
choose_home
set_up_airflow

say "1/5 A synthetic operator · 模拟运营商: $services × $months, $source"
make_twin

say "2/5 The months before $newest, a first champion, $answered months of orders answered · 此前各月、首个模型、回单"
.venv/bin/python deploy/run_months.py "$home" "$source" $answered

say "3/5 $newest through Airflow · 由 Airflow 运行 (log: $log)"
run_through_airflow $newest

say "4/5 Workbooks and documents · 工作簿与文档"
"$retention" export $newest --out build/workbooks --home "$home" >build/export.log 2>&1 &
export=$!
"$retention" lists $newest --home "$home"
"$retention" kpi $newest --home "$home"
code=0
wait $export || code=$?
cat build/export.log
[ $code -eq 0 ] || exit $code

page=$home/months/$newest/$(cat "$home/months/$newest/CURRENT")/outbox/quality.zh.html
book=$(largest "${newest}_manager_*.xlsx")
manager=${book%.xlsx} manager=${manager##*_}
paper=$(largest "${newest}_summary.pdf") # where the machine can set Chinese
say "5/5 $newest waits for approval. Open next · 本月待审批，下一步请看:"
cat <<END
   1  $book   a manager's orders · 一位客户经理的派单
   2  ${paper:-build/workbooks/${newest}_summary.docx}   the month's summary · 本月运营总结
   3  $page   what was delivered, and what was held back · 数据质量与放行
   4  $retention status $newest --home $home   versions, rooms, reasons, deadlines · 版本、环节、原因与期限

   Approve, then work an order in a browser or on a phone · 批准并放行，然后在浏览器或手机上办理派单:
      export RETENTION_DEMONSTRATION=true RETENTION_CONSOLE_TODAY=$worked_on
      $retention run $newest --source $source --home $home --release
      $retention account add wang --role manager --manager-id $manager --home $home
      $retention console --home $home

   Your own files next · 接下来用您自己的文件: README.md, README.zh-CN.md
END

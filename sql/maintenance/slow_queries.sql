-- report: statements and transactions that are open for longer than five seconds, the longest first.
-- Safe at any time: it only reads. An old transaction keeps dead rows from being vacuumed, and holds readers of events.
select
    pid,
    usename as role,
    state,
    now() - xact_start as transaction_age,
    now() - query_start as statement_age,
    wait_event_type,
    left(query, 200) as statement
from pg_stat_activity
where datname = current_database()
    and pid <> pg_backend_pid()
    and state <> 'idle'
    and now() - xact_start > interval '5 seconds'
order by xact_start;

"""The warm runner: a run begins in a fork of a process that has everything loaded.

    run_requests ─NOTIFY→ dispatcher ─creates the Dagster run→ launcher ─socket→ zygote ─fork→ worker
    Dagster's queue (UI, sensors, backfills) → daemon ───────→ launcher ─no zygote?─ a new process → worker

Nothing is imported here: the zygote sets its environment before the first library is loaded.
"""

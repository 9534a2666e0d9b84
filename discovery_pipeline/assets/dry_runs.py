"""Dry runs: a person tests a sensor in Dagster's UI, which shows what a tick would do. So nothing may be done.

Dagster doesn't say that it only tests. But no test is told when the sensor was started or when it ticked last, of which
a tick of the daemon knows at least one. Were that to change, one tick would be taken for a test, and not the next.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorExecutionData


def is_dry(context: dg.SensorEvaluationContext) -> bool:
    """Whether the tick is a test."""
    return context.last_sensor_start_time is None and context.last_tick_completion_time is None


def skipped(would: str) -> dg.SkipReason:
    """What a test answers where a tick would act."""
    return dg.SkipReason(f"A test changes nothing. {would}")


class RunEndSensor(dg.RunStatusSensorDefinition):
    """Hears how runs ended; a test of it hears of none, and leaves those that wait: its tick can be committed."""

    def evaluate_tick(self, context: dg.SensorEvaluationContext) -> SensorExecutionData:
        """As Dagster does; a test goes no further."""
        if is_dry(context):
            said = skipped("The sensor hears of runs' ends when it looks by itself.").skip_message
            return SensorExecutionData(skip_message=said, cursor=context.cursor)
        return super().evaluate_tick(context)

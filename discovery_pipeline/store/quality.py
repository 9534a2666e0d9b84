"""Quality issues: the summary of what is wrong with a flow's data. The rows themselves are listed in the artifacts."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.store import rows
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema.work import quality_issues

OPEN, RESOLVED = "open", "resolved"


async def record(session: AsyncConnection, flow_id: FlowRef, findings: Iterable[Finding]) -> None:
    """Make these the flow's open issues; what was open before is resolved."""
    flow = await rows.find(session, flow_id, lock=True)
    former = (quality_issues.c.flow_id == flow.id) & (quality_issues.c.status == OPEN)
    await session.execute(update(quality_issues).where(former).values(status=RESOLVED))
    new = [
        {
            **rows.tenant_columns(flow),
            "flow_id": flow.id,
            "table_name": finding.table,
            "column_name": finding.column,
            "dimension": finding.dimension.value,
            "severity": finding.severity.value,
            "rule": finding.rule,
            "affected_rows": finding.count,
            "example": finding.examples[0] if finding.examples else None,
            "status": OPEN,
        }
        for finding in findings
    ]
    if new:
        await session.execute(insert(quality_issues), new)

"""How files are read, over HTTP: which line names the columns, what stands above it, and what parts the cells."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints

from discovery_pipeline.engine.intake.model import Choice, Options
from discovery_pipeline.web.api.calls import FlowRef, IfMatch, The, Version, Who, expected, on_flow, tagged
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.services.flows import FlowView, view
from discovery_pipeline.web.services.layouts import LayoutView

router = APIRouter(prefix="/api/v1/data-import", tags=["Uploads"])

Part = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00]+$")]
Mark = Annotated[str, StringConstraints(max_length=4, pattern=r"^[^\x00\r\n]*$")]


class WantedLayout(Body):
    """How one part is to be read. What is left out is detected; where all of it is, the part is as it is found."""

    file: Part = Field(examples=["servers.csv"])
    sheet: Part | None = Field(default=None, description="of a workbook")
    header_line: int | None = Field(
        default=None, ge=0, le=1_000_000, description="line that names the columns; 0: none does"
    )
    header_rows: int = Field(default=1, ge=1, le=20, description="lines that name the columns together")
    first_line: int = Field(default=1, ge=1, le=1_000_000, description="where rows begin, if no line names the columns")
    delimiter: Mark | None = Field(default=None, min_length=1)
    encoding: Annotated[str, StringConstraints(max_length=40, pattern=r"^[\w.-]+$")] | None = Field(
        default=None, examples=["cp1252"]
    )
    left_out: bool = Field(default=False, description="the sheet isn't read")

    def choice(self) -> Choice:
        """As intake takes it."""
        options: dict[str, object] = {"delimiter": self.delimiter, "encoding": self.encoding}
        if self.header_line is not None:
            lines = (0, self.first_line - 1) if self.header_line == 0 else (self.header_rows, self.header_line - 1)
            options |= {"header_rows": lines[0], "skip_rows": lines[1]}
        return Choice(file=self.file, sheet=self.sheet, options=Options.model_validate(options), left_out=self.left_out)


class WantedLayouts(Body):
    """How parts are to be read; the others stay as they are."""

    parts: list[WantedLayout] = Field(min_length=1, max_length=1_000)
    version: Version = None


@router.get("/layout/{flow_id}", responses=on_flow())
async def layout(flow_id: FlowRef, who: Who, the: The, response: Response) -> LayoutView:
    """The first lines of each file and sheet as they came, and what was made of them: header, left out, rows."""
    found = await the.layout.view(who, flow_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.post("/layout/{flow_id}", responses=on_flow(409, 412, 422))
async def choose(
    flow_id: FlowRef, wanted: WantedLayouts, who: Who, the: The, response: Response, match: IfMatch = None
) -> FlowView:
    """Read files in another way: it re-opens `data_import`, and everything after it is made anew.

    It is tried first: a choice by which nothing can be read is a 422, and changes nothing. The same again changes
    nothing either.
    """
    with expected(match, wanted.version) as version:
        flow = await the.layout.choose(who, flow_id, [each.choice() for each in wanted.parts], version)
    return tagged(response, view(flow))

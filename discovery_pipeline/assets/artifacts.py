"""The one IO manager: values go into the store's artifacts by tenant, flow and stage.

A value's files are written to scratch and published with it, whole or not at all; only then does the
phase end that the asset completes. So a flow never says more than what can be read.
"""

import shutil
from pathlib import Path

import dagster as dg

from discovery_pipeline.assets import links, scratch
from discovery_pipeline.assets.desk import ENDS, Desk
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store.files.values import VALUE, Value, encoded


class ArtifactIO(dg.IOManager):
    """Keeps assets' values in the store's artifacts."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def handle_output(self, context: dg.OutputContext, obj: Value | None) -> None:
        """Publish a value with its files, then end the phase whose last asset it is."""
        if obj is None:
            return
        asset = _stage(context)
        store, flow = self.desk.store, self.desk.begun(context.partition_key)
        written = scratch.of_run(self.desk.settings.root, context.run_id) / asset
        with store.artifacts.writing(flow, asset) as folder:
            (folder / VALUE).write_text(encoded(obj, written))
            if written.is_dir():
                for item in written.iterdir():
                    shutil.move(item, folder / item.name)
        digest = store.artifacts.digest(flow, asset)
        if context.has_asset_key:
            context.step_context.set_data_version(context.asset_key, dg.DataVersion(digest or ""))
        context.add_output_metadata(self._shown(flow, asset, folder))
        if asset in ENDS:
            self._complete(flow, ENDS[asset], {"run_id": context.run_id, "content_hash": digest})

    def _complete(self, flow: Flow, phase: Phase, result: dict[str, str | None]) -> None:
        """End the phase. One that has ended stays as it is: a person made its last asset anew, alone."""
        if self.desk.flow(flow.slug).phases[phase].status is not PhaseStatus.COMPLETED:
            self.desk.store.complete_phase(flow, phase, result)

    def _shown(self, flow: Flow, asset: str, folder: Path) -> dict[str, dg.MetadataValue]:
        """Where people find the value: its files, and the page that shows it."""
        shown: dict[str, dg.MetadataValue] = {"path": dg.MetadataValue.path(str(folder))}
        if asset in links.OF_ASSETS and (page := links.page(self.desk.settings, flow, links.OF_ASSETS[asset])):
            shown["page"] = dg.MetadataValue.url(page)
        return shown

    def load_input(self, context: dg.InputContext) -> Value:
        """The newest value an asset published for the partition's flow."""
        asset = _stage(context)
        flow = self.desk.begun(context.partition_key)
        value = self.desk.value(flow, asset)
        if value is None:
            raise dg.Failure(
                f"'{asset}' has not been materialized for flow '{flow.slug}'. Materialize it first.",
                allow_retries=False,
            )
        return value


def _stage(context: dg.InputContext | dg.OutputContext) -> str:
    """Under which name a value is kept: its asset's, or within an asset, that of its step or of one of its outputs."""
    if context.has_asset_key:
        return context.asset_key.path[-1]
    made = context.upstream_output if isinstance(context, dg.InputContext) else context
    if made is None:
        raise dg.Failure("Only what another step made can be read.", allow_retries=False)
    return made.step_key.rpartition(".")[2] if made.name == "result" else made.name


@dg.io_manager(required_resource_keys={"desk"}, description="Values and files by tenant, flow and stage.")
def artifacts(context: dg.InitResourceContext) -> ArtifactIO:
    """The IO manager on the run's desk: the same one that assets use, since a desk holds the flow's lock."""
    return ArtifactIO(context.resources.desk)

"""Settings: everything the outside may choose, read once at the edge."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from discovery_pipeline.errors import SettingsError


class AgentSettings(BaseModel):
    """Which model agents ask, what it may cost, and what may be sent to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["auto", "crewai", "expert"] = Field(
        default="auto",
        description="crewai runs crews; expert runs the same playbook without CrewAI; auto takes crewai where a model "
        "is set or CrewAI is in memory already",
    )
    model: str = Field(
        default="expert",
        description="expert needs no model; else vendor/name: openai/…, anthropic/…, ollama/…, vllm/… or compatible/…",
    )
    models: dict[str, str] = Field(
        default_factory=dict, description='agents with a model of their own, as {"risk_agent": "anthropic/…"}'
    )
    api_key: SecretStr | None = Field(default=None, description="key for the vendor of the model")
    api_keys: dict[str, SecretStr] = Field(default_factory=dict, description="keys by vendor, where there are several")
    base_url: str | None = Field(default=None, description="address of the model's vendor, e.g. http://gpu:8000/v1")
    base_urls: dict[str, str] = Field(default_factory=dict, description="addresses by vendor, where there are several")
    prices: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="by model: price of a million tokens, in and out"
    )
    budget_tokens: int = Field(default=200_000, ge=0, description="tokens that the agents of one flow may use")
    budget_cost: float | None = Field(default=None, ge=0, description="what they may cost; needs the models' prices")
    budget_seconds: float = Field(default=120, gt=0, description="how long one agent may take")
    request_seconds: float = Field(default=30, gt=0, description="how long one request may take, to its last byte")
    request_bytes: int = Field(default=200_000, ge=1, description="bytes of the largest request")
    answer_bytes: int = Field(default=1_000_000, ge=1, description="bytes of the largest answer")
    allow_samples: bool = Field(
        default=False, description="send frequent values of columns that hold nothing personal, too"
    )


class Settings(BaseSettings):
    """Read from `DISCOVERY_*` and `discovery.toml`, in that order; passed on from the entry points."""

    model_config = SettingsConfigDict(
        env_prefix="DISCOVERY_",
        env_nested_delimiter="_",  # DISCOVERY_AGENTS_ENGINE is engine of [agents]
        env_nested_max_split=1,
        toml_file="discovery.toml",
        frozen=True,
        extra="ignore",
    )

    home: Path = Field(default=Path(".discovery"), description="where all state lives")
    database_url: SecretStr | None = Field(
        default=None, description="your own PostgreSQL server; without it the embedded one is used"
    )
    artifacts_url: str | None = Field(
        default=None, description="an fsspec URL (s3://, gs://, az://) where artifacts are kept; default: in the home"
    )
    deliveries_url: SecretStr | None = Field(
        default=None,
        description="an fsspec URL; the results of every flow also go there, below <client>/<engagement>/<flow>",
    )
    deltas: bool = Field(
        default=False,
        description="deliver also what is new, changed and gone since the engagement's last delivery to that target",
    )
    auto_approval: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="calibrated confidence from which an unattended run accepts a mapping",
    )
    pages_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="where people reach the pages, e.g. https://discovery.example.org, for links in Dagster and in "
        "notices; default: where `discovery up` serves them",
    )
    two_people: bool = Field(
        default=False,
        description="a mapping that a person submits needs another reviewer's approval before it is used",
    )
    two_people_engagements: str = Field(
        default="",
        pattern=r"^\s*(\d+\s*(,\s*\d+\s*)*)?$",
        description="numbers of the engagements that need two people, separated by commas, if not all do",
    )
    suggest_cells: int = Field(
        default=1_000_000,
        ge=0,
        description="flows of up to so many cells also get suggestions of statistical cleansing rules",
    )
    knowledge: Path | None = Field(
        default=None,
        description="a folder of your own dictionaries for the matcher; default: knowledge in the home, if it exists",
    )
    inbox: str | None = Field(
        default=None,
        description="the landing zone, a folder or an fsspec URL: files there, below "
        "<client>/<engagement>/<source>__<target>/, become flows",
    )
    inbox_rest_seconds: float = Field(
        default=20,
        ge=0,
        description="how long a folder of the landing zone must stay unchanged before its files are taken",
    )
    sources_cron: str = Field(default="0 2 * * *", description="when registered databases are profiled again (UTC)")
    maintenance_cron: str = Field(default="0 3 * * *", description="when maintenance runs (UTC)")
    digest_cron: str = Field(default="0 7 * * 1", description="when the digest is made and sent (UTC)")
    notify_webhook: SecretStr | None = Field(
        default=None, description="where notices are posted as JSON: waits for review, failed, delivered, drifted"
    )
    notify_smtp: SecretStr | None = Field(
        default=None, description="mail server for notices, smtp://user:password@host:587 or smtps://…"
    )
    notify_emails: str = Field(default="", description="recipients of notices by e-mail, separated by commas")
    notify_from: str = Field(default="discovery@localhost", description="sender of the e-mails")
    lineage: bool = Field(
        default=False,
        description="send the lineage of finished runs to an OpenLineage collector; needs the extra `lineage`",
    )
    engine: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="where `discovery profile` counts; spark needs the extra `spark`"
    )
    spark_master: str | None = Field(
        default=None,
        description="which Spark: local[4], spark://…, k8s://…, yarn, or sc://… for Spark Connect; default: as Spark's "
        "own configuration says",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="DuckDB's threads; default: one a core, as far as the memory limit allows 120 MB for each",
    )
    memory_limit: str = Field(
        default="500MB",
        pattern=r"(?i)^\d+(\.\d+)?\s?[kmgt]i?b$",
        description="DuckDB's memory before it spills to disk",
    )
    upload_limit: int = Field(default=2 << 30, ge=1, description="largest uploaded file, in bytes")
    rate_limit: float = Field(default=50, gt=0, description="requests a second that one token may make, on average")
    cors_origins: str = Field(
        default="",
        description="origins of browser programs that may call the API, as https://portal.example.org, separated by "
        "commas; * for every one",
    )
    session_hours: float = Field(default=12, gt=0, description="hours after which the pages ask to log in again")
    oidc_issuer: str | None = Field(
        default=None, description="OpenID Connect issuer whose tokens are accepted, beside the product's own"
    )
    oidc_audience: str | None = Field(
        default=None, description="audience that its tokens must name: the product's client id"
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="client secret, if the pages log people in with the issuer"
    )
    oidc_login_claim: str = Field(default="email", description="claim of its tokens that names the user")
    agents: AgentSettings = Field(default_factory=AgentSettings, description="which model agents ask, and its limits")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="lowest level that is logged"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over discovery.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @cached_property
    def root(self) -> Path:
        """The home folder, absolute."""
        return self.home.expanduser().resolve()

    @property
    def dictionaries(self) -> Path:
        """The folder of the user's own dictionaries, absolute; it may not be there where none was named.

        Raises
        ------
        SettingsError
            One was named that isn't there.
        """
        if self.knowledge is None:
            return self.root / "knowledge"
        folder = self.knowledge.expanduser().resolve()
        if not folder.is_dir():
            raise SettingsError(f"DISCOVERY_KNOWLEDGE: there is no folder {folder}. Make it, or leave the setting out.")
        return folder


def read() -> Settings:
    """The settings of this process.

    Raises
    ------
    SettingsError
        Names each setting that can't be, and why.
    """
    try:
        return Settings()
    except ValidationError as bad:
        wrong = "; ".join(f"DISCOVERY_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in bad.errors())
        raise SettingsError(f"Settings can't be used: {wrong}. Correct the environment or discovery.toml.") from None

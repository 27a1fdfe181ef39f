"""What the environment decides, validated once at the start of a process.

- `LUMBUNG_DATA`: folder of the private cluster and the secrets (`.lumbung/`; for root `/var/lib/lumbung/` where needed)
- `LUMBUNG_PORT`: port of the web server on 127.0.0.1 (8000)
- `LUMBUNG_DATABASE_URL`: an existing PostgreSQL, as the role that owns the tables; there is no private cluster then
- `LUMBUNG_APP_DATABASE_URL`: the same as the application's role (the address above, taking on `lumbung_app`)
- `LUMBUNG_DEMO`: 0 for real work: no demo data, and what must be safe may not be left to a default (1)
- `LUMBUNG_PUBLIC_BASE_URL`: the address printed on labels; must be given outside the demo (`http://127.0.0.1:PORT`)
- `LUMBUNG_SECRET_KEY`, `LUMBUNG_TAG_KEY`: keys of sessions and of tags' check (made once, kept in the data folder)
- `LUMBUNG_WORKERS`: web server processes (1)
"""

import json
import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.cluster import APP_ROLE, Cluster, DatabaseUrls
from core.locks import alone
from core.postmaster import reachable
from core.steps import SetupFailed

ROOT = Path(__file__).parent.parent
KEY_CHARACTERS = 32  # 128 bits as hexadecimal digits


class Settings(BaseModel):
    """The settings of one process. Secrets are never in its printed form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path
    port: int = Field(ge=1, le=65535)
    database_url: str | None = Field(default=None, repr=False)
    app_database_url: str | None = Field(default=None, repr=False)
    demo: bool = True
    public_base_url: str
    secret_key: str = Field(repr=False, min_length=KEY_CHARACTERS)
    tag_key: str = Field(repr=False, min_length=KEY_CHARACTERS)
    workers: int = Field(default=1, ge=1, le=64)

    @field_validator("database_url", "app_database_url")
    @classmethod
    def _postgresql(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if urlsplit(url).scheme not in ("postgresql", "postgres"):
            raise ValueError("must begin with postgresql://")
        return "postgresql" + url.removeprefix("postgresql").removeprefix("postgres")

    @field_validator("public_base_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be a web address such as https://lumbung.example")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _keys_differ(self) -> "Settings":
        if self.secret_key == self.tag_key:
            raise ValueError("LUMBUNG_SECRET_KEY and LUMBUNG_TAG_KEY must differ")
        return self

    @property
    def private_cluster(self) -> bool:
        """Whether Lumbung keeps a PostgreSQL of its own."""
        return self.database_url is None

    @property
    def urls(self) -> DatabaseUrls:
        """Owner's and application's address of the database; the private cluster must have been made."""
        if self.database_url is None:
            return Cluster(self.data_dir).urls
        return DatabaseUrls(self.database_url, self.app_database_url or with_role(self.database_url, APP_ROLE))


def with_role(url: str, role: str) -> str:
    """The same address, with every connection taking on `role`; for a server with one login only."""
    return f"{url}{'&' if '?' in url else '?'}options={quote(f'-c role={role}', safe='')}"


def default_data_dir() -> Path:
    """`.lumbung` in the project; for root `/var/lib/lumbung` where PostgreSQL's user cannot reach the project."""
    inside = ROOT / ".lumbung"
    return inside if reachable(inside) else Path("/var/lib/lumbung")


def read_data_dir(environment: Mapping[str, str]) -> Path:
    """The data folder that the environment names, or the default one."""
    given = environment.get("LUMBUNG_DATA")
    return Path(given).expanduser().absolute() if given else default_data_dir()


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; secrets not given are made once and kept in the data folder.

    Raises SetupFailed naming every variable that is missing or makes no sense.
    """
    data_dir = read_data_dir(environment)
    values: dict[str, object] = {"data_dir": data_dir, "port": environment.get("LUMBUNG_PORT") or 8000}
    names = ("DATABASE_URL", "APP_DATABASE_URL", "DEMO", "PUBLIC_BASE_URL", "SECRET_KEY", "TAG_KEY", "WORKERS")
    for name in names:
        if given := environment.get(f"LUMBUNG_{name}"):
            values[name.lower()] = given
    production = environment.get("LUMBUNG_DEMO", "").lower() in ("0", "false", "no", "off")
    if production:
        needed = ["public_base_url"]
        if "database_url" in values:  # several machines may share that database: they must share the keys, too
            needed += ["secret_key", "tag_key"]
        if missing := [f"LUMBUNG_{name.upper()}" for name in needed if name not in values]:
            raise SetupFailed(
                f"outside the demo {', '.join(missing)} must be set.",
                "The address is printed on labels and the keys protect sessions and tags, so there is no safe "
                'default. A key is made by: python3 -c "import secrets; print(secrets.token_hex(32))"',
            )
    values.setdefault("public_base_url", f"http://127.0.0.1:{values['port']}")
    if "secret_key" not in values or "tag_key" not in values:
        values = {**_kept_secrets(data_dir), **values}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        told = [f"{'LUMBUNG_' + str(e['loc'][0]).upper() if e['loc'] else ''} {e['msg']}" for e in error.errors()]
        raise SetupFailed("the environment does not make sense: " + "; ".join(t.strip() for t in told) + ".") from None


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read(os.environ)


def make_data_dir(data_dir: Path) -> None:
    """The data folder, ours alone; for root passable, so that PostgreSQL's user reaches its own part of it."""
    data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)


def _kept_secrets(data_dir: Path) -> dict[str, str]:
    """Keys made at the first start of a data folder, and the same ever after."""
    make_data_dir(data_dir)
    file = data_dir / "secrets.json"
    with alone(data_dir / "secrets.lock"):
        if not file.exists():
            unfinished = file.with_suffix(".new")
            keys = {"secret_key": secrets.token_hex(32), "tag_key": secrets.token_hex(32)}
            with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                json.dump(keys, out)
                out.flush()
                os.fsync(out.fileno())
            unfinished.rename(file)
        kept: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return kept

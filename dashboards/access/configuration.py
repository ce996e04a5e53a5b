"""The file that says who may use the dashboard and how he shows who he is: `access.yml`, checked before anything runs.

Here: what the file may hold, and mistakes in it with their lines. Not here: local users, whom `accounts` keeps, nor
any secret: the file names environment variables that hold them.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

FILE = "access.yml"
"""Name of the file in a home folder."""
Role = Literal["viewer", "analyst", "steward"]
ROLES: tuple[Role, ...] = ("viewer", "analyst", "steward")
"""Each may what those before it may, and more."""
ALL_AREAS = "*"
"""What an identity provider or a proxy says of areas to mean no limit."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class AccessError(Exception):
    """Access cannot be set up as it stands; the message says where, what is wrong and what to do."""


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("give an address such as https://dashboard.example.org")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("only https keeps passwords and sessions secret; http is for this machine alone")
    return text.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="name of an environment variable")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Grant(_Part):
    """What one person may.

    Attributes
    ----------
    role : str
    areas : tuple of str, optional
        Areas that he is limited to, with all below; None for no limit.
    """

    role: Role
    areas: Annotated[tuple[str, ...] | None, Field(min_length=1, strict=False)] = None


class _Granting(_Part):
    """From what others say of a person to what he may: by name first, else by what his groups are mapped to."""

    users: dict[str, Grant] = {}
    roles: dict[str, Role] = {}
    default_role: Role | None = None

    def grant(self, name: str, groups: list[str], areas: list[str] | None) -> Grant | None:
        """Tell what a person may; None for nothing.

        Parameters
        ----------
        groups
            What his groups or roles are called where he comes from; the one that may most counts.
        areas
            Areas as told there; None where they are not to be told.
        """
        if name in self.users:
            return self.users[name]
        given = [self.roles[group] for group in groups if group in self.roles]
        role = max(given, key=ROLES.index, default=self.default_role)
        if role is None or areas == []:
            return None
        return Grant(role=role, areas=None if areas is None or ALL_AREAS in areas else tuple(sorted(areas)))


class OpenIdConnect(_Granting):
    """Sign-in at an identity provider: authorization code flow with PKCE.

    Attributes
    ----------
    issuer : str
        As the provider's metadata names it.
    client_secret_variable : str, optional
        Environment variable that holds the client's secret; none for a public client.
    user_claim, title_claim, role_claim, area_claim : str
        Claims of the ID token: a person's name, how he is shown, his groups, his areas; dots lead into nested ones.
        Where `area_claim` is set and a person has no such claim, he may nothing.
    """

    issuer: WebAddress
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_variable: VariableName | None = None
    scopes: Annotated[tuple[str, ...], Field(strict=False)] = ("openid", "profile", "email")
    user_claim: str = "sub"
    title_claim: str = "name"
    role_claim: str = "groups"
    area_claim: str | None = None


class TrustedProxy(_Granting):
    """A proxy in front signs people in and says who they are, and proves by a secret that it is it.

    Attributes
    ----------
    secret_variable : str
        Environment variable that holds the secret, which the proxy sends in `secret_header`.
    """

    secret_variable: VariableName
    secret_header: HeaderName = "X-Wardlight-Secret"  # noqa: S105 - of a header
    user_header: HeaderName = "X-Forwarded-User"
    role_header: HeaderName | None = None
    areas_header: HeaderName | None = None
    sign_out_address: WebAddress | None = None


class SessionTimes(_Part):
    """How long a session lasts: minutes without a request, and hours in all."""

    idle_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    hours: Annotated[int, Field(ge=1, le=168)] = 12


class Tls(_Part):
    """Certificate and key, as PEM files, where no proxy ends TLS."""

    certificate: str
    key: str


class Configuration(_Part):
    """The whole file.

    Attributes
    ----------
    mode : str
        How people show who they are.
    address : str, optional
        Under which browsers reach the dashboard; needed wherever that is not this machine alone.
    proxies : int
        Proxies in front that say where a request comes from (`X-Forwarded-For`, `-Proto`).
    city_figures : str
        Whether readers limited to areas see the figures of the whole city, too.
    """

    mode: Literal["local", "openid_connect", "trusted_proxy"]
    address: WebAddress | None = None
    proxies: Annotated[int, Field(ge=0, le=5)] = 0
    city_figures: Literal["shown", "hidden"] = "shown"
    session: SessionTimes = SessionTimes()
    tls: Tls | None = None
    openid_connect: OpenIdConnect | None = None
    trusted_proxy: TrustedProxy | None = None

    @model_validator(mode="after")
    def _mode_has_its_part(self) -> "Configuration":
        for part in ("openid_connect", "trusted_proxy"):
            if (self.mode == part) != (getattr(self, part) is not None):
                raise ValueError(f"`{part}` goes with `mode: {part}`, and with no other")
        if self.mode == "openid_connect" and self.address is None:
            raise ValueError("`address` is needed: the identity provider sends people back to it")
        return self

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers reach the dashboard by https."""
        return self.tls is not None or (self.address or "").startswith("https:")

    @property
    def mark(self) -> str:
        """Changes with the file, and with it what earlier sessions were granted."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def find(home: Path, given: Path | None) -> Configuration | None:
    """Read the file given, else that of the home folder; None where there is neither.

    Raises
    ------
    AccessError
        If the file given does not exist, or there is a mistake in it.
    """
    path = given or home / FILE
    if not path.is_file():
        if given is None:
            return None
        raise AccessError(f"{given}: there is no such file\n  What to do: docs/access.md shows what to write into it")
    return read(path)


def read(path: Path) -> Configuration:
    """Read and check a file.

    Raises
    ------
    AccessError
        Names file, line and field of every mistake.
    """
    text = path.read_text(encoding="utf-8")
    try:
        tree, content = yaml.compose(text), yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AccessError(f"{path}:{line}: this is no YAML: {error.problem}") from error
    if not isinstance(content, dict):
        raise AccessError(f"{path}:1: expected `mode:` local, openid_connect or trusted_proxy, and what goes with it")
    try:
        return Configuration.model_validate(content)
    except ValidationError as error:
        raise AccessError("\n".join(_told(path, tree, each) for each in error.errors())) from error


def secret(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """Read a secret from the environment.

    Raises
    ------
    AccessError
        If it is not set, or so short that it can be guessed.
    """
    value = environment.get(variable, "")
    if len(value) < 16:
        raise AccessError(
            f"the environment variable {variable} holds {'too short a' if value else 'no'} secret\n"
            "  What to do: set it to 16 characters at least, such as `openssl rand -hex 32` gives"
        )
    return value


def check(settings: Configuration | None, host: str | None) -> None:
    """Refuse, before anything listens, to be reached without sign-in, or with one that cannot hold.

    Parameters
    ----------
    host
        Address to listen on; None where another server decides that.

    Raises
    ------
    AccessError
        Says what to set up.
    """
    if settings is None:
        if host not in LOOPBACK:
            raise AccessError(
                f"--host {host} lets other machines in, and no sign-in is set up\n"
                "  What to do: write access.yml into the home folder, or name one by --access (docs/access.md shows "
                "how); or serve on 127.0.0.1"
            )
        return
    if not settings.is_encrypted and not is_loopback(settings, host):
        raise AccessError(
            f"{host or 'this server'} is reached from other machines, and nothing says that it is by https\n"
            "  What to do: in access.yml, set `address: https://…` and let a proxy end TLS, or give `tls`"
        )
    for part in (settings.openid_connect, settings.trusted_proxy):
        variable = getattr(part, "client_secret_variable", None) or getattr(part, "secret_variable", None)
        if variable:
            secret(variable)


def is_loopback(settings: Configuration, host: str | None) -> bool:
    """Whether browsers reach the dashboard without leaving this machine."""
    return host in LOOPBACK or (settings.address or "").startswith("http:")


def _told(path: Path, tree: yaml.Node | None, error: Mapping[str, Any]) -> str:
    place = [str(each) for each in error["loc"]]
    problem = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        problem = "there is no such setting"
    field = f", field {'.'.join(place)}" if place else ""
    return f"{path}:{_line(tree, place)}{field}: {problem}"


def _line(tree: yaml.Node | None, place: list[str]) -> int:
    """Line (from 1) of a field, or of what should hold it."""
    line = tree.start_mark.line if tree else 0
    for name in place:
        if isinstance(tree, yaml.MappingNode):
            found = next(((key, value) for key, value in tree.value if key.value == name), None)
            if found is None:
                break
            line, tree = found[0].start_mark.line, found[1]
        elif isinstance(tree, yaml.SequenceNode) and name.isdigit() and int(name) < len(tree.value):
            tree = tree.value[int(name)]
            line = tree.start_mark.line
        else:
            break
    return line + 1

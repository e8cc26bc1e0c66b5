"""Reads the embedded stack's ``runtime.json``: where the API is, and the demo accounts to play."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

DEFAULT_RUNTIME = Path(__file__).resolve().parent.parent / ".rescousse" / "runtime.json"


class RuntimeUnusableError(Exception):
    """The runtime file cannot be used; its text is one sentence for the person at the terminal."""


class _Lenient(BaseModel):
    """A newer stack may write more fields than this reader knows."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Login(_Lenient):
    """A person's account."""

    username: str
    password: str


class SamuAccount(_Lenient):
    """A SAMU: the API key of its software, and the account of a person there."""

    id: str
    name: str
    api_key: str
    username: str = ""
    password: str = ""

    @property
    def person(self) -> Login:
        """Whoever sits at its console."""
        return Login(username=self.username, password=self.password)


class SiteInfo(_Lenient):
    """A place where vehicles of a company stand (WGS-84 degrees)."""

    id: str
    name: str
    lat: float
    lon: float


class VehicleInfo(_Lenient):
    """An ambulance: ``volume`` is AMBULANCE (small) or ASSU (large), ``category`` the legal one (A or C)."""

    id: str
    name: str
    volume: str
    site_id: str
    category: str | None = None


class CompanyAccount(_Lenient):
    """A company: its regulator, its crews, its sites and vehicles."""

    id: str
    name: str
    regulator: Login
    crews: list[Login] = Field(default_factory=list)
    sites: list[SiteInfo] = Field(default_factory=list)
    vehicles: list[VehicleInfo] = Field(default_factory=list)


class Accounts(_Lenient):
    """Whom the simulation plays."""

    samu: SamuAccount
    coordinator: Login
    companies: list[CompanyAccount] = Field(min_length=1)


class Runtime(_Lenient):
    """The part of ``runtime.json`` that an outside client needs."""

    api: str
    accounts: Accounts


def load_runtime(path: Path) -> Runtime:
    """Read ``path``. Refuses a missing, unreadable or misshapen file with ``RuntimeUnusableError``."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"No runtime file at {path}: start the stack first (rescousse up)."
        raise RuntimeUnusableError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RuntimeUnusableError(f"The runtime file {path} cannot be read: {error}.") from error
    try:
        return Runtime.model_validate_json(text)
    except ValidationError as error:
        raise RuntimeUnusableError(
            f"The runtime file {path} is not usable: {_first_fault(error)}."
        ) from error


def _first_fault(error: ValidationError) -> str:
    """Name the first fault without repeating values: the file holds passwords."""
    fault = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, fault["loc"])) or "the document"
    return f"{where}: {fault['msg']}"

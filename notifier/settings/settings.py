"""Every setting with its default, and what the whole must make sense as.

Takes the texts that `reading` found, gives frozen settings. Refuses (ConfigurationError) values
that are wrong in themselves or together, all at once, one line each.
"""

import os.path
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from notifier.model.errors import ConfigurationError
from notifier.model.events import Priority
from notifier.model.rates import Window
from notifier.model.times import DAY, HOUR, MINUTE, SECOND
from notifier.settings import places, reading, values
from notifier.settings.values import (
    Duration,
    Host,
    Hosts,
    MailAddress,
    Networks,
    Port,
    Region,
    Sender,
    Size,
    Span,
    Switch,
    TicketUrl,
    WebAddress,
    Whole,
    Windows,
)
from notifier.sources import secrets

GMAIL = "smtp.gmail.com"
_GMAIL = {GMAIL, "smtp.googlemail.com"}
_APP_PASSWORD = 16
_IMPLICIT_TLS_PORT = 465
_SQLITE = "sqlite:///"

CONFIG_FILE = "notifier.toml"
"""The file of the sources when CONFIG_FILE names no other."""


def _webhook_secret(text: SecretStr) -> SecretStr:
    try:
        secrets.parse(text.get_secret_value())
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return text


def _api_tokens(text: SecretStr) -> SecretStr:
    values.tokens(text.get_secret_value())
    return text


def _database(text: str) -> str:
    if not text.startswith(_SQLITE) or text == _SQLITE:
        raise ValueError(
            "write sqlite:///FILE, or sqlite:////ABSOLUTE/FILE; this version knows no other store"
        )
    return text


_Name = Annotated[str, StringConstraints(max_length=200)]
_Lower = BeforeValidator(str.lower)


class Settings(BaseSettings):
    """The settings, named as in the environment but in lower case. Durations in milliseconds."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", validate_default=False, hide_input_in_errors=True
    )

    enable_email: Switch = True
    enable_sms: Switch = False

    smtp_host: str = GMAIL
    smtp_port: Port = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Annotated[Literal["auto", "starttls", "implicit", "none"], _Lower] = "auto"
    smtp_auth: Annotated[Literal["auto", "plain", "login", "none"], _Lower] = "auto"
    smtp_max_connections: Whole = 4
    smtp_ca_file: str | None = None
    smtp_ehlo_hostname: str | None = None
    from_email: MailAddress | None = None
    from_name: _Name = "IT Help Desk System"
    reply_to: MailAddress | None = None

    twilio_account_sid: Annotated[str | None, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")] = (
        None
    )
    twilio_auth_token: SecretStr | None = None
    twilio_api_key: str | None = None
    twilio_api_secret: SecretStr | None = None
    twilio_phone_number: Sender | None = None
    twilio_messaging_service_sid: str | None = None
    twilio_api_base: WebAddress | None = None

    default_region: Region | None = None
    sms_max_segments: Whole = 1
    sms_min_priority: Annotated[Priority, _Lower] = Priority.LOW

    webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] = SecretStr("")
    api_tokens: Annotated[SecretStr, AfterValidator(_api_tokens)] = SecretStr("")
    database_url: Annotated[str, AfterValidator(_database)] = "sqlite:///notifier.db"
    public_base_url: WebAddress | None = None
    trusted_proxies: Networks = frozenset()
    config_file: str | None = None

    rate_limit_email: Windows = (Window(5, MINUTE), Window(60, HOUR))
    rate_limit_sms: Windows = (
        Window(1, MINUTE),
        Window(5, 15 * MINUTE),
        Window(12, HOUR),
        Window(20, 3 * HOUR),
    )
    rate_limit_critical: Windows = (Window(10, MINUTE),)

    notify_self: Switch = False
    same_save_window: Span = MINUTE
    ticket_url_template: TicketUrl | None = None
    ticket_url_hosts: Hosts = frozenset()
    templates_dir: str | None = None

    email_ttl: Duration = DAY
    sms_ttl: Duration = HOUR
    retention_bodies: Duration = 30 * DAY
    retention_deliveries: Duration = 400 * DAY

    max_body: Size = 256 * 1024
    max_waiting: Whole = 1000
    signature_tolerance: Duration = 300 * SECOND
    shutdown_grace: Span = 20 * SECOND

    host: Host = places.HOST
    port: Port = places.PORT
    log_format: Annotated[Literal["console", "json"], _Lower] = "console"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _Lower] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *others: PydanticBaseSettingsSource,
        **named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing by itself: `load` gives it what is written, in our order of places."""
        return (init_settings,)

    @property
    def sender(self) -> str | None:
        """Give the address that mails come from, or None when none is known."""
        if self.from_email or not self.smtp_user:
            return self.from_email
        try:
            return values.mail_address(self.smtp_user)
        except ValueError:
            return None

    @property
    def email_configured(self) -> bool:
        """Tell whether mails can be sent."""
        signed_in = bool(self.smtp_user and self.smtp_password)
        return self.sender is not None and (signed_in or self.smtp_auth == "none")

    @property
    def sms_configured(self) -> bool:
        """Tell whether text messages can be sent."""
        pair = self.twilio_api_key and self.twilio_api_secret
        origin = self.twilio_phone_number or self.twilio_messaging_service_sid
        return bool(self.twilio_account_sid and (self.twilio_auth_token or pair) and origin)

    @property
    def tls(self) -> Literal["starttls", "implicit", "none"]:
        """Give how the mail connection is secured, `auto` decided by the port."""
        if self.smtp_tls != "auto":
            return self.smtp_tls
        return "implicit" if self.smtp_port == _IMPLICIT_TLS_PORT else "starttls"

    @property
    def mail_password(self) -> str | None:
        """Give the password; Gmail shows app passwords in groups, which are joined."""
        if self.smtp_password is None:
            return None
        password = self.smtp_password.get_secret_value()
        joined = "".join(password.split())
        is_app_password = self.smtp_host.lower() in _GMAIL and len(joined) == _APP_PASSWORD
        return joined if is_app_password and joined.isalpha() else password

    @property
    def database(self) -> Path:
        """Give the store's file, relative to the working directory unless it is absolute."""
        return Path(self.database_url.removeprefix(_SQLITE))

    @property
    def templates(self) -> Path | None:
        """Give the folder of the templates that stand in for built-in ones."""
        return Path(self.templates_dir) if self.templates_dir else None

    @property
    def configuration(self) -> Path | None:
        """Give the file of the sources: CONFIG_FILE, else notifier.toml if it is there now."""
        if self.config_file:
            return Path(self.config_file)
        return Path(CONFIG_FILE) if os.path.isfile(CONFIG_FILE) else None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Give the API's tokens."""
        return values.tokens(self.api_tokens.get_secret_value())


NAMES = frozenset(name.upper() for name in Settings.model_fields)


def load(environ: Mapping[str, str], env_file: Path | None = None) -> tuple[Settings, list[str]]:
    """Give the settings and the warnings; raises ConfigurationError with every fault."""
    written = reading.gather(environ, env_file, NAMES)
    texts: dict[str, Any] = {name.lower(): text for name, text in written.values.items()}
    faults = list(written.faults)
    try:
        settings = Settings(**texts)
    except ValidationError as error:
        wrong = {str(fault["loc"][0]): fault["msg"] for fault in error.errors()}
        faults += [_line(name, message) for name, message in wrong.items()]
        # What is left is checked as a whole too, so that all faults come at once.
        settings = Settings(**{name: text for name, text in texts.items() if name not in wrong})
        faults += [line for line in _together(settings) if _name_of(line).lower() not in wrong]
    else:
        faults += _together(settings)
    if faults:
        # A misspelt name is often why another one is missing.
        raise ConfigurationError("\n".join([*faults, *written.warnings]))
    return settings, written.warnings


def _line(name: str, message: str) -> str:
    said = message.removeprefix("Value error, ").replace("Input should be", "write")
    if name == "twilio_account_sid":
        said = "write the Account SID: AC and 32 hexadecimal digits"
    return f"{name.upper()}: {said}"


def _name_of(line: str) -> str:
    return line.partition(":")[0]


def _together(settings: Settings) -> list[str]:
    return [*_email_faults(settings), *_sms_faults(settings), *_place_faults(settings)]


def _place_faults(settings: Settings) -> list[str]:
    faults = []
    if settings.templates_dir and not os.path.isdir(settings.templates_dir):
        folder = os.path.abspath(settings.templates_dir)
        faults.append(f"TEMPLATES_DIR: there is no folder {folder}")
    if settings.config_file and not os.path.isfile(settings.config_file):
        faults.append(f"CONFIG_FILE: there is no file {os.path.abspath(settings.config_file)}")
    return faults


def _email_faults(settings: Settings) -> list[str]:
    if not settings.enable_email:
        return []
    faults = _relay_faults(settings) if settings.smtp_auth == "none" else _sign_in_faults(settings)
    # Not Path.is_file, which raises for names that are too long.
    if settings.smtp_ca_file and not os.path.isfile(settings.smtp_ca_file):
        faults.append("SMTP_CA_FILE: there is no such file")
    return faults


def _relay_faults(settings: Settings) -> list[str]:
    if settings.sender is None:
        return ["FROM_EMAIL: missing; it is the address that mails come from"]
    return []


def _sign_in_faults(settings: Settings) -> list[str]:
    match bool(settings.smtp_user), bool(settings.smtp_password):
        case True, False:
            return ["SMTP_PASSWORD: missing; SMTP_USER is set, so set this too"]
        case False, True:
            return ["SMTP_USER: missing; SMTP_PASSWORD is set, so set this too"]
        case True, True if settings.sender is None:
            return ["FROM_EMAIL: missing; SMTP_USER is no mail address, so set this too"]
        case False, False if settings.from_email:
            return [
                "SMTP_USER: missing; FROM_EMAIL is set, so set this and SMTP_PASSWORD "
                "(a relay without sign-in needs SMTP_AUTH=none)"
            ]
    return []


def _sms_faults(settings: Settings) -> list[str]:
    given = (
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.twilio_api_key,
        settings.twilio_api_secret,
        settings.twilio_phone_number,
        settings.twilio_messaging_service_sid,
    )
    if not settings.enable_sms or not any(given):
        return []
    faults = []
    if not settings.twilio_account_sid:
        faults.append("TWILIO_ACCOUNT_SID: missing; it begins with AC")
    if bool(settings.twilio_api_key) != bool(settings.twilio_api_secret):
        faults.append("TWILIO_API_KEY: it and TWILIO_API_SECRET belong together; set both")
    elif not (settings.twilio_auth_token or settings.twilio_api_key):
        faults.append("TWILIO_AUTH_TOKEN: missing; set it, or a key and its secret")
    if not (settings.twilio_phone_number or settings.twilio_messaging_service_sid):
        faults.append("TWILIO_PHONE_NUMBER: missing; set it, or TWILIO_MESSAGING_SERVICE_SID")
    return faults

"""How the site runs: safe by default, with nothing to fill in."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ainalym.errors import Issue, refuse
from ainalym.ledger.files import make_folder, make_private, narrow, open_private
from ainalym.ledger.store import patient
from ainalym.web import catalogue

HERE = Path(__file__).parent
UPLOAD_BYTES = 1 << 20
"""A page or a form never needs more; rooms that take files raise it for themselves."""

REQUESTS_PER_MINUTE = 600
"""From one address: a phone that empties its queue sends a few dozen."""

HALF_A_DAY_S = 12 * 60 * 60
A_YEAR_S = 365 * 24 * 60 * 60


def rooms() -> list[str]:
    """List the packages of the site that have addresses or tables of their own."""
    return sorted(
        folder.name
        for folder in HERE.iterdir()
        if any((folder / name).is_file() for name in ("urls.py", "models.py"))
    )


def settle(
    data: Path,
    *,
    database: str = "",
    names: Sequence[str] = (),
    host: str = "",
    requests_per_minute: int = REQUESTS_PER_MINUTE,
) -> None:
    """Tell Django how to run; once in a process.

    Parameters
    ----------
    data
        The folder of everything that is kept; made if there is none.
    database
        `postgresql://...`; a SQLite file in `data` if empty.
    names
        Under which names people reach the site over https, through a proxy before it. Without
        them it answers this computer only, or `host`.
    host
        The address it listens on.
    requests_per_minute
        So many are answered to one address.

    Raises
    ------
    InputError
        A catalogue of translations has faults, or `database` is no address of PostgreSQL.
    OSError
        The folder cannot be made, or a file in it.
    """
    import django
    from django.conf import settings

    make_folder(data)
    catalogue.bind(data / "locale")
    settings.configure(
        **_frame(data),
        **_safety(names, host),
        SECRET_KEY=_secret(data / "secret.key"),
        DATABASES={"default": _postgres(database) if database else _sqlite(data / "site.sqlite")},
        REQUESTS_PER_MINUTE=requests_per_minute,
        BOOK=database or str(data / "book.sqlite"),
    )
    django.setup()


def _frame(data: Path) -> dict[str, object]:
    """What the site is made of."""
    return {
        "INSTALLED_APPS": [
            *(f"django.contrib.{app}" for app in ("contenttypes", "auth", "sessions")),
            "django.contrib.staticfiles",
            *(f"ainalym.web.{room}" for room in rooms()),
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "ainalym.web.guard.headers",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "ainalym.web.guard.limits",
            "ainalym.web.letters.Letters",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "ainalym.web.asked.asked",
            "ainalym.web.refusals.Refusals",
        ],
        "ROOT_URLCONF": "ainalym.web.urls",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "ainalym.web.people.access.shown",
                    ],
                    "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
                },
            }
        ],
        "STATIC_URL": "/static/",
        "STATICFILES_DIRS": [HERE / "static"],
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        "WHITENOISE_MAX_AGE": 600,
        "LANGUAGE_CODE": "ru",
        "LANGUAGES": catalogue.LANGUAGES,
        "LOCALE_PATHS": [data / "locale"],
        "FORMAT_MODULE_PATH": "ainalym.web.formats",
        "USE_THOUSAND_SEPARATOR": True,
        "LANGUAGE_COOKIE_AGE": A_YEAR_S,
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "TIME_ZONE": "Asia/Almaty",
        "USE_TZ": True,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "AUTH_USER_MODEL": "people.Person",
        "LOGIN_URL": "people:sign-in",
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"screen": {"class": "logging.StreamHandler"}},
            "loggers": {
                "django": {"handlers": ["screen"], "level": "ERROR", "propagate": False},
                # It would report every request that had to wait for a free thread.
                "waitress.queue": {"level": "ERROR"},
            },
        },
    }


def _safety(names: Sequence[str], host: str) -> dict[str, object]:
    """What keeps strangers out; more of it where https stands before us."""
    https = bool(names)
    here = {"localhost", "127.0.0.1", "[::1]", host} - {"", "0.0.0.0", "::"}
    return {
        "DEBUG": False,
        "ALLOWED_HOSTS": sorted({*names, *here}),
        "CSRF_TRUSTED_ORIGINS": [f"https://{name}" for name in names],
        "CSRF_FAILURE_VIEW": "ainalym.web.refusals.forged",
        "CSRF_COOKIE_SECURE": https,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_AGE": HALF_A_DAY_S,
        "SESSION_SAVE_EVERY_REQUEST": False,
        "LANGUAGE_COOKIE_SECURE": https,
        "SECURE_SSL_REDIRECT": https,
        "SECURE_HSTS_SECONDS": A_YEAR_S if https else 0,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": UPLOAD_BYTES,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 300,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 3,
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 10},
            },
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
        ],
    }


def _sqlite(path: Path) -> dict[str, object]:
    # Sessions, passwords' digests and sellers' names: nobody else on this computer reads them.
    make_private(path)
    narrow(path)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            "timeout": 10,
            # Whoever means to write waits for its turn, instead of being refused half-way.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=full;",
        },
    }


def _postgres(address: str) -> dict[str, object]:
    parts = urlsplit(address)
    if parts.scheme not in ("postgres", "postgresql"):
        mend = "give postgresql://user:password@server/name"
        refuse([Issue("DATABASE_URL", f"{parts.scheme!r} is no database of ours", mend)])
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": patient(options),
        "CONN_MAX_AGE": 600,
        # One that the server closed while it was idle is replaced before a request uses it.
        "CONN_HEALTH_CHECKS": True,
    }


def _secret(path: Path) -> str:
    """Give the key that signs sessions; it is made on the first run, for the owner's eyes only."""
    if not path.exists():
        with os.fdopen(open_private(path, os.O_EXCL), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
    narrow(path)
    return path.read_text(encoding="utf-8")

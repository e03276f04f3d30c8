"""Django's settings: the office database and the web console.

The database is that of `./home` until `console.database.open_office` names another home.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from console.database import django_database
from pipelines.core.settings import load_settings

_OFFICE = load_settings()
_HERE = Path(__file__).parent
_HOSTS = [name.strip() for name in (_OFFICE.console_hosts or "").split(",")]
_HOSTS = list(filter(None, _HOSTS))
_IS_IN_SERVICE = bool(_HOSTS)


def _hash_files(folder: Path) -> str:
    """Return twelve letters that name the content of a folder."""
    digest = sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


# -- the office ------------------------------------------------------------------------------------

# Another key than that of order ids and rows: what is signed for one is nothing to the other.
SECRET_KEY = hmac.digest(_OFFICE.key, b"console", "sha256").hex()
DEBUG = False
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "simple_history",
    "console",
    "console.accounts",
]
DATABASES = {"default": django_database(_OFFICE.office_database(Path("home")))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None  # whoever starts us decides what is logged
CONSOLE_HOME = Path("home")
CONSOLE_DOES_ERRANDS = _OFFICE.console_errands == "here"

# -- pages -----------------------------------------------------------------------------------------

ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.server.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.access.gate.GateMiddleware",
    "console.work.holding.SettleMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "console.access.context.describe_page",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader"],
                )
            ],
        },
    }
]

# What never changes under its address may be kept for ever: the address names the content.
STATICFILES_DIRS = [_HERE / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STATIC_URL = f"/static/{_hash_files(_HERE / 'static')}/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 365 * 24 * 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [_HERE / "locale"]
LANGUAGE_COOKIE_NAME = "__Host-language"
LANGUAGE_COOKIE_SECURE = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# -- who comes in ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.Account"
LOGIN_URL = "log_in"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "manager_id")},
    },
    {"NAME": "console.accounts.passwords.OfficeWordsValidator"},
]
CONSOLE_SECOND_FACTOR = _OFFICE.console_second_factor
CONSOLE_PROXIES = _OFFICE.console_proxies
CONSOLE_TODAY = _OFFICE.console_today
CONSOLE_NUMBERS_AN_HOUR = _OFFICE.console_numbers_an_hour

# Five wrong passwords of one name from one address: a quarter of an hour.
AXES_FAILURE_LIMIT = 5
AXES_USERNAME_FORM_FIELD = "username"
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "console.accounts.pages.show_locked"
AXES_CLIENT_IP_CALLABLE = "console.access.record.find_address"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the console keeps its own
# Of a wrong log-in nothing is kept of what somebody had typed before the session was lost.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "carried", "next"]
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_AGE = _OFFICE.console_idle_minutes * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CONSOLE_SESSION_SECONDS = _OFFICE.console_session_hours * 3600
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "console.access.errors.show_stale_form"

# -- what browsers are told ------------------------------------------------------------------------

ALLOWED_HOSTS = _HOSTS or ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"https://{name}" for name in _HOSTS]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# In service HTTPS ends before us, and whoever comes by HTTP is sent there. On this machine alone
# nothing travels.
SECURE_SSL_REDIRECT = _IS_IN_SERVICE
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if _IS_IN_SERVICE else None
)
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _IS_IN_SERVICE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _IS_IN_SERVICE
SECURE_HSTS_PRELOAD = _IS_IN_SERVICE

# -- what is handed in -----------------------------------------------------------------------------

FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
DATA_UPLOAD_MAX_NUMBER_FILES = 1
CONSOLE_LARGEST_FILE = 10 << 20
FILE_UPLOAD_PERMISSIONS = 0o600

"""The settings of a small help desk: django-helpdesk on SQLite, at the root of its site.

Takes the path of the database from DESK_DATABASE, the seconds that a webhook may take from
DESK_PATIENCE, and the language of its pages from DESK_LANGUAGE. Where the webhooks go it reads by
itself, from HELPDESK_NEW_TICKET_WEBHOOK_URLS and HELPDESK_FOLLOWUP_WEBHOOK_URLS.
"""

import os

SECRET_KEY = "of a help desk that lives for a minute, on loopback"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.real.desk.urls"
SITE_ID = 1
USE_TZ = True
TIME_ZONE = "America/Chicago"
LANGUAGE_CODE = os.environ["DESK_LANGUAGE"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
STATIC_URL = "/static/"
LOGIN_URL = "helpdesk:login"
LOGIN_REDIRECT_URL = "helpdesk:home"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "rest_framework",
    "helpdesk",
]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["DESK_DATABASE"],
        "OPTIONS": {"timeout": 30},
    }
}

# The desk's own mails are counted as sent, and go nowhere: what the notifier sends is looked at.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# Longer than its 3 seconds, but where these are looked at: the machine may be slow.
HELPDESK_WEBHOOK_TIMEOUT = int(os.environ["DESK_PATIENCE"])

# Its teams would be a package more.
HELPDESK_TEAMS_MODE_ENABLED = False

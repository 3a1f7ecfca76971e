"""The least that `ldap_sync_users` of django-python3-ldap needs to read the benchmark's directory:
the same server, account, filter and fields as adsync, and a SQLite database."""

import os

from django_python3_ldap.utils import format_search_filters

SECRET_KEY = "not a secret: nothing is served"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django_python3_ldap",
    "people",
]
AUTH_USER_MODEL = "people.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["BENCH_DATABASE"],
    }
}

LDAP_AUTH_URL = [os.environ["BENCH_URL"]]
LDAP_AUTH_SEARCH_BASE = os.environ["BENCH_BASE_DN"]
LDAP_AUTH_CONNECTION_USERNAME = os.environ["BENCH_BIND_NAME"]
LDAP_AUTH_CONNECTION_PASSWORD = os.environ["BENCH_PASSWORD"]
LDAP_AUTH_OBJECT_CLASS = "user"
LDAP_AUTH_USER_LOOKUP_FIELDS = ("username",)
LDAP_AUTH_USER_FIELDS = {
    "username": "sAMAccountName",
    "first_name": "givenName",
    "last_name": "sn",
    "email": "mail",
    "contact_number": "telephoneNumber",
}


def LDAP_AUTH_FORMAT_USERNAME(fields):
    return fields["username"]


def LDAP_AUTH_FORMAT_SEARCH_FILTERS(fields):
    return ["(objectCategory=person)", *format_search_filters(fields)]

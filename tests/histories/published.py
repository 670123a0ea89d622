"""Schemas of published packages, each made by the package itself in a virtual environment of
its own in the cache. They are rebuilt by `make schemas`."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from zdm.postgres.server.programs import cache_directory

BESIDE = ("psycopg[binary]==3.3.9", "setuptools==80.9.0", "packaging==26.0")
FILES = """
import os, pathlib, psycopg
import {package} as package
home = pathlib.Path(package.__file__).parent
with psycopg.connect(os.environ["URL"]) as conn:
    for file in {files!r}:
        conn.execute((home / file).read_text())
"""
DJANGO = """
import os, django
from django.conf import settings, global_settings
from django.core.management import call_command
from urllib.parse import urlsplit, unquote
u = urlsplit(os.environ["URL"])
settings.configure(
    SECRET_KEY="x", USE_TZ=True, ROOT_URLCONF=None, SITE_ID=1, LANGUAGE_CODE="en",
    LANGUAGES=[("en", "English")], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS={apps},
    TEMPLATES=[dict(BACKEND="django.template.backends.django.DjangoTemplates", APP_DIRS=True,
      OPTIONS=dict(context_processors=["django.template.context_processors.request",
        "sekizai.context_processors.sekizai", "cms.context_processors.cms_settings"]))],
    STATIC_URL="/static/",
    DATABASES={{"default": dict(ENGINE="django.db.backends.postgresql", NAME=u.path[1:],
      USER=u.username, PASSWORD=unquote(u.password or ""), HOST=u.hostname, PORT=u.port)}},
    {more}
)
django.setup()
call_command("migrate", verbosity=0, skip_checks=True)
"""
CONTRIB = [
    "admin",
    "auth",
    "contenttypes",
    "sessions",
    "messages",
    "sites",
    "flatpages",
    "staticfiles",
]
APPS = [f"django.contrib.{name}" for name in CONTRIB]
WAGTAIL = [
    *(f"wagtail.{n}" for n in ("users", "snippets", "documents", "images", "search", "admin")),
    *(f"wagtail.contrib.{n}" for n in ("forms", "redirects", "settings")),
    "wagtail.embeds", "wagtail.sites", "wagtail", "modelcluster", "taggit",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Published:
    """A package, and the Python that makes its schema in the database at URL."""

    name: str
    version: str
    makes: str

    @property
    def _home(self) -> Path:
        return cache_directory() / "schemas" / f"{self.name}-{self.version}"

    def make(self, url: str) -> None:
        """Its schema in an empty database; installs the package unless it is there."""
        python = self._home / "bin/python"
        done = self._home / "installed"
        if not done.exists():
            pip = [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", str(self._home)], check=True
            )
            subprocess.run([*pip, f"{self.name}=={self.version}", *BESIDE], check=True)
            done.touch()
        subprocess.run(
            [str(python), "-c", self.makes], env={**os.environ, "URL": url}, check=True
        )


PUBLISHED = (
    Published(
        name="procrastinate",
        version="3.10.0",
        makes=FILES.format(package="procrastinate", files=["sql/schema.sql"]),
    ),
    Published(
        name="kinto",
        version="26.5.0",
        makes=FILES.format(
            package="kinto",
            files=[
                f"core/{n}/postgresql/schema.sql" for n in ("storage", "permission", "cache")
            ],
        ),
    ),
    Published(
        name="pgqueuer",
        version="1.6.0",
        makes="import os, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'pgqueuer', '--pg-dsn', os.environ['URL'],"
        " 'install'], check=True, stdout=subprocess.DEVNULL)",
    ),
    Published(
        name="wagtail", version="8.0.1", makes=DJANGO.format(apps=[*WAGTAIL, *APPS], more="")
    ),
    Published(
        name="django-cms",
        version="5.1.3",
        makes=DJANGO.format(
            apps=[*APPS, "cms", "menus", "treebeard", "sekizai"],
            more="CMS_CONFIRM_VERSION4=True,",
        ),
    ),
    Published(
        name="django-oscar",
        version="4.2.1",
        makes=DJANGO.format(
            apps="__import__('oscar').INSTALLED_APPS",
            more="HAYSTACK_CONNECTIONS={'default': {'ENGINE':"
            " 'haystack.backends.simple_backend.SimpleEngine'}},"
            " **{k: v for k, v in vars(__import__('oscar.defaults', fromlist=['x'])).items()"
            " if k.startswith('OSCAR')},",
        ),
    ),
)

# SPDX-License-Identifier: Apache-2.0
"""The files of a bench, as Frappe 15 and the bench command lay them out."""

import dataclasses
import hashlib
import json
import pathlib
import secrets
import shutil
import sys

APPS = ("frappe", "erpnext", "demo_app")
CUSTOM_QUEUE = "reports"
CUSTOM_TIMEOUT = 5000

# Site name, what its site_config.json says besides the database, and whether System Settings lets
# the scheduler work. One name begins with another: job ids must not be told apart by prefix.
SITES = (
    ("erp.example.com", {}, True),
    ("erp.example.com.au", {"maintenance_mode": 1}, True),
    ("shop.example.com", {"pause_scheduler": 1}, False),
)

# What each app has in patches.txt; every site has run all of it.
PATCHES = {"frappe": ("frappe.patches.v15_0.remove_event_streaming", "execute:frappe.reload_doctype('User')"),
           "erpnext": ("erpnext.patches.v15_0.create_asset_depreciation_schedules_from_assets",)}

_SOURCES = pathlib.Path(__file__).resolve().parent / "apps"
_WORKER_QUEUES = {"short": "short,default", "long": "long,default,short",
                  CUSTOM_QUEUE: CUSTOM_QUEUE}

_REDIS_CONF = """\
dbfilename redis_{role}.rdb
dir {pids}
pidfile {pids}/redis_{role}.pid
bind 127.0.0.1
port {port}
"""
_REDIS_CACHE_CONF = """\
maxmemory 64mb
maxmemory-policy allkeys-lru
appendonly no

save ""
"""


@dataclasses.dataclass(frozen=True)
class Ports:
    redis_queue: int
    redis_cache: int
    web: int
    mariadb: int


class BenchTree:
    def __init__(self, path, ports):
        self.path = pathlib.Path(path)
        self.ports = ports
        self.sites = {name: self._site_config(name, extra) for name, extra, _ in SITES}

    @property
    def bench_id(self):
        return str(self.path).strip("/").replace("/", "-")

    def python(self, *arguments):
        return [self.path / "env" / "bin" / "python", *arguments]

    def frappe(self, *arguments):
        """A command line as a bench's processes have it, to be run in the folder `sites`."""
        return self.python("-m", "frappe.utils.bench_helper", "frappe", *arguments)

    def workers(self):
        """Name and command line of each worker program."""
        return {f"{name}-worker": self.frappe("worker", "--queue", queues)
                for name, queues in _WORKER_QUEUES.items()}

    def _site_config(self, name, extra):
        # frappe/installer.py: the name of the database comes from the path of the site.
        digest = hashlib.sha1(str(self.path / "sites" / name).encode()).hexdigest()
        return {"db_name": f"_{digest[:16]}", "db_password": secrets.token_urlsafe(12),
                "db_type": "mariadb", **extra}

    def write(self):
        for folder in ("apps", "config/pids", "logs", "sites/assets"):
            (self.path / folder).mkdir(parents=True)
        self._write_apps()
        self._write_sites()
        self._write_config()
        self._write_environment()

    def _write_apps(self):
        for app in APPS:
            shutil.copytree(_SOURCES / app, self.path / "apps" / app,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for app, patches in PATCHES.items():
            (self.path / "apps" / app / app / "patches.txt").write_text(
                "[pre_model_sync]\n" + "".join(f"{patch}\n" for patch in patches)
                + "\n[post_model_sync]\n# none at present\n")

    def _write_sites(self):
        sites = self.path / "sites"
        (sites / "apps.txt").write_text("".join(f"{app}\n" for app in APPS))
        _write_json(sites / "apps.json", {
            app: {"is_repo": False, "resolution": "not a repo", "required": [], "idx": number + 1,
                  "version": app_version(app)} for number, app in enumerate(APPS)})
        _write_json(sites / "common_site_config.json", self._common_config())
        _write_json(sites / "assets" / "assets.json", {})
        for name, config in self.sites.items():
            for folder in ("public/files", "private/files", "private/backups", "locks", "logs"):
                (sites / name / folder).mkdir(parents=True)
            _write_json(sites / name / "site_config.json", config)
            (sites / name / "site_config.json").chmod(0o640)
            (sites / name / "locks" / "bench_migrate.lock").touch()  # of the last migration

    def _common_config(self):
        ports = self.ports
        return {
            "background_workers": 1,
            "db_host": "127.0.0.1",
            "db_port": ports.mariadb,
            "default_site": SITES[0][0],
            "dns_multitenant": True,
            "gunicorn_workers": 2,
            "monitor": 1,
            "redis_cache": f"redis://127.0.0.1:{ports.redis_cache}",
            "redis_queue": f"redis://127.0.0.1:{ports.redis_queue}",
            "redis_socketio": f"redis://127.0.0.1:{ports.redis_cache}",
            "scheduler_tick_interval": 10,
            "serve_default_site": True,
            "use_redis_auth": False,
            "webserver_port": ports.web,
            "workers": {CUSTOM_QUEUE: {"timeout": CUSTOM_TIMEOUT, "background_workers": 1}},
        }

    def _write_config(self):
        config = self.path / "config"
        for role, port in (("queue", self.ports.redis_queue), ("cache", self.ports.redis_cache)):
            text = _REDIS_CONF.format(role=role, port=port, pids=config / "pids")
            text += _REDIS_CACHE_CONF if role == "cache" else ""
            (config / f"redis_{role}.conf").write_text(text)
        lines = [f"redis_{role}: redis-server config/redis_{role}.conf"
                 for role in ("cache", "queue")]
        lines += [f"web: bench serve --port {self.ports.web}", "schedule: bench schedule"]
        lines += [f"{name}: bench worker --queue {command[-1]} 1>> logs/worker.log "
                  "2>> logs/worker.error.log" for name, command in self.workers().items()]
        (self.path / "Procfile").write_text("\n\n".join(lines) + "\n")
        (self.path / "patches.txt").write_text("bench.patches.v5.update_archived_sites\n")

    def _write_environment(self):
        """A virtual environment made by hand: the real thing takes seconds."""
        env = self.path / "env"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = env / "lib" / version / "site-packages"
        packages.mkdir(parents=True)
        (env / "bin").mkdir()
        (env / "bin" / "python").symlink_to(sys.executable)
        (env / "pyvenv.cfg").write_text(
            f"home = {pathlib.Path(sys.executable).parent}\ninclude-system-site-packages = true\n")
        (packages / "bench.pth").write_text(
            "".join(f"{self.path / 'apps' / app}\n" for app in APPS))


def app_version(app):
    text = (_SOURCES / app / app / "__init__.py").read_text()
    return text.partition('__version__ = "')[2].partition('"')[0]


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=1, sort_keys=True))

# SPDX-License-Identifier: Apache-2.0
"""The stack of docker-compose.yml as docker-compose reads it: hardened, pinned, local, complete."""

import ipaddress
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from support.exporter import ROOT

ENV_EXAMPLE = ROOT / "packaging" / "docker" / "env.example"
VARIABLES = re.findall(r"^(\w+)=", ENV_EXAMPLE.read_text(), re.MULTILINE)
SERVICES = ["alertmanager", "exporter", "grafana", "prometheus"]


def _config(env_file, **more):
    return subprocess.run(["docker-compose", "--env-file", env_file, "-f",
                           ROOT / "docker-compose.yml", "config"], capture_output=True, text=True,
                          check=False, timeout=60, env={"PATH": "/usr/bin:/bin", **more})


@pytest.fixture(scope="module")
def stack():
    done = _config(ENV_EXAMPLE)
    assert done.returncode == 0, done.stderr
    assert "variable is not set" not in done.stderr
    return yaml.safe_load(done.stdout)


@pytest.fixture(params=SERVICES)
def service(stack, request):
    return stack["services"][request.param]


def _mounts(service):
    """(source, destination, mode) of each volume."""
    return [tuple(each.rsplit(":", 2)) for each in service.get("volumes", [])]


def test_these_services(stack):
    assert sorted(stack["services"]) == SERVICES


@pytest.mark.parametrize("missing", VARIABLES)
def test_no_variable_has_a_default(missing, tmp_path):
    path = tmp_path / "env"
    path.write_text("".join(line + "\n" for line in ENV_EXAMPLE.read_text().splitlines()
                            if not line.startswith(f"{missing}=")))
    done = _config(path)
    assert done.returncode != 0
    assert missing in done.stderr


def test_the_file_uses_the_variables_of_the_example():
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert used == set(VARIABLES)


def test_hardened(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"] and service["pids_limit"]
    assert service["logging"]["options"]["max-size"]


def test_images_are_pinned(service):
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"])


def test_the_image_of_the_exporter_has_its_version(stack):
    version = re.search(r"project\(erpnext-exporter VERSION (\S+)",
                        (ROOT / "CMakeLists.txt").read_text())[1]
    assert stack["services"]["exporter"]["image"] == f"erpnext-exporter:{version}"


def test_ports_are_of_this_host_only(service):
    for port in service.get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+(/tcp)?", port)


def test_only_the_exporter_shares_the_network_of_the_host(stack):
    for name, service in stack["services"].items():
        if name == "exporter":
            assert service["network_mode"] == "host"
        else:
            assert list(service["networks"]) == ["monitoring"] and "network_mode" not in service


def test_the_exporter_listens_where_prometheus_asks_and_nowhere_public(stack):
    network = stack["networks"]["monitoring"]["ipam"]["config"][0]
    command = stack["services"]["exporter"]["command"]
    listening = [word.split("=")[1] for word in command if word.startswith("--web.listen-address=")]
    assert sorted(listening) == sorted(["127.0.0.1:10470", f'{network["gateway"]}:10470'])
    assert ipaddress.ip_address(network["gateway"]) in ipaddress.ip_network(network["subnet"])
    assert ipaddress.ip_network(network["subnet"]).is_private
    host, = stack["services"]["prometheus"]["extra_hosts"]
    name, address = host.split(":")
    assert address == network["gateway"]
    targets = yaml.safe_load((ROOT / "packaging/docker/targets/exporters.yml").read_text())
    assert targets == [{"targets": [f"{name}:10470"]}]


def test_mounts_exist_and_cannot_be_written(stack, service):
    named = set(stack["volumes"])
    for source, destination, mode in _mounts(service):
        if source in named:
            assert mode == "rw"
            continue
        assert mode == "ro", destination
        path = pathlib.Path(source)
        if path.is_relative_to(ROOT):
            assert path.exists(), f"{source} is missing"


def test_each_volume_is_used(stack):
    used = {source for service in stack["services"].values() for source, _, _ in _mounts(service)}
    assert set(stack["volumes"]) <= used


def test_healthchecks_ask_the_service_itself(stack):
    for name, service in stack["services"].items():
        if name == "exporter":  # its image has no program that could ask
            assert "healthcheck" not in service
        else:
            assert service["healthcheck"]["test"][0] == "CMD"  # no shell
            assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])


def test_secrets_are_files(stack):
    for secret in stack["secrets"].values():
        assert list(secret) == ["file"]
    for service in stack["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", name):
                assert name.endswith("__FILE")
                assert pathlib.Path(value).name in [each if isinstance(each, str) else each["source"]
                                                    for each in service["secrets"]]


def test_the_exporter_accepts_its_configuration(program, stack):
    path = ROOT / "packaging" / "docker" / "exporter.yml"
    done = subprocess.run([program, "check-config", path], capture_output=True, text=True,
                          check=False, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    mounted = {destination for _, destination, _ in _mounts(stack["services"]["exporter"])}
    command = stack["services"]["exporter"]["command"]
    options = dict(word[2:].split("=", 1) for word in command if "=" in word)
    assert options.pop("config.file") in mounted
    assert options.pop("bench") in mounted
    known = set(re.findall(r"^### `(\S+)`", (ROOT / "docs" / "configuration.md").read_text(),
                           re.MULTILINE))
    assert set(options) <= known
    settings = yaml.safe_load(path.read_text())
    assert settings["state"]["folder"] in mounted
    assert settings["mariadb"]["password-file"] == "/run/secrets/mariadb_password"


def test_prometheus_accepts_what_it_mounts(stack, tmp_path):
    """Laid out as in the container; promtool reads the files of targets too."""
    inside = tmp_path / "erpnext"
    shutil.copytree(ROOT / "alerts", inside, ignore=shutil.ignore_patterns("targets"))
    shutil.copytree(ROOT / "packaging" / "docker" / "targets", inside / "targets")
    mounts = {destination: source for source, destination, _
              in _mounts(stack["services"]["prometheus"])}
    assert mounts["/etc/prometheus/erpnext"] == str(ROOT / "alerts")
    assert mounts["/etc/prometheus/erpnext/targets"] == str(ROOT / "packaging/docker/targets")
    assert (ROOT / "alerts" / "targets").is_dir()  # what the second is mounted on
    assert "--config.file=/etc/prometheus/erpnext/prometheus.yml" \
        in stack["services"]["prometheus"]["command"]
    done = subprocess.run(["promtool", "check", "config", inside / "prometheus.yml"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    config = yaml.safe_load((inside / "prometheus.yml").read_text())
    patterns = re.findall(r"targets/[^'\"\]]+\.yml", json.dumps(config))
    assert patterns
    for pattern in patterns:
        assert list(inside.glob(pattern)), f"no file fits {pattern}"


def test_grafana_finds_data_source_and_dashboards(stack):
    provisioning = ROOT / "dashboards" / "provisioning"
    mounts = {destination: source for source, destination, _
              in _mounts(stack["services"]["grafana"])}
    assert mounts["/etc/grafana/provisioning/datasources"] == str(provisioning / "datasources")
    assert mounts["/etc/grafana/provisioning/dashboards"] == str(provisioning / "dashboards")
    source, = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())[
        "datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert source["url"] == "http://prometheus:9090" and "prometheus" in stack["services"]
    scrape = yaml.safe_load((ROOT / "alerts" / "prometheus.yml").read_text())["global"]
    assert source["jsonData"]["timeInterval"] == scrape["scrape_interval"]
    provider, = yaml.safe_load((provisioning / "dashboards" / "erpnext.yml").read_text())["providers"]
    folder = pathlib.Path(mounts[provider["options"]["path"]])
    home = stack["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (folder / pathlib.Path(home).name).is_file()
    assert pathlib.Path(home).parent == pathlib.Path(provider["options"]["path"])


def test_runbooks_are_where_the_dashboards_link_to(stack):
    board = json.loads((ROOT / "dashboards" / "erpnext-bench.json").read_text())
    base, = [each["query"] for each in board["templating"]["list"] if each["name"] == "runbooks"]
    mounts = {destination: source for source, destination, _
              in _mounts(stack["services"]["grafana"])}
    # Grafana's home in its image; it serves the folder "public" of it.
    assert mounts[f"/usr/share/grafana{base}"] == str(ROOT / "alerts" / "runbooks")

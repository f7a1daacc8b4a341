"""A service of ready-made pages on loopback: its answers take almost no time, so that only its callers are measured."""

from __future__ import annotations

import argparse
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

PAGE = 100


def instance(number: int) -> dict[str, Any]:
    """One synthetic instance of three nodes, with every field of the service's answer."""
    zone, subnet = f"cn-north-4{'abc'[number % 3]}", "f1df08c5-71d1-406a-aff0-de435a51007b"
    nodes = [
        {
            "id": f"{number:030x}{node}1no06",
            "name": f"bench-{number}_priam_node_{node}",
            "status": "normal",
            "role": "",
            "subnet_id": subnet,
            "private_ip": f"192.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "public_ip": "",
            "spec_code": "geminidb.cassandra.4xlarge.4",
            "availability_zone": zone,
            "support_reduce": False,
        }
        for node in (1, 2, 3)
    ]
    return {
        "id": f"{number:032x}in06",
        "name": f"bench-{number}",
        "status": "normal",
        "port": "8635",
        "mode": "Cluster",
        "region": "cn-north-4",
        "datastore": {
            "type": "cassandra",
            "version": "3.11",
            "patch_available": False,
            "whole_version": "3.11.3.11204",
        },
        "engine": "rocksDB",
        "created": f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}",
        "updated": "2026-01-02T00:07:00",
        "db_user_name": "rwuser",
        "vpc_id": "674e9b42-cd8d-4d25-a2e6-5abcc565b961",
        "subnet_id": subnet,
        "security_group_id": "7aa51dbf-5b63-40db-9724-dad3c4828b58",
        "backup_strategy": {"start_time": "08:00-09:00", "keep_days": 8},
        "pay_mode": "0",
        "maintenance_window": "02:00-06:00",
        "groups": [
            {
                "id": f"{number:032x}gr06",
                "status": "normal",
                "volume": {"size": "500", "used": f"{number % 500}.25"},
                "nodes": nodes,
            }
        ],
        "enterprise_project_id": "0",
        "time_zone": "",
        "actions": [],
        "availability_zone": zone,
        "ssl": "0",
        "disk_encryption_id": "",
        "backup_space_usage": {"backup_usage": 0},
    }


class Handler(BaseHTTPRequestHandler):
    """Answers every list of instances from ready bytes."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write
    disable_nagle_algorithm = True
    pages: ClassVar[dict[int, bytes]] = {}
    one: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        body = self.one
        if "id" not in query and query.get("limit") != ["1"]:
            body = self.pages[int(query.get("offset", ["0"])[0])]
        # The caller names the latency in the project id, so that one process serves all.
        time.sleep(int(re.search(r"/latency-(\d+)/", self.path)[1]) / 1000)
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Request-Id", "0" * 32)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def main() -> None:
    """Build the pages, print the address, serve until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--instances", type=int, required=True)
    total = parser.parse_args().instances

    def page(first: int, last: int) -> bytes:
        things = [instance(number) for number in range(first, min(last, total))]
        return json.dumps({"instances": things, "total_count": total}).encode()

    Handler.pages = {first: page(first, first + PAGE) for first in range(0, total + PAGE, PAGE)}
    Handler.one = json.dumps({"instances": [instance(0)], "total_count": 1}).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

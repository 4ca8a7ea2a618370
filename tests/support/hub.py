"""A server on loopback that speaks what pushing to the Hugging Face hub, and reading from it, asks of one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


def git_id(data: bytes) -> str:
    """How git names the content of a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def is_large(path: str) -> bool:
    """Whether the hub stores a file by its SHA-256."""
    return path.endswith((".parquet", ".safetensors"))


class Repository:
    """A data set or model: the files of each commit."""

    def __init__(self, private: bool) -> None:
        self.private = private
        self.commits: dict[str, dict[str, bytes]] = {}

    @property
    def head(self) -> str:
        return list(self.commits)[-1] if self.commits else "0" * 40

    def files(self, revision: str) -> dict[str, bytes] | None:
        return self.commits.get(self.head if revision == "main" else revision, {} if revision == "main" else None)

    def commit(self, changes: dict[str, bytes]) -> str:
        files = (self.files("main") or {}) | changes
        oid = hashlib.sha1(repr((sorted(files), len(self.commits), changes)).encode()).hexdigest()
        self.commits[oid] = files
        return oid


class LoopbackHub(ThreadingHTTPServer):
    """Its repositories, and every request it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: LoopbackHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base's name
        self.server.asked.append(f"{self.command} {urlsplit(self.path).path}")

    def do_POST(self) -> None:
        body = self._body()
        match urlsplit(self.path).path.split("/")[1:]:
            case ["api", "repos", "create"]:
                self._create(json.loads(body))
            case ["api", "validate-yaml"]:
                self._json({"errors": [], "warnings": []})
            case ["api", "datasets" | "models", owner, name, "preupload", "main"]:
                self._preupload(self._repository(owner, name), json.loads(body)["files"])
            case ["datasets", _, _, "info", "lfs", "objects", "batch"] | [_, _, "info", "lfs", "objects", "batch"]:
                self._batch(json.loads(body)["objects"])
            case ["api", "datasets" | "models", owner, name, "commit", "main"]:
                self._commit(self._repository(owner, name), [json.loads(line) for line in body.splitlines()])
            case ["api", "datasets" | "models", owner, name, "paths-info", revision]:
                self._paths(self._repository(owner, name).files(revision) or {}, parse_qs(body.decode())["paths"])
            case _:
                self._json({"error": f"unknown: {self.path}"}, 404)

    def do_PUT(self) -> None:
        data = self._body()
        assert hashlib.sha256(data).hexdigest() == self.path.rpartition("/")[2]
        self.server.large[self.path.rpartition("/")[2]] = data
        self._json({})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/datasets/([^/]+)/([^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(self.server.repositories.get(f"{found[1]}/{found[2]}"), found[3], found[4])
        elif found := re.fullmatch(r"/api/(?:datasets|models)/([^/]+)/([^/]+)(/revision/main)?", path):
            self._json({"id": f"{found[1]}/{found[2]}", "sha": self._repository(found[1], found[2]).head})
        else:
            self._json({"error": f"unknown: {self.path}"}, 404)

    def _repository(self, owner: str, name: str) -> Repository:
        return self.server.repositories[f"{owner}/{name}"]

    def _create(self, asked: dict[str, Any]) -> None:
        assert asked.get("type", "model") in ("dataset", "model")
        name = f"{asked['organization']}/{asked['name']}"
        there = name in self.server.repositories
        self.server.repositories.setdefault(name, Repository(asked.get("visibility") == "private" or asked["private"]))
        self._json({"url": f"{self.server.url}/datasets/{name}", "name": name}, 409 if there else 200)

    def _preupload(self, repository: Repository, files: list[dict[str, Any]]) -> None:
        there = repository.files("main") or {}
        told = []
        for file in files:
            path = file["path"]
            large = is_large(path)
            oid = None
            if path in there:
                oid = hashlib.sha256(there[path]).hexdigest() if large else git_id(there[path])
            told.append({"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": oid})
        self._json({"files": told})

    def _batch(self, objects: list[dict[str, Any]]) -> None:
        told = []
        for one in objects:
            upload = {"actions": {"upload": {"href": f"{self.server.url}/large/{one['oid']}"}}}
            told.append({**one, **({} if one["oid"] in self.server.large else upload)})
        self._json({"transfer": "basic", "objects": told})

    def _commit(self, repository: Repository, lines: list[dict[str, Any]]) -> None:
        changes = {}
        for line in lines:
            value = line["value"]
            match line["key"]:
                case "file":
                    changes[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    changes[value["path"]] = self.server.large[value["oid"]]
        oid = repository.commit(changes)
        self._json({"success": True, "commitOid": oid, "commitUrl": f"{self.server.url}/datasets/x/y/commit/{oid}"})

    def _paths(self, files: dict[str, bytes], paths: list[str]) -> None:
        told = []
        for path in (path for path in paths if path in files):
            data = files[path]
            large = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 1}
            one = {"type": "file", "path": path, "size": len(data), "oid": git_id(data)}
            told.append(one | ({"lfs": large} if is_large(path) else {}))
        self._json(told)

    def _file(self, repository: Repository | None, revision: str, path: str) -> None:
        files = repository.files(revision) if repository else None
        if repository is None or files is None or path not in files:
            code = "RepoNotFound" if repository is None else "RevisionNotFound" if files is None else "EntryNotFound"
            self._json({"error": code}, 404, {"X-Error-Code": code})
            return
        commit = repository.head if revision == "main" else revision
        self._send(200, files[path], {"ETag": f'"{git_id(files[path])}"', "X-Repo-Commit": commit})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def loopback_hub() -> Iterator[LoopbackHub]:
    """A hub that listens for the length of a block."""
    with LoopbackHub() as hub:
        thread = threading.Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()

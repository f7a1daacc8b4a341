"""One story, told twice: an instance outgrows its storage, is backed up, restored, deleted and had back."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from gaussnb.nosql.instance_spec import InstanceSpec


class Storyteller(Protocol):
    """The steps of the story for both clients; each step ends when its work has ended."""

    def create(self, body: dict[str, Any]) -> str: ...
    def add_nodes(self, id: str, num: int) -> None: ...
    def extend(self, id: str, size: int) -> None: ...
    def back_up(self, id: str, name: str) -> str: ...
    def delete(self, id: str) -> None: ...
    def recycled(self, id: str) -> str: ...
    def shown(self, id: str) -> dict[str, Any]: ...


class Ours:
    """The story told by this package."""

    def __init__(self, sandbox: Any, gdb: Any) -> None:
        self.sandbox, self.gdb = sandbox, gdb

    def _ended(self, receipt: Any) -> Any:
        self.sandbox.advance(3600)
        job = self.gdb.jobs.get(receipt["job_id"].iloc[0])
        assert job["status"].iloc[0] == "Completed"
        return receipt.iloc[0]

    def create(self, body: dict[str, Any]) -> str:
        return str(self._ended(self.gdb.instances.create(InstanceSpec(**body)))["id"])

    def add_nodes(self, id: str, num: int) -> None:
        self._ended(self.gdb.nodes.add(id, num))

    def extend(self, id: str, size: int) -> None:
        self._ended(self.gdb.volumes.extend(id, size))

    def back_up(self, id: str, name: str) -> str:
        return str(self._ended(self.gdb.backups.create(id, name, "before the fair"))["backup_id"])

    def delete(self, id: str) -> None:
        self._ended(self.gdb.instances.delete(id))

    def recycled(self, id: str) -> str:
        (kept,) = self.gdb.recycle_bin.list().query("id == @id").to_dict("records")
        return str(kept["backup_id"])

    def shown(self, id: str) -> dict[str, Any]:
        found = self.gdb.instances.list(id=id)
        if found.empty:
            return {}
        one = found.iloc[0]
        return {name: one[name] for name in ("status", "nodes", "storage_gb", "used_gb")}


class Official:
    """The story told by the official SDK."""

    def __init__(self, sandbox: Any, sdk: Any, v3: Any, official: Any) -> None:
        self.sandbox, self.sdk, self.v3, self.official = sandbox, sdk, v3, official

    def _ended(self, answer: Any) -> Any:
        self.sandbox.advance(3600)
        (job,) = self.sdk.list_jobs(self.v3.ListJobsRequest(id=answer.job_id)).jobs
        assert job.status == "Completed"
        return answer

    def create(self, body: dict[str, Any]) -> str:
        asked = self.official("CreateInstanceRequestBody", body)
        return str(self._ended(self.sdk.create_instance(self.v3.CreateInstanceRequest(body=asked))).id)

    def add_nodes(self, id: str, num: int) -> None:
        body = self.v3.ExpandInstanceNodeRequestBody(num=num)
        self._ended(self.sdk.expand_instance_node(self.v3.ExpandInstanceNodeRequest(instance_id=id, body=body)))

    def extend(self, id: str, size: int) -> None:
        body = self.v3.ResizeInstanceVolumeRequestBody(size=size)
        self._ended(self.sdk.resize_instance_volume(self.v3.ResizeInstanceVolumeRequest(instance_id=id, body=body)))

    def back_up(self, id: str, name: str) -> str:
        kind = getattr(self.v3, self.v3.CreateBackRequest.openapi_types["body"])
        body = kind(name=name, description="before the fair")
        answer = self.sdk.create_back(self.v3.CreateBackRequest(instance_id=id, body=body))
        return str(self._ended(answer).backup_id)

    def delete(self, id: str) -> None:
        self._ended(self.sdk.delete_instance(self.v3.DeleteInstanceRequest(instance_id=id)))

    def recycled(self, id: str) -> str:
        kept = self.sdk.list_recycle_instances(self.v3.ListRecycleInstancesRequest()).instances
        return next(str(one.backup_id) for one in kept if one.id == id)

    def shown(self, id: str) -> dict[str, Any]:
        for one in self.sdk.list_instances(self.v3.ListInstancesRequest(id=id)).instances:
            (group,) = one.groups
            size, used = int(group.volume.size), float(group.volume.used)
            return {"status": one.status, "nodes": len(group.nodes), "storage_gb": size, "used_gb": used}
        return {}


@pytest.fixture
def sandbox(build: Any) -> Any:
    return build(port=0)


@pytest.fixture(params=["gaussnb", "sdk"])
def told(request: pytest.FixtureRequest, sandbox: Any) -> Any:
    """A sandbox on a socket, and who tells the story in it."""
    if request.param == "gaussnb":
        return sandbox, Ours(sandbox, request.getfixturevalue("gdb"))
    v3 = pytest.importorskip("huaweicloudsdkgaussdbfornosql.v3")
    return sandbox, Official(sandbox, request.getfixturevalue("sdk"), v3, request.getfixturevalue("official"))


def test_an_instance_outgrows_its_storage(told: tuple[Any, Storyteller], quick_start: dict[str, Any]) -> None:
    sandbox, teller = told
    id = teller.create(quick_start)
    assert teller.shown(id) == {"status": "normal", "nodes": 3, "storage_gb": 500, "used_gb": 0.003}

    teller.add_nodes(id, 2)
    sandbox.fill(id, 99)
    assert teller.shown(id) == {"status": "data_disk_full", "nodes": 5, "storage_gb": 500, "used_gb": 495}
    teller.extend(id, 800)
    grown = {"status": "normal", "nodes": 5, "storage_gb": 800, "used_gb": 495}
    assert teller.shown(id) == grown

    backup = teller.back_up(id, "before-the-fair")
    sandbox.fill(id, 80)
    flavor = {**quick_start["flavor"][0], "num": 5, "size": 800}
    like_it = {**quick_start, "name": "restored-01", "flavor": [flavor]}
    restored = teller.create({**like_it, "restore_info": {"backup_id": backup}})
    assert teller.shown(restored) == grown  # what was written after the backup is not there

    teller.delete(id)
    assert teller.shown(id) == {}
    back = teller.create({**like_it, "restore_info": {"backup_id": teller.recycled(id)}})
    assert teller.shown(back) == {**grown, "used_gb": 640}  # what it held when it was deleted

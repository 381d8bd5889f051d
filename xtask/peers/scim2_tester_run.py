"""Runs every check of scim2-tester against the tenant described on standard input, as `provost tenant create` did."""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

FEATURES = ["patch", "bulk", "filter", "sort", "etag"]
GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}

tenant = json.load(sys.stdin)
headers = {"Authorization": f"Bearer {tenant['token']}"}
with Client(base_url=tenant["pathBaseUrl"], headers=headers) as client:
    config = client.get("ServiceProviderConfig").json()
    results = check_server(SyncSCIMClient(client))

faults = [f"{name} is not announced" for name in FEATURES if not config[name]["supported"]]
if not config["pagination"]["cursor"]:
    faults.append("cursor pagination is not announced")
# A tester that meets no resource type is content as well.
if {result.resource_type for result in results if result.resource_type} != {"User", "Group"}:
    faults.append("not every resource type was checked")
for result in results:
    if result.status not in GOOD:
        faults.append(f"{result.status.name} {result.title} ({result.resource_type}): {result.reason}")
for fault in faults:
    print(fault)
print(f"scim2-tester: {len(results)} checks, {len(faults)} faults")
sys.exit(1 if faults else 0)

"""Provisions into a SCIM server of somebody else's and compares its accounts with the directory after each cycle.

Arguments: the program, its data directory, the name of the target, its base URL, the file of its requests.
"""

import csv
import json
import pathlib
import subprocess
import sys
import urllib.request

PROVOST, DATA, NAME, URL, REQUESTS = sys.argv[1:]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
# More than one page of either target, names that must be escaped, and a manager who comes later than their report.
COUNT = 60
USERS = [f"user{n}@contoso.example" for n in range(COUNT)] + [
    "o'brien+hr@contoso.example",
    "jürgen.größe@contoso.example",
    "a&b#c%d@contoso.example",
]
HEADER = "userPrincipalName displayName givenName surname mail jobTitle department telephoneNumber city manager".split()


def provost(*arguments, status=0):
    command = [PROVOST, *arguments, "--json", "--data-dir", DATA]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != status:
        sys.exit(f"{NAME}: {' '.join(arguments)} ended with {done.returncode}: {done.stdout} {done.stderr}")
    return json.loads(done.stdout) if done.stdout else None


def administration(path, method):
    """What the command line has no command for."""
    server = json.loads((pathlib.Path(DATA) / "server.json").read_text())
    token = (pathlib.Path(DATA) / "admin-token").read_text().strip()
    request = urllib.request.Request(server["url"] + path, method=method, headers={"Authorization": f"Bearer {token}"})
    urllib.request.urlopen(request).close()


def resources(kind):
    # Not by GET: scimmy-routers does not page there, see docs/conformance.md.
    found, head = [], {"Authorization": "Bearer t0ken", "Content-Type": "application/scim+json"}
    while True:
        search = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "startIndex": len(found) + 1,
            "count": 100,
        }
        request = urllib.request.Request(f"{URL}/{kind}/.search", json.dumps(search).encode(), head)
        with urllib.request.urlopen(request) as answer:
            page = json.load(answer)
        found += page.get("Resources", [])
        if len(found) >= page["totalResults"]:
            return found


def written():
    """How many requests that change something the target has had."""
    lines = pathlib.Path(REQUESTS).read_text().splitlines()
    return sum(not line.startswith("GET ") and "/.search" not in line for line in lines)


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{NAME}: {what}: {found!r}, expected {expected!r}")


def cycle(what, of=NAME, **counts):
    report = provost("job", "run", of, "--wait")
    expected = {"created": 0, "updated": 0, "disabled": 0, "deleted": 0, "failed": 0, "staged": 0} | counts
    check(what, {name: report[name] for name in expected}, expected)


def compare(what, gone=(), disabled=(), groups=None):
    """The target has the accounts that it should, each once and with the directory's values, and the members."""
    accounts = resources("Users")
    by_name = {account["userName"]: account for account in accounts}
    check(f"accounts, {what}", sorted(account["userName"] for account in accounts), sorted(set(PEOPLE) - set(gone)))
    for name, account in by_name.items():
        person = PEOPLE[name]
        enterprise = account.get(ENTERPRISE, {})
        manager = by_name.get(person["manager"], {}).get("id")
        found = {
            "active": account["active"],
            "displayName": account.get("displayName"),
            "givenName": account.get("name", {}).get("givenName"),
            "title": account.get("title"),
            "mail": [email["value"] for email in account.get("emails", []) if email.get("type") == "work"],
            "phone": [phone["value"] for phone in account.get("phoneNumbers", []) if phone.get("type") == "work"],
            "city": [address.get("locality") for address in account.get("addresses", [])],
            "department": enterprise.get("department"),
            "manager": enterprise.get("manager", {}).get("value"),
        }
        expected = {
            "active": name not in disabled,
            "displayName": person["displayName"],
            "givenName": person["givenName"],
            "title": person["jobTitle"] or None,
            "mail": [person["mail"]] if person["mail"] else [],
            "phone": [person["telephoneNumber"]] if person["telephoneNumber"] else [],
            "city": [person["city"]] if person["city"] else [],
            "department": person["department"],
            # Who leaves the target as somebody's manager stays their manager in the directory.
            "manager": manager,
        }
        check(f"{name}, {what}", found, expected)
    # Neither target takes an account that is deleted out of its groups: see docs/conformance.md.
    names = {account["id"]: account["userName"] for account in accounts}
    found = {
        group["displayName"]: sorted({names[member["value"]] for member in group.get("members", []) if member["value"] in names})
        for group in resources("Groups")
    }
    check(f"groups, {what}", found, {name: sorted(members) for name, members in (groups or {}).items()})


def silent(what):
    before = written()
    cycle(f"a cycle without changes, {what}")
    check(f"writes of a cycle without changes, {what}", written() - before, 0)


def change(name, **attributes):
    provost("user", "set", name, *(f"{key}={value}" for key, value in attributes.items()))
    PEOPLE[name] |= attributes


PEOPLE = {
    name: dict(
        zip(HEADER, [name, f"Person {n}", f"Given{n}", f"Sur{n}", name if n % 3 else "", f"Title {n}", "Sales"])
    )
    | {"telephoneNumber": f"+49 30 {n}", "city": "Berlin", "manager": USERS[n + 1] if n % 7 == 0 else ""}
    for n, name in enumerate(USERS)
}
files = pathlib.Path(DATA)
with open(files / "users.csv", "w", newline="", encoding="utf-8") as file:
    rows = csv.DictWriter(file, HEADER)
    rows.writeheader()
    rows.writerows(PEOPLE.values())
engineers, readers = USERS[:40], USERS[-4:]
with open(files / "groups.csv", "w", newline="", encoding="utf-8") as file:
    rows = csv.writer(file)
    rows.writerow(["displayName", "mailNickname", "memberUserPrincipalName"])
    rows.writerows(["Engineers", "engineers", name] for name in engineers)
    rows.writerows(["Readers & Writers", "readers", name] for name in readers)
(files / "token").write_text("t0ken")

provost("user", "import", str(files / "users.csv"))
provost("group", "import", str(files / "groups.csv"))
create = ["app", "create", "--template", "scim", "--name", NAME, "--tenant-url", URL]
provost(*create, "--secret-token-file", str(files / "token"))
provost("app", "assign", NAME, "--all-users")
provost("job", "test", NAME)
provost("job", "attribute", "discover", NAME)
groups = {"Engineers": engineers, "Readers & Writers": readers}

cycle("the initial cycle", created=len(USERS) + len(groups))
compare("at first", groups=groups)
silent("at first")

# Values that change, that go, that hold what must be escaped; a manager who changes; a name that changes.
change(USERS[1], jobTitle='Chief "Engineer" \\ ü', city="Köln")
change(USERS[2], jobTitle="", telephoneNumber="", city="")
change(USERS[7], manager=USERS[3])
change(USERS[-3], displayName="Seán O'Brien")
renamed = "renamed@contoso.example"
provost("user", "set", USERS[4], f"userPrincipalName={renamed}")
PEOPLE[renamed] = PEOPLE.pop(USERS[4])
engineers[4] = renamed
provost("group", "add-member", "Engineers", USERS[50])
provost("group", "remove-member", "Engineers", USERS[5])
engineers.append(USERS[50])
engineers.remove(USERS[5])
cycle("changes", updated=6)
compare("after changes", groups=groups)
silent("after changes")

# One is disabled, one is in the recycle bin.
provost("user", "disable", USERS[10])
provost("user", "delete", USERS[11])
for name in USERS[10:12]:
    engineers.remove(name)
cycle("one disabled, one deleted", disabled=2, updated=1)
compare("with two disabled", disabled=USERS[10:12], groups=groups)
silent("with two disabled")

# Both come back, with what they had.
provost("user", "set", USERS[10], "accountEnabled=true")
restored = provost("user", "restore", USERS[11])
engineers.extend(USERS[10:12])
cycle("both are back", updated=3)
compare("with both back", groups=groups)
silent("with both back")

# One is gone for good, and a group with it.
provost("user", "delete", USERS[20], "--permanent")
group = next(it for it in provost("group", "list")["value"] if it["displayName"] == "Readers & Writers")
administration(f"/v1.0/groups/{group['id']}", "DELETE")
engineers.remove(USERS[20])
groups.pop("Readers & Writers")
# The group that she was a member of loses her first.
cycle("one user and one group gone for good", deleted=2, updated=1)
compare("at last", gone=[USERS[20]], groups=groups)
silent("at last")

# A job that begins anew finds every account, group and member where they are, and writes nothing.
again = f"{NAME} again"
provost("app", "create", "--template", "scim", "--name", again, *create[6:], "--secret-token-file", str(files / "token"))
provost("app", "assign", again, "--all-users")
before = written()
cycle("another job", of=again)
check("writes of another job", written() - before, 0)
compare("with another job", gone=[USERS[20]], groups=groups)

failures = provost("log", "list", NAME, "--status", "failure")["value"]
check("failures in the log", failures, [])
print(f"{NAME}: {len(PEOPLE) - 1} accounts, {len(groups)} group, as in the directory, {written()} writes")

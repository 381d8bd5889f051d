"""Drives a server by msgraph-sdk, with nothing of the SDK changed but where it calls and with which token.

First the walk-through "Configure provisioning using Microsoft Graph APIs" of Entra's documentation, step by step, then users
and groups. Arguments: the base address, the file of the token. Standard input: a tenant to provision into.
"""

import asyncio
import json
import pathlib
import sys
import time

from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.application_templates.application_templates_request_builder import (
    ApplicationTemplatesRequestBuilder,
)
from msgraph.generated.application_templates.item.instantiate.instantiate_post_request_body import (
    InstantiatePostRequestBody,
)
from msgraph.generated.audit_logs.provisioning.provisioning_request_builder import ProvisioningRequestBuilder
from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder as GroupsDelta
from msgraph.generated.groups.item.members.ref.ref_request_builder import RefRequestBuilder as MemberReferences
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.attribute_mapping import AttributeMapping
from msgraph.generated.models.attribute_mapping_source import AttributeMappingSource
from msgraph.generated.models.attribute_mapping_source_type import AttributeMappingSourceType
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.synchronization_job import SynchronizationJob
from msgraph.generated.models.synchronization_job_application_parameters import (
    SynchronizationJobApplicationParameters,
)
from msgraph.generated.models.synchronization_job_subject import SynchronizationJobSubject
from msgraph.generated.models.synchronization_secret import SynchronizationSecret
from msgraph.generated.models.synchronization_secret_key_string_value_pair import (
    SynchronizationSecretKeyStringValuePair,
)
from msgraph.generated.models.user import User
from msgraph.generated.service_principals.item.synchronization.jobs.item.provision_on_demand.provision_on_demand_post_request_body import (
    ProvisionOnDemandPostRequestBody,
)
from msgraph.generated.service_principals.item.synchronization.jobs.item.validate_credentials.validate_credentials_post_request_body import (
    ValidateCredentialsPostRequestBody,
)
from msgraph.generated.service_principals.item.synchronization.secrets.secrets_put_request_body import (
    SecretsPutRequestBody,
)
from msgraph.generated.users.count.count_request_builder import CountRequestBuilder
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder as UsersDelta
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

URL, TOKEN = sys.argv[1:]
TENANT = json.load(sys.stdin)
# How long a cycle may take.
LIMIT = 60


class Credential:
    """The token of an administrator, as azure-identity's credentials hand one out."""

    def get_token(self, *_scopes, **_options):
        return AccessToken(pathlib.Path(TOKEN).read_text().strip(), int(time.time()) + 3600)


def client():
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(Credential()))
    adapter.base_url = f"{URL}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def check(what, found, expected):
    if found != expected:
        sys.exit(f"msgraph-sdk: {what}: {found!r}, expected {expected!r}")


def asked(builder, eventual=False, **query):
    """The options of a call."""
    kind = next(member for name, member in vars(builder).items() if name.endswith("QueryParameters"))
    headers = HeadersCollection()
    if eventual:
        headers.add("ConsistencyLevel", "eventual")
    return RequestConfiguration(query_parameters=kind(**query), headers=headers)


async def refused(call, status, code):
    try:
        await call
    except ODataError as error:
        check("the status of a refusal", error.response_status_code, status)
        check("the code of a refusal", error.error.code, code)
        return
    sys.exit(f"msgraph-sdk: a call was not refused with {code}")


async def provisioning(graph):
    # Step 1: create the gallery application.
    named = asked(ApplicationTemplatesRequestBuilder, filter="displayName eq 'OfficeSpace Software'")
    templates = await graph.application_templates.get(named)
    check("templates", [template.display_name for template in templates.value], ["OfficeSpace Software"])
    made = await graph.application_templates.by_application_template_id(templates.value[0].id).instantiate.post(
        InstantiatePostRequestBody(display_name="OfficeSpace Contoso")
    )
    check("the application's name", made.application.display_name, "OfficeSpace Contoso")
    app = graph.service_principals.by_service_principal_id(made.service_principal.id)

    # Step 2: create the provisioning job based on the template.
    synchronization = (await app.synchronization.templates.get()).value[0]
    job = await app.synchronization.jobs.post(SynchronizationJob(template_id=synchronization.id))
    check("the job's template", job.template_id, synchronization.id)
    at = app.synchronization.jobs.by_synchronization_job_id(job.id)

    # Step 3: authorize access.
    def credentials(token):
        pairs = [(SynchronizationSecret.BaseAddress, TENANT["pathBaseUrl"]), (SynchronizationSecret.SecretToken, token)]
        return [SynchronizationSecretKeyStringValuePair(key=key, value=value) for key, value in pairs]

    wrong = ValidateCredentialsPostRequestBody(credentials=credentials("wrong"))
    try:
        await at.validate_credentials.post(wrong)
        sys.exit("msgraph-sdk: a wrong token was found right")
    except ODataError as error:
        check("the status for a wrong token", error.response_status_code, 400)
    await at.validate_credentials.post(ValidateCredentialsPostRequestBody(credentials=credentials(TENANT["token"])))
    await app.synchronization.secrets.put(SecretsPutRequestBody(value=credentials(TENANT["token"])))

    # Who is provisioned, and by which mapping.
    people = [await graph.users.post(person(f"walk{number}", department="Sales")) for number in range(3)]
    role = next(role for role in made.service_principal.app_roles if role.display_name == "User")
    for assigned in people[:2]:
        await app.app_role_assigned_to.post(
            AppRoleAssignment(principal_id=assigned.id, resource_id=made.service_principal.id, app_role_id=role.id)
        )
    check("assignments", len((await app.app_role_assigned_to.get()).value), 2)
    one = await graph.users.by_user_id(people[0].id).app_role_assignments.get()
    check("the assignments of a user", [it.resource_display_name for it in one.value], ["OfficeSpace Contoso"])
    schema = await at.schema.get()
    users = next(it for it in schema.synchronization_rules[0].object_mappings if it.source_object_name == "User")
    mapped = len(users.attribute_mappings)
    source = AttributeMappingSource(
        type=AttributeMappingSourceType.Function, name="ToUpper", expression="ToUpper([department], )"
    )
    users.attribute_mappings.append(AttributeMapping(target_attribute_name="nickName", source=source))
    await at.schema.patch(schema)
    schema = await at.schema.get()
    users = next(it for it in schema.synchronization_rules[0].object_mappings if it.source_object_name == "User")
    check("mappings after one was added", len(users.attribute_mappings), mapped + 1)

    # Step 4: start the provisioning job.
    await at.start.post()

    # Step 5: monitor provisioning.
    before = time.monotonic()
    while not (job := await at.get()).status.last_successful_execution:
        if time.monotonic() > before + LIMIT:
            sys.exit(f"msgraph-sdk: no cycle came to its end: {job.status.code}")
        await asyncio.sleep(0.2)
    check("the job's state", job.status.code.value, "Active")
    about = f"sourceIdentity/id eq '{people[0].id}' and jobId eq '{job.id}'"
    log = await graph.audit_logs.provisioning.get(asked(ProvisioningRequestBuilder, filter=about))
    check("entries about a user", [entry.provisioning_action.value for entry in log.value], ["create"])
    status = log.value[0].provisioning_status_info.status.value
    check("what became of the user", status, "success")

    # One user on demand, with every step.
    subject = SynchronizationJobSubject(object_id=people[2].id, object_type_name="User")
    await app.app_role_assigned_to.post(
        AppRoleAssignment(principal_id=people[2].id, resource_id=made.service_principal.id, app_role_id=role.id)
    )
    parameters = [SynchronizationJobApplicationParameters(rule_id="rule", subjects=[subject])]
    report = await at.provision_on_demand.post(ProvisionOnDemandPostRequestBody(parameters=parameters))
    steps = json.loads(report.value)["steps"]
    check("the steps on demand", [step["status"] for step in steps if step["status"] == "Failure"], [])
    check("the last step on demand", steps[-1]["type"], "export")

    await at.pause.post()
    await at.schema.delete()
    users = next(
        it for it in (await at.schema.get()).synchronization_rules[0].object_mappings if it.source_object_name == "User"
    )
    check("mappings after a reset", len(users.attribute_mappings), mapped)
    for made_up in people:
        await graph.users.by_user_id(made_up.id).delete()
    await app.delete()


def person(name, **more):
    return User(
        account_enabled=True,
        display_name=name.title(),
        mail_nickname=name,
        user_principal_name=f"{name}@contoso.example",
        password_profile=PasswordProfile(password="never kept"),
        **more,
    )


def reference(id):
    return f"{URL}/v1.0/directoryObjects/{id}"


async def directory(graph):
    since = (await graph.users.delta.with_url(f"{URL}/v1.0/users/delta?$deltatoken=latest").get()).odata_delta_link
    made = [await graph.users.post(person(f"user{number}")) for number in range(7)]
    ids = {user.id for user in made}
    count = await graph.users.count.get(
        asked(CountRequestBuilder, eventual=True, filter="startsWith(displayName,'User')")
    )
    check("the number of users", count, 7)

    # Pages, filters, orders.
    first = await graph.users.get(asked(UsersRequestBuilder, top=3, filter="startsWith(displayName,'User')"))
    seen = []
    await PageIterator(first, graph.request_adapter).iterate(lambda user: seen.append(user.id) or True)
    check("the pages", (len(seen), set(seen)), (7, ids))
    listed = await graph.users.get(
        asked(UsersRequestBuilder, eventual=True, top=2, count=True, search='"displayName:user"', orderby=["displayName desc"])
    )
    check("a search", ([user.display_name for user in listed.value], listed.odata_count), (["User6", "User5"], 7))
    await refused(graph.users.get(asked(UsersRequestBuilder, filter="shoeSize eq 3")), 400, "Request_BadRequest")
    await refused(graph.users.by_user_id("nobody@contoso.example").get(), 404, "Request_ResourceNotFound")

    # A change, a manager, a selection.
    one = graph.users.by_user_id(made[0].id)
    await one.patch(User(job_title="Chief", business_phones=["+1 555"]))
    await one.manager.ref.put(ReferenceUpdate(odata_id=reference(made[1].id)))
    manager = await one.manager.get()
    check("the manager", (type(manager).__name__, manager.id), ("User", made[1].id))
    shown = await graph.users.by_user_id("user0@contoso.example").get(
        asked(UserItemRequestBuilder, select=["jobTitle", "department", "businessPhones"], expand=["manager($select=id)"])
    )
    check("a selection", (shown.job_title, shown.department, shown.business_phones), ("Chief", None, ["+1 555"]))
    check("the manager expanded", shown.manager.id, made[1].id)

    # A group and its members.
    group = await graph.groups.post(
        Group(display_name="Team", mail_enabled=False, mail_nickname="team", security_enabled=True)
    )
    team = graph.groups.by_group_id(group.id)
    for member in made[:3]:
        await team.members.ref.post(ReferenceCreate(odata_id=reference(member.id)))
    members = await team.members.get()
    check("the members", {(type(it).__name__, it.id) for it in members.value}, {("User", it.id) for it in made[:3]})
    check("the users among the members", len((await team.members.graph_user.get()).value), 3)
    check("the number of members", await team.members.count.get(), 3)
    await team.members.by_directory_object_id(made[2].id).ref.delete()
    await team.members.ref.post(ReferenceCreate(odata_id=reference(made[2].id)))
    await team.members.ref.delete(asked(MemberReferences, id=reference(made[2].id)))
    check("the members at any depth", len((await team.transitive_members.get()).value), 2)
    groups = await one.member_of.get()
    check("the groups of a user", [(type(it).__name__, it.id) for it in groups.value], [("Group", group.id)])

    # What changed: all that was made, with the manager; then what is deleted and restored.
    changes = await delta(graph.users.delta, since)
    check("the users that are new", set(changes["told"]), ids)
    told = changes["told"][made[0].id]
    check("the title in the changes", told.job_title, "Chief")
    check("the manager in the changes", [str(it["id"]) for it in plain(told)["manager@delta"]], [made[1].id])
    groups = await delta(graph.groups.delta, None)
    check("the members in the first round", len(plain(groups["told"][group.id])["members@delta"]), 2)
    await graph.users.by_user_id(made[6].id).delete()
    await one.manager.ref.delete()
    changes = await delta(graph.users.delta, changes["link"])
    check("who is deleted", plain(changes["told"].pop(made[6].id))["@removed"], {"reason": "changed"})
    removed = plain(changes["told"].pop(made[0].id))["manager@delta"]
    check("the manager who is none", [it["@removed"] for it in removed], [{"reason": "deleted"}])
    check("what else changed", changes["told"], {})
    bin = graph.directory.deleted_items
    check("the recycle bin", made[6].id in {it.id for it in (await bin.graph_user.get()).value}, True)
    await bin.by_directory_object_id(made[6].id).restore.post()
    changes = await delta(graph.users.delta, changes["link"])
    check("who is back", changes["told"][made[6].id].display_name, "User6")
    await graph.users.by_user_id(made[6].id).delete()
    await bin.by_directory_object_id(made[6].id).delete()
    changes = await delta(graph.users.delta, changes["link"])
    check("who is gone", plain(changes["told"][made[6].id])["@removed"], {"reason": "deleted"})
    await team.delete()
    groups = await delta(graph.groups.delta, groups["link"])
    check("the group that is gone", plain(groups["told"][group.id])["@removed"], {"reason": "deleted"})

    # Several calls in one.
    batch = BatchRequestContent()
    reading = BatchRequestItem(request_information=one.to_get_request_information())
    missing = BatchRequestItem(request_information=graph.users.by_user_id("nobody@x.com").to_get_request_information())
    changing = BatchRequestItem(
        request_information=one.to_patch_request_information(User(job_title="Boss")), depends_on=[reading]
    )
    depending = BatchRequestItem(request_information=one.to_get_request_information(), depends_on=[missing])
    for item in (reading, missing, changing, depending):
        batch.add_request(item.id, item)
    answers = await graph.batch.post(batch)
    statuses = [answers.get_response_by_id(item.id).status for item in (reading, missing, changing, depending)]
    check("the answers of a batch", statuses, [200, 404, 204, 424])
    check("the change in a batch", (await one.get()).job_title, "Boss")


def plain(object):
    """What the SDK has no property for."""
    return object.additional_data


async def delta(builder, link):
    """Reads to the end of a round: the objects by id, and where the next round begins."""
    page = await (builder.with_url(link).get() if link else builder.get())
    told = {it.id: it for it in page.value}
    while page.odata_next_link:
        page = await builder.with_url(page.odata_next_link).get()
        told |= {it.id: it for it in page.value}
    return {"told": told, "link": page.odata_delta_link}


async def main():
    graph = client()
    await provisioning(graph)
    await directory(graph)
    print("msgraph-sdk: every step went well")


asyncio.run(main())

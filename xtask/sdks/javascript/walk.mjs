// Drives a server by @microsoft/microsoft-graph-client, with nothing of the client changed but where it calls, with which
// token, and which host it may send that to.
//
// First the walk-through "Configure provisioning using Microsoft Graph APIs" of Entra's documentation, its requests as they
// stand there, then users and groups. Arguments: the base address, the file of the token. Standard input: a tenant to
// provision into.

import { deepStrictEqual as check, rejects } from "node:assert";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import graph from "@microsoft/microsoft-graph-client";

const [url, token] = process.argv.slice(2);
const { pathBaseUrl: target, token: targetToken } = JSON.parse(readFileSync(0, "utf8"));
// How long a cycle may take, in milliseconds.
const LIMIT = 60_000;

const client = graph.Client.initWithMiddleware({
  baseUrl: url,
  customHosts: new Set([new URL(url).hostname]),
  authProvider: { getAccessToken: async () => readFileSync(token, "utf8").trim() },
});

const refused = (call, statusCode, code) => rejects(call, (error) => {
  check([error.statusCode, error.code], [statusCode, code], error.message);
  return true;
});

const names = (list, name = "displayName") => list.value.map((it) => it[name]);

async function provisioning() {
  const beta = (path) => client.api(path).version("beta");

  // Step 1: create the gallery application.
  const templates = await beta("/applicationTemplates").filter("displayName eq 'OfficeSpace Software'").get();
  check(names(templates), ["OfficeSpace Software"]);
  const made = await beta(`/applicationTemplates/${templates.value[0].id}/instantiate`)
    .post({ displayName: "OfficeSpace Contoso" });
  const app = `/servicePrincipals/${made.servicePrincipal.id}`;
  check(made.application.displayName, "OfficeSpace Contoso");

  // Step 2: create the provisioning job based on the template.
  const [template] = (await beta(`${app}/synchronization/templates`).get()).value;
  check(template.schema.synchronizationRules.length, 1);
  const { id } = await beta(`${app}/synchronization/jobs`).post({ templateId: template.id });
  const job = `${app}/synchronization/jobs/${id}`;

  // Step 3: authorize access.
  const credentials = (secret) => [{ key: "BaseAddress", value: target }, { key: "SecretToken", value: secret }];
  const validate = (secret) => beta(`${job}/validateCredentials`).post({ credentials: credentials(secret) });
  await rejects(validate("wrong"), (error) => error.statusCode === 400);
  await validate(targetToken);
  await beta(`${app}/synchronization/secrets`).put({ value: credentials(targetToken) });
  const secrets = await beta(`${app}/synchronization/secrets`).get();
  check(secrets.value.map((it) => it.value).join(""), "", "a secret is never read back");

  // Who is provisioned, and by which mapping: the schema as it is exported, with a change, imported again.
  const person = await beta("/users").post(user("script"));
  const { id: role } = made.servicePrincipal.appRoles.find((it) => it.displayName === "User");
  await beta(`${app}/appRoleAssignedTo`)
    .post({ principalId: person.id, resourceId: made.servicePrincipal.id, appRoleId: role });
  const mappings = (schema) => schema.synchronizationRules[0].objectMappings
    .find((it) => it.sourceObjectName === "User").attributeMappings;
  const schema = await beta(`${job}/schema`).get();
  const before = mappings(schema).length;
  const source = { type: "Constant", name: "Contoso", expression: '"Contoso"' };
  mappings(schema).push({ targetAttributeName: "nickName", source });
  await beta(`${job}/schema`).put(schema);
  check(mappings(await beta(`${job}/schema`).get()).length, before + 1);

  // Step 4: start the provisioning job.
  await beta(`${job}/start`).post();

  // Step 5: monitor provisioning.
  const until = Date.now() + LIMIT;
  const status = async () => (await beta(`${app}/synchronization/jobs`).get()).value[0].status;
  while (!(await status()).lastSuccessfulExecution) {
    check(Date.now() < until, true, "no cycle came to its end");
    await pause(200);
  }
  const log = await beta("/auditLogs/provisioning")
    .filter(`jobId eq '${id}' and provisioningStatusInfo/status eq 'success'`).top(1).get();
  check(log.value.map((it) => it.sourceIdentity.id), [person.id]);

  await beta(`${job}/pause`).post();
  await beta(`${job}/schema`).delete();
  check(mappings(await beta(`${job}/schema`).get()).length, before);
  await beta(`/users/${person.id}`).delete();
  await beta(app).delete();
}

function user(name) {
  return {
    accountEnabled: true,
    displayName: name,
    mailNickname: name,
    userPrincipalName: `${name}@contoso.example`,
    passwordProfile: { password: "never kept" },
  };
}

const reference = (id) => ({ "@odata.id": `${url}/v1.0/directoryObjects/${id}` });

/** Reads to the end of a round: what was told, and where the next round begins. */
async function delta(path) {
  let page = await client.api(path).get();
  const told = [...page.value];
  while (page["@odata.nextLink"]) {
    page = await client.api(page["@odata.nextLink"]).get();
    told.push(...page.value);
  }
  return { told, link: page["@odata.deltaLink"] };
}

async function directory() {
  const made = [];
  for (const number of [...Array(7).keys()]) made.push(await client.api("/users").post(user(`person${number}`)));

  // Pages, filters, orders, counts.
  const people = "startsWith(displayName,'person')";
  const seen = [];
  const first = await client.api("/users").filter(people).top(3).get();
  await new graph.PageIterator(client, first, (it) => seen.push(it.id) > 0).iterate();
  check(new Set(seen), new Set(made.map((it) => it.id)));
  const listed = await client.api("/users").header("ConsistencyLevel", "eventual").count(true)
    .search('"displayName:person"').orderby("displayName desc").select(["displayName", "city"]).top(2).get();
  check([names(listed), listed["@odata.count"], listed.value[0].city], [["person6", "person5"], 7, null]);
  check(await client.api("/users/$count").filter(people).get(), "7");
  const rich = await client.api("/users").filter("businessPhones/any(p:p eq '+1 555') or otherMails/$count gt 0").get();
  check(rich.value, []);
  await refused(client.api("/users").filter("shoeSize eq 3").get(), 400, "Request_BadRequest");
  await refused(client.api("/users").query({ $apply: "aggregate" }).get(), 400, "Request_UnsupportedQuery");
  await refused(client.api("/users/nobody@contoso.example").get(), 404, "Request_ResourceNotFound");

  // A change, a manager, a group.
  const one = `/users/${made[0].id}`;
  await client.api(one).patch({ jobTitle: "Chief", department: null });
  await client.api(`${one}/manager/$ref`).put(reference(made[1].id));
  check(await client.api(`${one}/manager/$ref`).get().then((it) => it["@odata.id"]), reference(made[1].id)["@odata.id"]);
  const shown = await client.api("/users/person0@contoso.example").select("jobTitle").expand("manager($select=id)").get();
  check([shown.jobTitle, shown.manager.id], ["Chief", made[1].id]);
  const team = await client.api("/groups").post({
    displayName: "Crew",
    mailEnabled: false,
    mailNickname: "crew",
    securityEnabled: true,
    "members@odata.bind": made.slice(0, 2).map((it) => reference(it.id)["@odata.id"]),
  });
  const members = `/groups/${team.id}/members`;
  await client.api(`${members}/$ref`).post(reference(made[2].id));
  await client.api(`${members}/${made[1].id}/$ref`).delete();
  check(names(await client.api(`${members}/microsoft.graph.user`).get()).sort(), ["person0", "person2"]);
  check(names(await client.api(`${one}/memberOf`).get()), ["Crew"]);

  // What changed, by both spellings of the function.
  const groups = await delta("/groups/microsoft.graph.delta()?$select=displayName,members");
  check(groups.told.find((it) => it.id === team.id)["members@delta"].length, 2);
  const { link } = await delta("/users/delta?$deltatoken=latest");
  await client.api(one).delete();
  await client.api(`/users/${made[1].id}`).patch({ city: "Bonn" });
  const changes = await delta(link);
  check(changes.told.map((it) => it["@removed"]?.reason ?? it.city), ["changed", "Bonn"]);
  check((await client.api("/directory/deletedItems/microsoft.graph.user").get()).value.at(-1).id, made[0].id);
  await client.api(`/directory/deletedItems/${made[0].id}/restore`).post();
  check((await delta(changes.link)).told.map((it) => it.jobTitle), ["Chief"]);
  await client.api(`${members}/${made[2].id}/$ref`).delete();
  const later = await delta(groups.link);
  check(later.told[0]["members@delta"].map((it) => [it.id, it["@removed"]?.reason]), [[made[2].id, "deleted"]]);

  // Several calls in one, each after those that it depends on.
  const step = (id, path, init, ...dependsOn) =>
    ({ id, request: new Request(`https://graph.microsoft.com${path}`, init), dependsOn });
  const body = JSON.stringify({ jobTitle: "Boss" });
  const batch = new graph.BatchRequestContent([
    step("1", one, { method: "PATCH", body, headers: { "Content-Type": "application/json" } }),
    step("2", `/v1.0${one}?$select=jobTitle`, undefined, "1"),
    step("3", "/users/nobody@contoso.example", undefined, "2"),
    step("4", one, undefined, "3"),
  ]);
  const answers = new graph.BatchResponseContent(await client.api("/$batch").post(await batch.getContent()));
  check(["1", "2", "3", "4"].map((id) => answers.getResponseById(id).status), [204, 200, 404, 424]);
  check((await answers.getResponseById("2").json()).jobTitle, "Boss");

  await client.api(`/groups/${team.id}`).delete();
  for (const { id } of made) await client.api(`/users/${id}`).delete();
}

await provisioning();
await directory();
console.log("microsoft-graph-client: every step went well");

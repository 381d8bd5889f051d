import { assign, cycle, type Provisioned, provisioned, until, userId } from "../provisioned";
import { ADA, type Person, Server } from "../fixture";
import { Receiver } from "../receiver";
import { RefusingTarget } from "../target";

const FIRST = ["Ada", "Grace", "Emmy", "Alan", "Barbara", "Edsger", "Frances", "Donald", "Radia", "Niklaus", "Karen", "Tony", "Lise", "Dennis", "Marie", "Linus"];
const LAST = ["Becker", "Dubois", "Eriksson", "Ferrari", "Garcia", "Horvat", "Ivanova", "Jansen", "Kowalski", "Lindgren", "Moreau", "Novak", "Okafor", "Peeters", "Rossi"];
const WORK = [["Sales", "Account manager", "Berlin"], ["Engineering", "Engineer", "Lyon"], ["Finance", "Controller", "Milan"], ["Support", "Agent", "Ghent"]] as const;
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

export const PEOPLE = FIRST.length * LAST.length;
export const READER: Person = { signInName: "reader@contoso.example", displayName: "Robin Reader", password: ADA.password };
export const TENANT: Person = { signInName: "tenant@contoso.example", displayName: "Terry Tenant", password: ADA.password };

/** A server on which every page of the console has something to show. */
export interface World {
  server: Server;
  /** In order, with a plan, drift and a log. */
  office: Provisioned;
  /** In quarantine: a guard holds removals back. */
  desks: Provisioned;
  ids: {
    user: string;
    group: string;
    administrator: string;
    /** The tenant that `office` and other clients provision into. */
    tenant: string;
    webhook: string;
    /** An account in that tenant, and a group. */
    account: string;
    team: string;
  };
  stop(): Promise<void>;
}

/** Addresses of users, in the order in which they were made. */
export const address = (index: number) => `${FIRST[index % FIRST.length]}.${LAST[Math.floor(index / FIRST.length)]}@contoso.example`.toLowerCase();

export async function build(): Promise<World> {
  const [server, receiver, target] = await Promise.all([Server.start(), Receiver.start(), RefusingTarget.start()]);
  const stop = async () => {
    await server.stop();
    await receiver.stop();
    await target.stop();
  };
  return fill(server, receiver, target).then(
    (made) => ({ server, ...made, stop }),
    async (error: unknown) => {
      await stop();
      throw error;
    },
  );
}

async function fill(server: Server, receiver: Receiver, target: RefusingTarget): Promise<Omit<World, "server" | "stop">> {
  await server.administrator();
  await people(server);
  const group = await sales(server);
  await server.call("DELETE", `/v1.0/users/${await userId(server, address(PEOPLE - 1))}`);
  const office = await officeOf(server, group);
  const desks = await desksOf(server);
  await shelvesOf(server, target.url);
  const tenant = (await server.call<{ id: string }>("GET", `/provost/v1/tenants/${office.tenant}`)).id;
  await server.call("POST", `/provost/v1/tenants/${tenant}/schemas`, {
    id: "urn:contoso:params:scim:schemas:extension:desk:2.0:User",
    name: "Desk",
    resourceType: "User",
    attributes: [{ name: "desk", type: "string" }, { name: "floor", type: "integer" }, { name: "badge", type: "string", uniqueness: "server" }],
  });
  const webhook = await otherClient(server, receiver, tenant);
  await administrators(server, tenant);
  const { value: accounts } = await server.call<Found>("GET", `/provost/v1/tenants/${tenant}/users?contains=${address(1)}`);
  const { value: teams } = await server.call<Found>("GET", `/provost/v1/tenants/${tenant}/groups?contains=Sales`);
  const { value: who } = await server.call<Found>("GET", "/provost/v1/administrators");
  const administrator = who.find(({ displayName }) => displayName === READER.displayName)!.id;
  return { office, desks, ids: { user: await userId(server, address(1)), group, administrator, tenant, webhook, account: accounts[0]!.id, team: teams[0]!.id } };
}

interface Found {
  value: { id: string; displayName: string }[];
}

async function people(server: Server): Promise<void> {
  const rows = Array.from({ length: PEOPLE }, (_, index) => {
    const [department, title, city] = WORK[index % WORK.length]!;
    const [first, last] = [FIRST[index % FIRST.length], LAST[Math.floor(index / FIRST.length)]];
    return `${address(index)},${first} ${last},${first},${last},${department},${title},${city},true`;
  });
  await server.import("userPrincipalName,displayName,givenName,surname,department,jobTitle,city,accountEnabled", rows);
}

/** A group with members, another group in it, and a manager. */
async function sales(server: Server): Promise<string> {
  const made = async (displayName: string, description: string) =>
    (await server.call<{ id: string }>("POST", "/v1.0/groups", { displayName, description, mailEnabled: false, mailNickname: displayName.toLowerCase(), securityEnabled: true })).id;
  const join = (group: string, member: string) => server.call("POST", `/v1.0/groups/${group}/members/$ref`, { "@odata.id": `/directoryObjects/${member}` });
  const group = await made("Sales", "Everybody who sells");
  for (let index = 0; index < 8; index += 1) await join(group, await userId(server, address(index)));
  const europe = await made("Europe", "The teams of Europe");
  await join(europe, group);
  await made("Engineering", "Everybody who builds");
  const boss = await userId(server, address(0));
  for (let index = 1; index < 4; index += 1) await server.call("PUT", `/v1.0/users/${address(index)}/manager/$ref`, { "@odata.id": `/users/${boss}` });
  return group;
}

/** An application whose accounts are in order but for one that somebody else changed, and with somebody to come. */
async function officeOf(server: Server, group: string): Promise<Provisioned> {
  const office = await provisioned(server, "OfficeSpace Software", "contoso");
  await assign(server, office, group);
  await cycle(server, office);
  await server.call("POST", `${office.path}/start`);
  await server.call("PATCH", `/v1.0/users/${address(2)}`, { jobTitle: "Head of sales", department: "Sales" });
  await assign(server, office, await userId(server, address(20)));
  await cycle(server, office);
  const { value } = await server.call<Found>("GET", `/provost/v1/tenants/contoso/users?contains=${address(3)}`);
  const scim = await clientOf(server, "contoso", "Help desk");
  await scim("PATCH", `/Users/${value[0]!.id}`, { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [{ op: "replace", path: "title", value: "Guest" }] });
  await server.call("POST", `/provost/v1/jobs/${office.job}/drift`, {});
  await until(async () => {
    const { lastDrift } = await server.call<{ lastDrift: object | null }>("GET", `/provost/v1/jobs/${office.job}`);
    return lastDrift !== null;
  });
  for (const index of [21, 22]) await assign(server, office, await userId(server, address(index)));
  await server.call("PATCH", `/v1.0/users/${address(4)}`, { city: "Hamburg", jobTitle: "Engineer" });
  return office;
}

/** An application in quarantine: six of ten accounts would be disabled. */
async function desksOf(server: Server): Promise<Provisioned> {
  const desks = await provisioned(server, "Desks");
  for (let index = 30; index < 40; index += 1) await assign(server, desks, await userId(server, address(index)));
  await cycle(server, desks);
  await server.call("PATCH", `/provost/v1/jobs/${desks.job}`, { guards: { removals: { number: 3 } } });
  const assigned = `/v1.0/servicePrincipals/${desks.application}/appRoleAssignedTo`;
  const { value } = await server.call<Found>("GET", `${assigned}?$top=6`);
  for (const { id } of value) await server.call("DELETE", `${assigned}/${id}`);
  await cycle(server, desks);
  return desks;
}

/** An application that takes nobody. */
async function shelvesOf(server: Server, url: string): Promise<void> {
  const shelves = await provisioned(server, "Shelves");
  await server.call("PUT", `/v1.0/servicePrincipals/${shelves.application}/synchronization/secrets`, { value: [{ key: "BaseAddress", value: url }] });
  for (let index = 50; index < 55; index += 1) await assign(server, shelves, await userId(server, address(index)));
  await cycle(server, shelves);
}

async function clientOf(server: Server, tenant: string, label: string) {
  const { token } = await server.call<{ token: string }>("POST", `/provost/v1/tenants/${tenant}/tokens`, { label });
  const { pathBaseUrl } = await server.call<{ pathBaseUrl: string }>("GET", `/provost/v1/tenants/${tenant}`);
  const base = server.url + new URL(pathBaseUrl).pathname;
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/scim+json", "User-Agent": "Azure Active Directory" };
  return (method: string, path: string, body?: unknown) => fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

/** A client with habits, one whose requests are refused, and an application that is told of what they do. */
async function otherClient(server: Server, receiver: Receiver, tenant: string): Promise<string> {
  const scim = await clientOf(server, tenant, "Entra ID");
  const webhook = await server.call<{ id: string }>("POST", `/provost/v1/tenants/${tenant}/webhooks`, { url: receiver.url, description: "Desk planning" });
  const made = await scim("POST", "/Users", { schemas: [USER], userName: "visitor@contoso.example", displayName: "Visitor", active: "True" });
  await scim("POST", "/Users", { schemas: [USER], userName: "visitor@contoso.example" });
  await scim("GET", "/Users?filter=userName+is+wrong");
  await fetch(`${server.url}/tenants/contoso/api/scim/v2/Users`, { headers: { Authorization: "Bearer wrong" } });
  const told = (type: string) => until(() => Promise.resolve(receiver.received.some(({ body }) => body.includes(`"type":"${type}"`))));
  await told("user.created");
  receiver.status = 503;
  receiver.answer = "down for repair";
  await scim("DELETE", `/Users/${((await made.json()) as { id: string }).id}`);
  await told("user.deleted");
  return webhook.id;
}

async function administrators(server: Server, tenant: string): Promise<void> {
  await server.administrator("reportsReader", READER);
  await server.administrator("tenantAdministrator", TENANT, { type: "tenant", id: tenant });
  const { id } = await server.call<{ id: string }>("POST", "/provost/v1/administrators", { type: "tool", displayName: "terraform" });
  await server.call("POST", `/provost/v1/administrators/${id}/roles`, { role: "applicationAdministrator", scope: { type: "installation" } });
}

// Serves scimmy-routers over a map in memory on a free port, and says where; every request goes to the file named, a
// line each.

import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

/** What scimmy leaves to whoever uses it: to keep resources, and to see that a name is there once. */
function serve(Resource, name) {
    const kept = new Map();
    const one = (id) => {
        const found = kept.get(id);
        if (!found) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
        return found;
    };
    SCIMMY.Resources.declare(Resource, {
        egress: (resource) => {
            if (resource.id) return one(resource.id);
            const all = [...kept.values()];
            return resource.filter ? resource.filter.match(all) : all;
        },
        ingress: (resource, data) => {
            const before = resource.id ? one(resource.id) : undefined;
            for (const other of kept.values()) {
                if (other !== before && other[name].toLowerCase() === data[name].toLowerCase()) {
                    throw new SCIMMY.Types.Error(409, "uniqueness", `${name} ${data[name]} is taken`);
                }
            }
            const id = before?.id ?? randomUUID();
            const now = new Date();
            const written = JSON.parse(JSON.stringify(data));
            kept.set(id, { ...written, id, meta: { created: before?.meta.created ?? now, lastModified: now } });
            return kept.get(id);
        },
        degress: (resource) => {
            one(resource.id);
            kept.delete(resource.id);
        },
    });
}

serve(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser), "userName");
serve(SCIMMY.Resources.Group, "displayName");

const requests = createWriteStream(process.argv[2]);
const app = express();
app.use((request, response, next) => {
    response.on("finish", () => requests.write(`${request.method} ${request.originalUrl} ${response.statusCode}\n`));
    next();
});
app.use("/scim", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== "Bearer t0ken") throw new Error("that is not the token");
    },
}));
// What scimmy could not answer is answered by it, and not told on standard error a second time.
app.use((error, request, response, next) => response.headersSent ? undefined : next(error));
const server = app.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}/scim`));

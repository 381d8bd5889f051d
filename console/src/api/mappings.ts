import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "./client";
import { ApiError, errorOf } from "./errors";
import type {
  AttributeDefinition, AttributeMapping, FilterOperator, Function as ExpressionFunction, ObjectMapping, ParsedExpression,
  Reevaluation, ScopeSample, SynchronizationSchema,
} from "./schema";

export type { AttributeDefinition, AttributeMapping, ExpressionFunction, FilterOperator, ObjectMapping, ParsedExpression, Reevaluation, ScopeSample };
export type Schema = SynchronizationSchema;

export type ObjectName = "User" | "Group";

/** A schema as it was read, with the tag by which the server knows whether somebody has changed it since. */
export interface SavedSchema {
  schema: Schema;
  tag: string | null;
}

/** Whose mappings are read and written. */
export interface JobOf {
  application: string;
  job: string;
}

const SCHEMA = "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema";
const path = ({ application, job }: JobOf) => ({ id: application, job });
/** Every key that shows an application begins so: a change of its mappings makes all of it old. */
const key = ({ application }: JobOf) => ["applications", "one", application, "schema"];

export function schemaQuery(of: JobOf) {
  return queryOptions({
    queryKey: key(of),
    queryFn: async ({ signal }): Promise<SavedSchema> => {
      const call = api.GET(SCHEMA, { params: { path: path(of) }, signal });
      const schema = await answer(call);
      return { schema, tag: (await call).response.headers.get("ETag") };
    },
  });
}

export function functionsQuery(of: JobOf) {
  return queryOptions({
    queryKey: [...key(of), "functions"],
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<ExpressionFunction[]> =>
      (await answer(api.GET(`${SCHEMA}/functions`, { params: { path: path(of) }, signal }))).value,
  });
}

export function operatorsQuery(of: JobOf) {
  return queryOptions({
    queryKey: [...key(of), "operators"],
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<FilterOperator[]> =>
      (await answer(api.GET(`${SCHEMA}/filterOperators`, { params: { path: path(of) }, signal }))).value,
  });
}

/** An expression checked, and tried with a user or group where one is chosen. */
export function expressionQuery(of: JobOf, expression: string, objectId: string | undefined) {
  return queryOptions({
    queryKey: [...key(of), "expression", { expression, objectId }],
    queryFn: ({ signal }): Promise<ParsedExpression> =>
      answer(api.POST(`${SCHEMA}/parseExpression`, { params: { path: path(of) }, body: { expression, objectId }, signal })),
  });
}

/** How many users and groups the next cycle looks at once a schema is saved; refused as saving it would be. */
export function affectedQuery(of: JobOf, schema: Schema) {
  return queryOptions({
    queryKey: [...key(of), "affected", schema],
    queryFn: ({ signal }): Promise<Reevaluation> => affected(of, schema, signal),
  });
}

export function affected({ job }: JobOf, schema: Schema, signal?: AbortSignal): Promise<Reevaluation> {
  return answer(api.POST("/provost/v1/jobs/{job}/reevaluation", { params: { path: { job } }, body: { schema }, signal }));
}

/** Who of a sample of the directory passes the scoping filters of a schema, saved or not. */
export function sampleQuery(of: JobOf, object: ObjectName, schema: Schema) {
  return queryOptions({
    queryKey: [...key(of), "sample", object, schema],
    queryFn: ({ signal }): Promise<ScopeSample> =>
      answer(api.POST("/provost/v1/jobs/{job}/scope", { params: { path: { job: of.job } }, body: { object, schema }, signal })),
  });
}

/** Saves a schema, unless somebody else has changed it since it was read; answers how many objects the next cycle looks at. */
export async function saveSchema(of: JobOf, { schema, tag }: SavedSchema): Promise<number> {
  const { error, response } = await api.PUT(SCHEMA, { params: { path: path(of) }, body: schema, headers: ifUnchanged(tag) });
  return objectsAffected(response, error);
}

/** Gives the mappings back what the application's template has. */
export async function resetSchema(of: JobOf, tag: string | null): Promise<number> {
  const { error, response } = await api.DELETE(SCHEMA, { params: { path: path(of) }, headers: ifUnchanged(tag) });
  return objectsAffected(response, error);
}

function ifUnchanged(tag: string | null): Record<string, string> {
  return tag ? { "If-Match": tag } : {};
}

function objectsAffected(response: Response, error: unknown): number {
  if (!response.ok) throw errorOf(response, error);
  return Number(response.headers.get("Provost-Objects-Affected") ?? 0);
}

/** Whether a schema could not be saved because somebody else has changed it. */
export function isChangedByOthers(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 412 || error.status === 409);
}

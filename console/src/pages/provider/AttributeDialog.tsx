import { Checkbox, Input, Select } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { saveExtension, type SchemaExtension } from "../../api/tenants";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { useToasts } from "../../parts/toasts";
import { type AttributeDraft, attributeOf, canBeIndexed, NEW_ATTRIBUTE, TYPES, withAttribute } from "./extension";

const SWITCHES: [keyof AttributeDraft & ("multiValued" | "required" | "caseExact" | "unique" | "indexed"), string][] = [
  ["multiValued", "Several values"],
  ["required", "Required"],
  ["caseExact", "Upper and lower case differ"],
  ["unique", "No two have the same value"],
  ["indexed", "Clients filter by it"],
];

/** An attribute for an extension that there is, or the first one of a new extension. */
export function AttributeDialog({ tenant, to, onClose }: { tenant: string; to?: SchemaExtension; onClose: () => void }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [urn, setUrn] = useState("urn:ietf:params:scim:schemas:extension:");
  const [resourceType, setResourceType] = useState("User");
  const [draft, setDraft] = useState(NEW_ATTRIBUTE);
  const saving = useMutation({
    mutationFn: () => saveExtension(tenant, withAttribute(to ?? { id: urn.trim(), resourceType }, attributeOf(draft)), !to),
    onSuccess: () => {
      toasts.done(`${draft.name} is added`);
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["tenants", "one", tenant, "schemas"] }),
  });
  const incomplete = !draft.name.trim() || !(to ?? urn.trim());
  return (
    <FormDialog title={to ? "Add attribute" : "New schema extension"} action="Add" pending={saving.isPending} incomplete={incomplete} error={saving.error} onSubmit={() => saving.mutate()} onClose={onClose}>
      {!to && (
        <>
          <FormField label="URN" required hint="Such as urn:ietf:params:scim:schemas:extension:contoso:2.0:User"><Input value={urn} onChange={(_, { value }) => setUrn(value)} /></FormField>
          <FormField label="Of"><Select value={resourceType} onChange={(_, { value }) => setResourceType(value)}><option value="User">Users</option><option value="Group">Groups</option></Select></FormField>
        </>
      )}
      <FormField label="Attribute" required><Input value={draft.name} onChange={(_, { value }) => setDraft((now) => ({ ...now, name: value }))} /></FormField>
      <FormField label="Type"><Select value={draft.type} onChange={(_, { value }) => setDraft((now) => ({ ...now, type: value }))}>{TYPES.map((type) => <option key={type}>{type}</option>)}</Select></FormField>
      <div>
        {SWITCHES.filter(([name]) => (name !== "caseExact" || draft.type === "string") && (name !== "indexed" || canBeIndexed(draft.type))).map(([name, label]) => (
          <Checkbox key={name} label={label} checked={draft[name]} onChange={(_, { checked }) => setDraft((now) => ({ ...now, [name]: checked === true }))} />
        ))}
      </div>
    </FormDialog>
  );
}

import { Input, Select } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "../../api/errors";
import { createToken, type Tenant } from "../../api/tenants";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { SecretOnce } from "../../parts/SecretOnce";

/** A token, which is shown once. */
export function NewTokenDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const queries = useQueryClient();
  const [label, setLabel] = useState("");
  const [scope, setScope] = useState("readWrite");
  const [day, setDay] = useState("");
  const making = useMutation({
    mutationFn: () => createToken(tenant.id, { label, scope, expires: day ? `${day}T00:00:00Z` : undefined }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tenants", "one", tenant.id, "tokens"] }),
  });
  if (making.data) {
    return (
      <FormDialog title="The token is made" onClose={onClose}>
        <SecretOnce label="SCIM Authentication Token" secret={making.data.token} />
      </FormDialog>
    );
  }
  const atField = making.error instanceof ApiError && ["label", "expires"].includes(making.error.property ?? "");
  return (
    <FormDialog title="New token" action="Create" pending={making.isPending} error={atField ? undefined : making.error} onSubmit={() => making.mutate()} onClose={onClose}>
      <FormField label="Label" hint="What it is for, such as the client that gets it." property="label" error={making.error}>
        <Input value={label} onChange={(_, { value }) => setLabel(value)} />
      </FormField>
      <FormField label="Access">
        <Select value={scope} onChange={(_, { value }) => setScope(value)}>
          <option value="readWrite">Read and write</option>
          <option value="readOnly">Read only</option>
        </Select>
      </FormField>
      <FormField label="Expires" hint="Never without a date." property="expires" error={making.error}>
        <Input type="date" value={day} onChange={(_, { value }) => setDay(value)} />
      </FormField>
    </FormDialog>
  );
}

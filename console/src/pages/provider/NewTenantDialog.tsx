import { Input } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "../../api/errors";
import { createTenant } from "../../api/tenants";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { SecretOnce } from "../../parts/SecretOnce";
import { BaseUrl } from "./BaseUrl";

/** A tenant with its first token. */
export function NewTenantDialog({ onOpen, onClose }: { onOpen: (id: string) => void; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const making = useMutation({
    mutationFn: () => createTenant(name.trim()),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tenants"] }),
  });
  const made = making.data;
  if (made) {
    return (
      <FormDialog title={`The tenant ${made.tenant} is ready`} action="Go to the tenant" close="Close" onSubmit={() => onOpen(made.id)} onClose={onClose}>
        <BaseUrl url={made.pathBaseUrl} />
        <SecretOnce label="SCIM Authentication Token" secret={made.token} />
      </FormDialog>
    );
  }
  const atField = making.error instanceof ApiError && making.error.property === "name";
  return (
    <FormDialog title="New tenant" action="Create" pending={making.isPending} incomplete={!name.trim()} error={atField ? undefined : making.error} onSubmit={() => making.mutate()} onClose={onClose}>
      <FormField label="Name" hint="A part of the addresses: lower-case letters, digits and hyphens." required property="name" error={making.error}>
        <Input value={name} onChange={(_, { value }) => setName(value)} />
      </FormField>
    </FormDialog>
  );
}

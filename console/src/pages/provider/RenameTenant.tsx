import { Input, Text } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "../../api/errors";
import { changeTenant, type Tenant } from "../../api/tenants";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { useToasts } from "../../parts/toasts";

/** Another name for a tenant, and with it other addresses. */
export function RenameTenant({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [name, setName] = useState(tenant.name);
  const renaming = useMutation({
    mutationFn: () => changeTenant(tenant.id, { name: name.trim() }),
    onSuccess: (renamed) => {
      toasts.done(`The tenant is ${renamed.name} now`);
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "tenants" || queryKey[0] === "session" }),
  });
  const atField = renaming.error instanceof ApiError && renaming.error.property === "name";
  return (
    <FormDialog title={`Rename ${tenant.name}`} action="Rename" pending={renaming.isPending} incomplete={!name.trim() || name.trim() === tenant.name} error={atField ? undefined : renaming.error} onSubmit={() => renaming.mutate()} onClose={onClose}>
      <Text>The SCIM base URL changes with the name: clients reach nothing by the old one, and have to be given the new one. Tokens stay as they are.</Text>
      <FormField label="Name" required property="name" error={renaming.error}><Input value={name} onChange={(_, { value }) => setName(value)} /></FormField>
    </FormDialog>
  );
}

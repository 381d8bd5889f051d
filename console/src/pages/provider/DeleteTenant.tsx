import { Input, Text } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { deleteTenant, type Tenant } from "../../api/tenants";
import { counted } from "../../parts/format";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { useToasts } from "../../parts/toasts";

/** Asks for the name, as everything that a client has provisioned goes. */
export function DeleteTenant({ tenant, onDeleted, onClose }: { tenant: Tenant; onDeleted?: () => Promise<void>; onClose: () => void }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [typed, setTyped] = useState("");
  const deleting = useMutation({
    mutationFn: () => deleteTenant(tenant.id),
    onSuccess: async () => {
      toasts.done(`${tenant.name} is deleted`);
      onClose();
      await onDeleted?.();
      queries.removeQueries({ queryKey: ["tenants", "one", tenant.id] });
      await queries.invalidateQueries({ queryKey: ["tenants"] });
    },
  });
  return (
    <FormDialog title={`Delete ${tenant.name}?`} action="Delete" danger pending={deleting.isPending} incomplete={typed !== tenant.name} error={deleting.error} onSubmit={() => deleting.mutate()} onClose={onClose}>
      <Text>{`${counted(tenant.users, "user")} and ${counted(tenant.groups, "group")} that clients provisioned, its tokens, webhooks and schema extensions are deleted, and no client gets in any more. This cannot be undone.`}</Text>
      <FormField label={`Type ${tenant.name} to confirm`} required><Input value={typed} onChange={(_, { value }) => setTyped(value)} /></FormField>
    </FormDialog>
  );
}

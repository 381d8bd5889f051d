import { Select, Text } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { rotateToken, type Tenant, type Token } from "../../api/tenants";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { SecretOnce } from "../../parts/SecretOnce";
import { nameOf } from "./Tokens";

export const OVERLAPS: [string, string][] = [["PT0S", "At once"], ["PT1H", "In an hour"], ["P1D", "In a day"], ["P7D", "In a week"], ["P30D", "In 30 days"]];

/** Another token in place of one, which goes on for as long as the client needs to be given the other. */
export function RotateToken({ tenant, token, onClose }: { tenant: Tenant; token: Token; onClose: () => void }) {
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState("P1D");
  const rotating = useMutation({
    mutationFn: () => rotateToken(tenant.id, token.id, overlap),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tenants", "one", tenant.id, "tokens"] }),
  });
  if (rotating.data) {
    return (
      <FormDialog title="The new token" onClose={onClose}>
        <SecretOnce label="SCIM Authentication Token" secret={rotating.data.token} />
      </FormDialog>
    );
  }
  return (
    <FormDialog title={`Rotate ${nameOf(token)}`} action="Rotate" pending={rotating.isPending} error={rotating.error} onSubmit={() => rotating.mutate()} onClose={onClose}>
      <Text>A new token is made. Give it to the client before the old one ends.</Text>
      <FormField label="The old token ends">
        <Select value={overlap} onChange={(_, { value }) => setOverlap(value)}>
          {OVERLAPS.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
        </Select>
      </FormField>
    </FormDialog>
  );
}

import { Button, makeStyles, Select, TableCell, TableRow, Text, tokens } from "@fluentui/react-components";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";

import { type Administrator, grantRole, revokeRole, type Role, type Scope } from "../../api/administrators";
import { tenantsQuery } from "../../api/tenants";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { SmallTable } from "../../parts/SmallTable";
import { useToasts } from "../../parts/toasts";
import { ROLES, roleWords } from "./names";

const useStyles = makeStyles({
  form: { display: "flex", flexWrap: "wrap", alignItems: "start", gap: tokens.spacingHorizontalM },
  button: { marginBlockStart: "26px" },
});

const SCOPES = { installation: "Installation", directory: "Directory", tenant: "Tenant" };

/** The roles of an administrator: which, and where they hold. */
export function Roles({ administrator }: { administrator: Administrator }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [role, setRole] = useState<(typeof ROLES)[number]>();
  const [type, setType] = useState<keyof typeof SCOPES>("installation");
  const [tenant, setTenant] = useState("");
  const [taking, setTaking] = useState<Role>();
  const scopeType = !role || role.scopes.includes(type) ? type : role.scopes[0]!;
  const tenants = useInfiniteQuery({ ...tenantsQuery(""), enabled: role !== undefined && scopeType === "tenant" });
  const all = tenants.data?.pages.flatMap(({ value }) => value) ?? [];
  const chosen = tenant || all[0]?.id;
  const scope: Scope = scopeType === "installation" ? { type: scopeType } : { type: scopeType, id: scopeType === "directory" ? "default" : chosen };
  const refresh = () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "administrators" || queryKey[0] === "session" });
  const granting = useMutation({ mutationFn: () => grantRole(administrator.id, role!.role, scope), onSuccess: (given) => { toasts.done(`Added: ${roleWords(given)}`); setRole(undefined); }, onSettled: refresh });
  const revoking = useMutation({ mutationFn: (id: string) => revokeRole(administrator.id, id), onSuccess: () => setTaking(undefined), onSettled: refresh });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (role && !granting.isPending) granting.mutate();
  };
  return (
    <>
      {administrator.roles.length === 0 ? (
        <Text>No role yet: the account sees nothing.</Text>
      ) : (
        <SmallTable label="Roles" columns={["Role", "Scope", { name: "Remove", width: "96px" }]}>
          {administrator.roles.map((held) => (
            <TableRow key={held.id}>
              <TableCell>{held.displayName}</TableCell>
              <TableCell>{held.scope.type === "installation" ? "Installation" : `${SCOPES[held.scope.type as keyof typeof SCOPES]} ${held.scope.name ?? "that is gone"}`}</TableCell>
              <TableCell><Button size="small" aria-label={`Remove ${roleWords(held)}`} onClick={() => { revoking.reset(); setTaking(held); }}>Remove</Button></TableCell>
            </TableRow>
          ))}
        </SmallTable>
      )}
      <form className={styles.form} onSubmit={submit} aria-label="Add a role">
        <FormField label="Role" hint={role?.may}>
          <Select value={role?.role ?? ""} onChange={(_, { value }) => setRole(ROLES.find((one) => one.role === value))}>
            <option value="">Choose a role</option>
            {ROLES.map(({ role, name }) => <option key={role} value={role}>{name}</option>)}
          </Select>
        </FormField>
        <FormField label="Scope">
          <Select value={scopeType} disabled={!role} onChange={(_, { value }) => setType(value as keyof typeof SCOPES)}>
            {(role?.scopes ?? [scopeType]).map((one) => <option key={one} value={one}>{SCOPES[one]}</option>)}
          </Select>
        </FormField>
        {role && scopeType === "tenant" && (
          <FormField label="Tenant">
            <Select value={chosen} onChange={(_, { value }) => setTenant(value)}>
              {all.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
            </Select>
          </FormField>
        )}
        <Button type="submit" className={styles.button} disabledFocusable={!role || granting.isPending || (scopeType === "tenant" && !chosen)}>Add role</Button>
      </form>
      <ErrorBar error={granting.error ?? tenants.error} />
      <ConfirmDialog
        open={taking !== undefined}
        title={taking ? `Remove ${roleWords(taking)}?` : ""}
        action="Remove"
        danger
        pending={revoking.isPending}
        error={revoking.error}
        onConfirm={() => taking && revoking.mutate(taking.id)}
        onCancel={() => setTaking(undefined)}
      >
        {`${administrator.displayName} loses what the role permits at once, also where somebody is signed in.`}
      </ConfirmDialog>
    </>
  );
}

import { Badge, Button, makeStyles, TableCell, TableCellLayout, TableRow, Text, tokens } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { revokeToken, type Tenant, type Token, tokensQuery } from "../../api/tenants";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { RowActions } from "../../parts/RowActions";
import { SmallTable } from "../../parts/SmallTable";
import { useToasts } from "../../parts/toasts";
import { Unread } from "../../parts/Unread";
import { When } from "../../parts/When";
import { NewTokenDialog } from "./NewTokenDialog";
import { RotateToken } from "./RotateToken";

const useStyles = makeStyles({
  add: { display: "flex", gap: tokens.spacingHorizontalM },
});

export function nameOf(token: Token): string {
  return token.label || "Token without a label";
}

/** The tokens that open a tenant: made, replaced, revoked. None is shown after it was made. */
export function Tokens({ tenant, writable }: { tenant: Tenant; writable: boolean }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const tokensOf = useQuery(tokensQuery(tenant.id));
  const [making, setMaking] = useState(false);
  const [rotating, setRotating] = useState<Token>();
  const [revoking, setRevoking] = useState<Token>();
  const ending = useMutation({
    mutationFn: (id: string) => revokeToken(tenant.id, id),
    onSuccess: () => {
      toasts.done("The token is revoked");
      setRevoking(undefined);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["tenants", "one", tenant.id, "tokens"] }),
  });
  const all = tokensOf.data ?? [];
  return (
    <>
      {writable && <div className={styles.add}><Button icon={<Add20Regular />} onClick={() => setMaking(true)}>New token</Button></div>}
      <Unread small of={tokensOf} what="the tokens" />
      {tokensOf.data && all.length === 0 && <Text>There is no token: no client gets in.</Text>}
      {all.length > 0 && (
        <SmallTable label="SCIM Authentication Tokens" columns={["Label", "Access", "Created", "Expires", "Last used", writable && { name: "Actions", width: "72px" }]} least={560}>
          {all.map((token) => (
            <TableRow key={token.id}>
              <TableCell>{nameOf(token)}</TableCell>
              <TableCell>{token.scope === "readOnly" ? "Read only" : "Read and write"}</TableCell>
              <TableCell><TableCellLayout description={`by ${token.createdBy.displayName}`}><When time={token.created} /></TableCellLayout></TableCell>
              <TableCell>
                <When time={token.expires} /> {token.expiresSoon && <Badge appearance="tint" color="warning">Soon</Badge>}
              </TableCell>
              <TableCell><When time={token.lastUsed} /></TableCell>
              {writable && (
                <TableCell>
                  <RowActions
                    focusable
                    name={nameOf(token)}
                    of={[
                      { label: "Rotate", onChosen: () => setRotating(token) },
                      { label: "Revoke", onChosen: () => { ending.reset(); setRevoking(token); } },
                    ]}
                  />
                </TableCell>
              )}
            </TableRow>
          ))}
        </SmallTable>
      )}
      {making && <NewTokenDialog tenant={tenant} onClose={() => setMaking(false)} />}
      {rotating && <RotateToken tenant={tenant} token={rotating} onClose={() => setRotating(undefined)} />}
      <ConfirmDialog
        open={revoking !== undefined}
        title={revoking ? `Revoke ${nameOf(revoking)}?` : ""}
        action="Revoke"
        danger
        pending={ending.isPending}
        error={ending.error}
        onConfirm={() => revoking && ending.mutate(revoking.id)}
        onCancel={() => setRevoking(undefined)}
      >
        Whoever uses it is answered 401 from now on. This cannot be undone. To replace a token without a gap, rotate it.
      </ConfirmDialog>
    </>
  );
}

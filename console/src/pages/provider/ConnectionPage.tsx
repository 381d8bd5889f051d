import { Checkbox, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { may, sessionQuery } from "../../api/session";
import { changeTenant, tenantQuery } from "../../api/tenants";
import { ErrorBar } from "../../parts/ErrorBar";
import { PageBody, Section } from "../../parts/PageBody";
import { useToasts } from "../../parts/toasts";
import { BaseUrl } from "./BaseUrl";
import { Tokens } from "./Tokens";

const useStyles = makeStyles({ about: { paddingInlineStart: "36px", color: tokens.colorNeutralForeground2 }, box: { display: "grid", gap: 0 } });

/** What a client is given: the address and a token; and whether it gets in. */
export function ConnectionPage() {
  const styles = useStyles();
  const { tenant: id } = useParams({ from: "/shell/connectors/scim/$tenant/" });
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const { data: tenant } = useQuery(tenantQuery(id));
  const writable = !!session && may(session, "write", "tenant");
  const switching = useMutation({
    mutationFn: (scimForAuthentication: boolean) => changeTenant(id, { scimForAuthentication }),
    onSuccess: (changed) => {
      queries.setQueryData(tenantQuery(id).queryKey, changed);
      toasts.done(`SCIM for Authentication is ${changed.scimForAuthentication ? "on" : "off"}`);
    },
  });
  if (!tenant) return null;
  const on = switching.isPending ? switching.variables : tenant.scimForAuthentication;
  return (
    <PageBody>
      <BaseUrl url={tenant.pathBaseUrl} hint="The client is given this as Tenant URL." />
      <BaseUrl url={tenant.scimBaseUrl} label="SCIM base URL by host name" hint="The same, where a wildcard name leads to this server." />
      <div className={styles.box}>
        <Checkbox label="SCIM for Authentication" checked={on} disabled={!writable} onChange={(_, { checked }) => switching.mutate(checked === true)} />
        <Text size={200} className={styles.about}>{on ? "Clients with a good token get in." : "Every request of a client is answered 403, also with a good token."}</Text>
        <ErrorBar error={switching.error} />
      </div>
      <Section title="SCIM Authentication Tokens"><Tokens tenant={tenant} writable={writable} /></Section>
    </PageBody>
  );
}

import { Button, Checkbox, Input, makeStyles, Select, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type SubmitEvent, useState } from "react";

import { ApiError } from "../../api/errors";
import { may, sessionQuery } from "../../api/session";
import { changeTenant, type Tenant, tenantQuery, type TenantSettings } from "../../api/tenants";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { PageBody } from "../../parts/PageBody";
import { useToasts } from "../../parts/toasts";
import { Unread } from "../../parts/Unread";
import { UnsavedGuard } from "../../parts/UnsavedGuard";

const useStyles = makeStyles({
  form: { display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: tokens.spacingVerticalM, maxWidth: "560px" },
  actions: { display: "flex", gap: tokens.spacingHorizontalM },
});

type Switch = "uniqueGroupNames" | "uniqueExternalIds" | "strict" | "discoveryNeedsToken";
const SWITCHES: [Switch, string, string][] = [
  ["uniqueGroupNames", "Group names are unique", "Two groups cannot have the same displayName. Entra ID matches groups by it."],
  ["uniqueExternalIds", "External IDs are unique", "Two users, or two groups, cannot have the same externalId."],
  ["strict", "Refuse unknown attributes", "Otherwise they are ignored."],
  ["discoveryNeedsToken", "Discovery needs a token", "Schemas, ResourceTypes and ServiceProviderConfig are answered only with one."],
];

/** How a tenant behaves towards its clients. */
export function SettingsPage() {
  const { tenant: id } = useParams({ from: "/shell/connectors/scim/$tenant/settings" });
  const tenant = useQuery(tenantQuery(id));
  if (!tenant.data) return <Unread of={tenant} what="the settings" />;
  return <SettingsForm key={id} tenant={tenant.data} />;
}

function SettingsForm({ tenant }: { tenant: Tenant }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const writable = !!session && may(session, "write", "tenant");
  const rated = !!session && may(session, "write", "tenants");
  const [draft, setDraft] = useState<TenantSettings>({});
  const shown = { ...tenant.settings, ...draft };
  const change = Object.fromEntries(Object.entries(draft).filter(([name, value]) => value !== tenant.settings[name as keyof TenantSettings]));
  const unsaved = Object.keys(change).length > 0;
  const saving = useMutation({
    mutationFn: () => changeTenant(tenant.id, { settings: change }),
    onSuccess: (changed) => {
      queries.setQueryData(tenantQuery(tenant.id).queryKey, changed);
      setDraft({});
      toasts.done("Saved");
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (unsaved && !saving.isPending) saving.mutate();
  };
  const set = (name: keyof TenantSettings, value: string | number | boolean) => setDraft((now) => ({ ...now, [name]: value }));
  const atField = saving.error instanceof ApiError && saving.error.property === "requestsPerSecond";
  return (
    <PageBody>
      <form className={styles.form} onSubmit={submit} aria-label="Settings">
        <ErrorBar error={atField ? undefined : saving.error} />
        {SWITCHES.map(([name, label, about]) => (
          <div key={name}>
            <Checkbox label={label} checked={shown[name] ?? false} disabled={!writable} onChange={(_, { checked }) => set(name, checked === true)} />
            <Text block size={200} style={{ paddingInlineStart: 32 }}>{about}</Text>
          </div>
        ))}
        <FormField label="A PATCH is answered" hint="Entra ID wants no body for groups.">
          <Select value={shown.patchAnswer ?? "byType"} disabled={!writable} onChange={(_, { value }) => set("patchAnswer", value)}>
            <option value="byType">With the user, and for groups without a body</option>
            <option value="resource">With the user or group</option>
            <option value="noContent">Without a body</option>
          </Select>
        </FormField>
        <FormField label="Requests a second" hint={rated ? "Further ones are answered 429." : "An Operator or Global Administrator of the installation sets this."} property="requestsPerSecond" error={saving.error}>
          <Input type="number" min={1} max={1_000_000} disabled={!rated} value={String(shown.requestsPerSecond ?? "")} onChange={(_, { value }) => set("requestsPerSecond", Number(value))} />
        </FormField>
        {writable && (
          <div className={styles.actions}>
            <Button type="submit" appearance="primary" disabledFocusable={!unsaved || saving.isPending}>{saving.isPending ? "Saving…" : "Save"}</Button>
            {unsaved && <Button onClick={() => setDraft({})}>Discard</Button>}
          </div>
        )}
        <UnsavedGuard unsaved={unsaved} />
      </form>
    </PageBody>
  );
}

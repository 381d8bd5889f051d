import { MessageBar, MessageBarBody, ToolbarButton } from "@fluentui/react-components";
import { Delete20Regular, Person20Regular, PersonProhibited20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { type Administrator, administratorQuery, changeAdministrator, deleteAdministrator } from "../../api/administrators";
import { sessionQuery } from "../../api/session";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { Facts } from "../../parts/Facts";
import { PageBody, Section } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { useToasts } from "../../parts/toasts";
import { UnreadPage } from "../../parts/Unread";
import { When } from "../../parts/When";
import { NewPassword } from "./NewPassword";
import { Roles } from "./Roles";
import { Secrets } from "./Secrets";

const ABOVE = [{ label: "Administrators", to: "/administrators" }];

/** An administrator: roles, and what the account is opened with. */
export function AdministratorPage() {
  const { id } = useParams({ from: "/shell/administrators/$id" });
  const administrator = useQuery(administratorQuery(id));
  if (!administrator.data) return <UnreadPage title="Administrator" above={ABOVE} of={administrator} what="the administrator" />;
  return <Loaded key={id} administrator={administrator.data} />;
}

function Loaded({ administrator }: { administrator: Administrator }) {
  const { id, displayName, enabled, type, signInName, clientId, hasPassword, created } = administrator;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const own = session?.id === id;
  const [asking, setAsking] = useState<"delete" | "disable">();
  const refresh = () => queries.invalidateQueries({ queryKey: ["administrators"] });
  const switching = useMutation({
    mutationFn: (on: boolean) => changeAdministrator(id, { enabled: on }),
    onSuccess: (_, on) => {
      toasts.done(`The account is ${on ? "enabled" : "disabled"}`);
      setAsking(undefined);
    },
    onSettled: refresh,
  });
  const deleting = useMutation({
    mutationFn: () => deleteAdministrator(id),
    onSuccess: async () => {
      toasts.done(`${displayName} is deleted`);
      setAsking(undefined);
      await navigate({ to: "/administrators" });
      queries.removeQueries({ queryKey: ["administrators", "one", id] });
      await refresh();
    },
  });
  return (
    <>
      <PageHeader
        title={displayName}
        above={ABOVE}
        commands={
          !own && (
            <>
              <ToolbarButton icon={enabled ? <PersonProhibited20Regular /> : <Person20Regular />} onClick={() => (enabled ? setAsking("disable") : switching.mutate(true))}>
                {enabled ? "Disable" : "Enable"}
              </ToolbarButton>
              <ToolbarButton icon={<Delete20Regular />} onClick={() => setAsking("delete")}>Delete</ToolbarButton>
            </>
          )
        }
      />
      <PageBody>
        {!enabled && <MessageBar intent="info" layout="multiline"><MessageBarBody>The account is disabled: nothing opens it.</MessageBarBody></MessageBar>}
        {own && <MessageBar intent="info" layout="multiline"><MessageBarBody>This is you. Another administrator disables or deletes your account.</MessageBarBody></MessageBar>}
        <Facts of={[["Type", type === "tool" ? "Tool" : "Person"], ["Sign-in name", signInName], ["Client ID", clientId], ["Created", <When key="created" time={created} />]]} />
        <Section title="Roles"><Roles administrator={administrator} /></Section>
        {type === "tool" ? (
          <Section title="Client secrets"><Secrets administrator={administrator} /></Section>
        ) : (
          <Section title="Password"><NewPassword id={id} hasPassword={hasPassword === true} /></Section>
        )}
      </PageBody>
      <ConfirmDialog
        open={asking !== undefined}
        title={asking === "delete" ? `Delete ${displayName}?` : `Disable ${displayName}?`}
        action={asking === "delete" ? "Delete" : "Disable"}
        danger
        pending={deleting.isPending || switching.isPending}
        error={deleting.error ?? switching.error}
        onConfirm={() => (asking === "disable" ? switching.mutate(false) : deleting.mutate())}
        onCancel={() => setAsking(undefined)}
      >
        {asking === "disable"
          ? "Whoever is signed in with the account no longer is, and its access tokens open nothing. It can be enabled again."
          : "The account goes with its roles and secrets, and whoever is signed in with it no longer is. This cannot be undone. What it did stays in the audit log."}
      </ConfirmDialog>
    </>
  );
}

import { MessageBar, MessageBarBody, ToolbarButton } from "@fluentui/react-components";
import { ArrowUndo20Regular, Delete20Regular, PersonProhibited20Regular, Person20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { may, sessionQuery } from "../../api/session";
import { changeUser, deleteForGood, deleteUser, restoreUser, type User, userQuery } from "../../api/users";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { Copied } from "../../parts/Copied";
import { Facts } from "../../parts/Facts";
import { PageBody, Section } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { PropertiesForm } from "../../parts/PropertiesForm";
import { useToasts } from "../../parts/toasts";
import { UnreadPage } from "../../parts/Unread";
import { When } from "../../parts/When";
import { Memberships } from "../groups/Memberships";
import { Manager } from "./Manager";
import { UserApplications } from "./UserApplications";
import { FIELDS } from "./fields";

const ABOVE = [{ label: "Users", to: "/users" }];

/** A user: who that is, in which applications there is an account, and what provisioning did last. */
export function UserPage() {
  const { id } = useParams({ from: "/shell/users/$id" });
  const user = useQuery(userQuery(id));
  if (!user.data) return <UnreadPage title="User" above={ABOVE} of={user} what="the user" />;
  return <Loaded key={id} user={user.data} />;
}

function Loaded({ user }: { user: User }) {
  const { id } = user;
  const name = user.displayName ?? user.userPrincipalName ?? id;
  const deleted = Boolean(user.deletedDateTime);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const writable = session !== null && session !== undefined && may(session, "write", "directory");
  const [asking, setAsking] = useState<"delete" | "disable">();
  const refresh = () => queries.invalidateQueries({ queryKey: ["users"] });
  const saving = useMutation({ mutationFn: (change: Partial<User>) => changeUser(id, change), onSettled: refresh });
  const restoring = useMutation({ mutationFn: () => restoreUser(id), onSettled: refresh, onSuccess: () => toasts.done(`${name} is restored`), onError: toasts.failed });
  const switching = useMutation({
    mutationFn: (accountEnabled: boolean) => changeUser(id, { accountEnabled }),
    onSettled: () => {
      setAsking(undefined);
      return refresh();
    },
    onSuccess: (_, enabled) => toasts.done(`The account is ${enabled ? "enabled" : "disabled"}`),
    onError: toasts.failed,
  });
  const deleting = useMutation({
    mutationFn: () => (deleted ? deleteForGood(id) : deleteUser(id)),
    onSuccess: async () => {
      toasts.done(deleted ? `${name} is deleted for good` : `${name} is in the recycle bin`);
      setAsking(undefined);
      if (deleted) await navigate({ to: "/users", search: { list: "deleted" } });
      await refresh();
    },
  });
  const remove = (
    <ToolbarButton icon={<Delete20Regular />} onClick={() => setAsking("delete")}>{deleted ? "Delete for good" : "Delete"}</ToolbarButton>
  );
  const enabled = user.accountEnabled !== false;
  const commands = deleted ? (
    <>
      <ToolbarButton icon={<ArrowUndo20Regular />} onClick={() => restoring.mutate()}>Restore</ToolbarButton>
      {remove}
    </>
  ) : (
    <>
      <ToolbarButton icon={enabled ? <PersonProhibited20Regular /> : <Person20Regular />} onClick={() => (enabled ? setAsking("disable") : switching.mutate(true))}>
        {enabled ? "Disable" : "Enable"}
      </ToolbarButton>
      {remove}
    </>
  );
  return (
    <>
      <PageHeader title={name} above={ABOVE} commands={writable && commands} />
      <PageBody>
        {deleted && (
          <MessageBar intent="warning">
            <MessageBarBody>In the recycle bin; deleted <When time={user.deletedDateTime} />.</MessageBarBody>
          </MessageBar>
        )}
        {!deleted && !enabled && <MessageBar intent="info" layout="multiline"><MessageBarBody>The account is disabled.</MessageBarBody></MessageBar>}
        <Facts
          of={[
            ["User principal name", user.userPrincipalName],
            ["Account", deleted ? "Deleted" : enabled ? "Enabled" : "Disabled"],
            ["Object ID", <Copied key="id" text={id} what="object ID" />],
          ]}
        />
        <UserApplications user={user} />
        {!deleted && <Section title="Manager"><Manager user={user} writable={writable} /></Section>}
        {!deleted && <Section title="Groups"><Memberships holder="users" id={id} /></Section>}
        <Section title="Properties">
          <PropertiesForm
            fields={FIELDS}
            values={user}
            action="Save"
            readOnly={deleted || !writable}
            pending={saving.isPending}
            error={saving.error}
            saved={false}
            onSave={(change, done) =>
              saving.mutate(change, {
                onSuccess: () => {
                  queries.setQueryData(userQuery(id).queryKey, { ...user, ...change });
                  done();
                  toasts.done("Saved");
                },
              })
            }
          />
        </Section>
      </PageBody>
      <ConfirmDialog
        open={asking === "disable"}
        title={`Disable ${name}?`}
        action="Disable"
        danger
        pending={switching.isPending}
        onConfirm={() => switching.mutate(false)}
        onCancel={() => setAsking(undefined)}
      >
        The accounts in applications that provisioning looks after are disabled as well, with their next cycles.
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === "delete"}
        title={deleted ? `Delete ${name} for good?` : `Delete ${name}?`}
        action="Delete"
        danger
        pending={deleting.isPending}
        error={deleting.error}
        onConfirm={() => deleting.mutate()}
        onCancel={() => setAsking(undefined)}
      >
        {deleted ? "This cannot be undone." : "The user goes to the recycle bin, and can be restored for 30 days."}
      </ConfirmDialog>
    </>
  );
}

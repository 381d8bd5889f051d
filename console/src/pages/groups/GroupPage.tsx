import { ToolbarButton } from "@fluentui/react-components";
import { Delete20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { changeGroup, deleteGroup, type Group, groupQuery } from "../../api/groups";
import { may, sessionQuery } from "../../api/session";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { Copied } from "../../parts/Copied";
import { Facts } from "../../parts/Facts";
import { PageBody, Section } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { PropertiesForm } from "../../parts/PropertiesForm";
import { useToasts } from "../../parts/toasts";
import { UnreadPage } from "../../parts/Unread";
import { FIELDS } from "./fields";
import { Members } from "./Members";
import { Memberships } from "./Memberships";

const ABOVE = [{ label: "Groups", to: "/groups" }];

/** A group: its members, the groups that it is in, its properties. */
export function GroupPage() {
  const { id } = useParams({ from: "/shell/groups/$id" });
  const group = useQuery(groupQuery(id));
  if (!group.data) return <UnreadPage title="Group" above={ABOVE} of={group} what="the group" />;
  return <Loaded key={id} group={group.data} />;
}

function Loaded({ group }: { group: Group }) {
  const { id } = group;
  const name = group.displayName ?? id;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const writable = !!session && may(session, "write", "directory");
  const [asking, setAsking] = useState(false);
  const refresh = () => queries.invalidateQueries({ queryKey: ["groups"] });
  const saving = useMutation({ mutationFn: (change: Partial<Group>) => changeGroup(id, change), onSettled: refresh });
  const deleting = useMutation({
    mutationFn: () => deleteGroup(id),
    onSuccess: async () => {
      toasts.done(`${name} is deleted`);
      setAsking(false);
      await navigate({ to: "/groups" });
      queries.removeQueries({ queryKey: ["groups", "one", id] });
      await refresh();
    },
  });
  return (
    <>
      <PageHeader
        title={name}
        above={ABOVE}
        commands={writable && <ToolbarButton icon={<Delete20Regular />} onClick={() => setAsking(true)}>Delete</ToolbarButton>}
      />
      <PageBody>
        <Facts of={[["Object ID", <Copied key="id" text={id} what="object ID" />]]} />
        <Section title="Members"><Members group={group} writable={writable} /></Section>
        <Section title="Group memberships"><Memberships holder="groups" id={id} /></Section>
        <Section title="Properties">
          <PropertiesForm
            fields={FIELDS}
            values={group}
            action="Save"
            readOnly={!writable}
            pending={saving.isPending}
            error={saving.error}
            saved={false}
            onSave={(change, done) =>
              saving.mutate(change, {
                onSuccess: () => {
                  queries.setQueryData(groupQuery(id).queryKey, { ...group, ...change });
                  done();
                  toasts.done("Saved");
                },
              })
            }
          />
        </Section>
      </PageBody>
      <ConfirmDialog
        open={asking}
        title={`Delete ${name} for good?`}
        action="Delete"
        danger
        pending={deleting.isPending}
        error={deleting.error}
        onConfirm={() => deleting.mutate()}
        onCancel={() => setAsking(false)}
      >
        Its members stay, but lose what they had by the group, such as the assignment to an application. This cannot be undone.
      </ConfirmDialog>
    </>
  );
}

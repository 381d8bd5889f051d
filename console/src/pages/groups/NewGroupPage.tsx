import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { createGroup, type Group } from "../../api/groups";
import { PageBody } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { Permitted } from "../../parts/Permitted";
import { PropertiesForm } from "../../parts/PropertiesForm";
import { useToasts } from "../../parts/toasts";
import { FIELDS } from "./fields";

export function NewGroupPage() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const creating = useMutation({
    mutationFn: (group: Partial<Group>) => createGroup({ securityEnabled: true, mailEnabled: false, ...group }),
    onSuccess: (group) => {
      toasts.done(`${group.displayName ?? "The group"} was created`);
      return queries.invalidateQueries({ queryKey: ["groups"] });
    },
  });
  // Once the form knows that it is saved: it would ask otherwise.
  const created = creating.data?.id;
  useEffect(() => {
    if (created) void navigate({ to: "/groups/$id", params: { id: created }, replace: true });
  }, [created, navigate]);
  return (
    <>
      <PageHeader title="New group" above={[{ label: "Groups", to: "/groups" }]} />
      <PageBody>
        <Permitted area="directory">
          <PropertiesForm fields={FIELDS} values={{}} action="Create" pending={creating.isPending} error={creating.error} saved={creating.isSuccess} onSave={(group) => creating.mutate(group)} />
        </Permitted>
      </PageBody>
    </>
  );
}

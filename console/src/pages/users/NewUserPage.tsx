import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { createUser, type User } from "../../api/users";
import { PageBody } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { Permitted } from "../../parts/Permitted";
import { PropertiesForm } from "../../parts/PropertiesForm";
import { useToasts } from "../../parts/toasts";
import { FIELDS } from "./fields";

export function NewUserPage() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const creating = useMutation({
    mutationFn: (user: Partial<User>) => createUser({ accountEnabled: true, ...user }),
    onSuccess: (user) => {
      toasts.done(`${user.displayName ?? "The user"} was created`);
      return queries.invalidateQueries({ queryKey: ["users"] });
    },
  });
  // Once the form knows that it is saved: it would ask otherwise.
  const created = creating.data?.id;
  useEffect(() => {
    if (created) void navigate({ to: "/users/$id", params: { id: created }, replace: true });
  }, [created, navigate]);
  return (
    <>
      <PageHeader title="New user" above={[{ label: "Users", to: "/users" }]} />
      <PageBody>
        <Permitted area="directory">
          <PropertiesForm
            fields={FIELDS}
            values={{}}
            action="Create"
            pending={creating.isPending}
            error={creating.error}
            saved={creating.isSuccess}
            onSave={(user) => creating.mutate(user)}
          />
        </Permitted>
      </PageBody>
    </>
  );
}

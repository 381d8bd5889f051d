import { Button, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { managerQuery, setManager, type User } from "../../api/users";
import { ErrorBar } from "../../parts/ErrorBar";
import { ObjectPicker } from "../../parts/ObjectPicker";
import { useToasts } from "../../parts/toasts";
import { Unread } from "../../parts/Unread";

const useStyles = makeStyles({
  row: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  link: { color: tokens.colorBrandForegroundLink },
});

/** Whom a user reports to, and how that is changed. */
export function Manager({ user, writable }: { user: User; writable: boolean }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [picking, setPicking] = useState(false);
  const manager = useQuery(managerQuery(user.id));
  const setting = useMutation({
    mutationFn: (id: string | null) => setManager(user.id, id),
    onSuccess: async (_, id) => {
      await queries.invalidateQueries({ queryKey: ["users", "one", user.id] });
      setPicking(false);
      toasts.done(id ? "The manager is changed" : "The manager is removed");
    },
  });
  return (
    <>
      <Unread small of={manager} what="the manager" />
      <ErrorBar error={setting.error} />
      <div className={styles.row}>
        {manager.data && <Link className={styles.link} to="/users/$id" params={{ id: manager.data.id }}>{manager.data.displayName ?? manager.data.id}</Link>}
        {manager.data === null && <Text>No manager.</Text>}
        {writable && manager.data !== undefined && (
          <>
            <Button onClick={() => setPicking(!picking)} aria-expanded={picking}>{manager.data ? "Change manager" : "Add manager"}</Button>
            {manager.data && <Button disabledFocusable={setting.isPending} onClick={() => setting.mutate(null)}>Remove manager</Button>}
          </>
        )}
      </div>
      {picking && (
        <ObjectPicker label="Manager" onChoose={(chosen) => chosen && setting.mutate(chosen.id)} />
      )}
    </>
  );
}

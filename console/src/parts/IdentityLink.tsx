import { Link } from "@tanstack/react-router";

/** A user or group by name, leading to its page where there is one. */
export function IdentityLink({ type, id, name }: { type?: string | null; id?: string | null; name: string }) {
  if (id && type === "User") return <Link to="/users/$id" params={{ id }}>{name}</Link>;
  if (id && type === "Group") return <Link to="/groups/$id" params={{ id }}>{name}</Link>;
  return <>{name}</>;
}

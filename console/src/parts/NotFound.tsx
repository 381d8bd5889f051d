import { Link } from "@tanstack/react-router";

import { PageHeader } from "./PageHeader";

/** In place of a page that there is not. */
export function NotFound() {
  return (
    <>
      <PageHeader title="There is no such page" />
      <p style={{ padding: "0 24px" }}>The address may be of another version. <Link to="/">Go to the first page</Link></p>
    </>
  );
}

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import type { ImportKind } from "../../api/imports";
import { shellRoute } from "../../shell/routes";

const importFile = createRoute({
  getParentRoute: () => shellRoute,
  path: "/import/$kind",
  params: { parse: ({ kind }): { kind: ImportKind } => ({ kind: kind === "groups" ? "groups" : "users" }), stringify: ({ kind }) => ({ kind }) },
  component: lazyRouteComponent(() => import("./ImportPage"), "ImportPage"),
});

export const importRoutes = [importFile] as const;

import { createRoute, redirect } from "@tanstack/react-router";

import { shellRoute } from "../../shell/routes";

export const overviewRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/",
    beforeLoad: () => {
      throw redirect({ to: "/users" });
    },
  }),
] as const;

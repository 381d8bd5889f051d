/** The pages of this area: each is a route below the shell, loaded lazily; see ../users/routes.ts. */
export const providerRoutes = [] as const;

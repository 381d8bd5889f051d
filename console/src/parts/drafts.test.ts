import { expect, test } from "vitest";

import { changes } from "./drafts";

test("only what differs is sent, and an emptied field as null", () => {
  const user = { displayName: "Ada", department: "Sales", city: null };
  expect(changes({ displayName: "Ada ", department: "", city: "" }, user)).toEqual({ department: null });
  expect(changes({ displayName: "Grace" }, user)).toEqual({ displayName: "Grace" });
});

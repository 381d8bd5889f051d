import type { User } from "../../api/users";

/** A property that the form edits. */
export interface Editable {
  property: "displayName" | "userPrincipalName" | "givenName" | "surname" | "mail" | "mailNickname" | "jobTitle" | "department" | "companyName" | "employeeId" | "officeLocation" | "city" | "country" | "mobilePhone";
  label: string;
  required?: boolean;
}

export const FIELDS: Editable[] = [
  { property: "displayName", label: "Display name", required: true },
  { property: "userPrincipalName", label: "User principal name", required: true },
  { property: "givenName", label: "First name" },
  { property: "surname", label: "Last name" },
  { property: "mail", label: "Email" },
  { property: "mailNickname", label: "Mail nickname" },
  { property: "jobTitle", label: "Job title" },
  { property: "department", label: "Department" },
  { property: "companyName", label: "Company name" },
  { property: "employeeId", label: "Employee ID" },
  { property: "officeLocation", label: "Office location" },
  { property: "city", label: "City" },
  { property: "country", label: "Country" },
  { property: "mobilePhone", label: "Mobile phone" },
];

export type Draft = Partial<Record<Editable["property"], string>>;

/** What a draft changes of a user; an emptied field takes the value away. */
export function changes(draft: Draft, user: Partial<User>): Partial<User> {
  const entries = Object.entries(draft) as [Editable["property"], string][];
  const changed = entries.filter(([property, text]) => text.trim() !== (user[property] ?? ""));
  return Object.fromEntries(changed.map(([property, text]) => [property, text.trim() || null]));
}

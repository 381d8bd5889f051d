import type { Editable } from "../../parts/drafts";

type Property = "displayName" | "userPrincipalName" | "givenName" | "surname" | "mail" | "mailNickname" | "jobTitle" | "department" | "companyName" | "employeeId" | "officeLocation" | "city" | "country" | "mobilePhone";

/** What one changes of a user. */
export const FIELDS: Editable<Property>[] = [
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

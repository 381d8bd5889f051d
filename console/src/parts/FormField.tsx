import { Field, type FieldProps } from "@fluentui/react-components";

import { ApiError } from "../api/errors";

interface Props extends FieldProps {
  /** The property of the API that the field is for, and what the server said: shown here where it is about it. */
  property?: string;
  error?: unknown;
}

/** A field with its label; the server's refusal of its value stands below it. */
export function FormField({ property, error, ...props }: Props) {
  const refused = property && error instanceof ApiError && error.property === property ? error : undefined;
  return <Field {...props} {...(refused && { validationState: "error", validationMessage: `${refused.message} ${refused.hint ?? ""}` })} />;
}

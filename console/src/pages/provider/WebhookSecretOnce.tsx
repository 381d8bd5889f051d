import { Text } from "@fluentui/react-components";

import { FormDialog } from "../../parts/FormDialog";
import { SecretOnce } from "../../parts/SecretOnce";

/** The secret by which an application verifies what it is sent, shown once. */
export function WebhookSecretOnce({ title, secret, onClose }: { title: string; secret: string; onClose: () => void }) {
  return (
    <FormDialog title={title} onClose={onClose}>
      <SecretOnce label="Signing secret" secret={secret} why="it is not shown again." />
      <Text>The application verifies by it that events come from here: header webhook-signature, as Standard Webhooks has it.</Text>
    </FormDialog>
  );
}

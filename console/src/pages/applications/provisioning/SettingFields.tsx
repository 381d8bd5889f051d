import { Checkbox, Input, Select, Switch, Text } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";

import { statusQuery } from "../../../api/status";
import { FormField } from "../../../parts/FormField";
import { Section } from "../../../parts/PageBody";
import { type Fields, problem } from "./fields";

const SCOPES: Record<string, string> = { assigned: "Sync only assigned users and groups", all: "Sync all users and groups" };

/** Who is told of failures, who is in scope, how removals are guarded, when cycles begin, and whether they do. */
export function SettingFields({ now, change, problems, error, readOnly }: Fields) {
  const { data: status } = useQuery(statusQuery);
  return (
    <>
      <Section title="Notification">
        <FormField label="Notification Email" property="notificationMail" error={error} hint="A person or a group who is told when the job goes into quarantine." {...problem(problems.mail)}>
          <Input
            type="email"
            value={now.mail}
            readOnly={readOnly}
            onChange={(_, { value }) => change({ mail: value })}
          />
        </FormField>
        <Checkbox
          label="Send an email notification when a failure occurs"
          checked={now.notify}
          disabled={readOnly}
          onChange={(_, { checked }) => change({ notify: checked === true })}
        />
        {status && !status.sendsMail && (
          <Text>The server cannot send mail yet: it was started without --smtp-url. What you enter here holds once it has one.</Text>
        )}
      </Section>
      <Section title="Settings">
        <FormField label="Scope">
          <Select value={now.scope} disabled={readOnly} onChange={(_, { value }) => change({ scope: value === "all" ? "all" : "assigned" })}>
            {Object.entries(SCOPES).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          </Select>
        </FormField>
        <Checkbox
          label="Prevent accidental deletion"
          checked={now.preventDeletes}
          disabled={readOnly}
          onChange={(_, { checked }) => change({ preventDeletes: checked === true })}
        />
        {now.preventDeletes && (
          <FormField
            label="Accidental deletion threshold"
            property="guards"
            error={error}
            hint="When more accounts than this would be disabled or deleted within a day, all of them are held back until somebody allows it. Empty: 500, or 20 % of the accounts if that is less."
            {...problem(problems.threshold)}
          >
            <Input inputMode="numeric" value={now.threshold} readOnly={readOnly} onChange={(_, { value }) => change({ threshold: value })} />
          </FormField>
        )}
        <FormField label="Cycles begin">
          <Select value={now.trigger} disabled={readOnly} onChange={(_, { value }) => change({ trigger: value === "onChange" ? "onChange" : "schedule" })}>
            <option value="schedule">On a fixed interval</option>
            <option value="onChange">When something changes, and on a fixed interval</option>
          </Select>
        </FormField>
        <FormField label="Interval in minutes" property="interval" error={error} {...problem(problems.minutes)}>
          <Input inputMode="decimal" value={now.minutes} readOnly={readOnly} onChange={(_, { value }) => change({ minutes: value })} />
        </FormField>
        <FormField label="Provisioning Status" hint="Switched on and saved, the initial cycle begins at once.">
          <Switch label={now.on ? "On" : "Off"} checked={now.on} disabled={readOnly} onChange={(_, { checked }) => change({ on: checked })} />
        </FormField>
      </Section>
    </>
  );
}

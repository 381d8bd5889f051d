import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { affectedQuery, isChangedByOthers, type JobOf, type ObjectMapping, type ObjectName, type SavedSchema, saveSchema, schemaQuery } from "../../../api/mappings";
import { may, sessionQuery } from "../../../api/session";
import { useSettled } from "../../../parts/settled";
import { useToasts } from "../../../parts/toasts";
import { useApplication, useJob } from "../layout/application";
import { affectedText, objectMappings, withMapping } from "./mapping";

/** The application and job whose pages are open. */
export function useJobOf(): JobOf {
  const { application } = useApplication();
  return { application: application.id, job: useJob().id };
}

/** Whether who is signed in may change applications. */
export function useWritable(): boolean {
  const { data: session } = useQuery(sessionQuery);
  return Boolean(session && may(session, "write", "applications"));
}

export interface MappingEditor {
  /** The mapping as it is edited. */
  mapping: ObjectMapping;
  /** The schema as it would be saved. */
  saved: SavedSchema;
  edit: (change: Partial<ObjectMapping>) => void;
  discard: () => void;
  save: () => void;
  unsaved: boolean;
  saving: boolean;
  error: unknown;
  changedByOthers: boolean;
  /** Reads what others saved, and forgets what was edited. */
  reload: () => void;
  /** What saving makes the next cycle look at; nothing while that is not known. */
  consequence?: string;
}

/** Edits the mapping of an object: a change of it stays in the page until it is saved. */
export function useMappingEditor(saved: SavedSchema, object: ObjectName): MappingEditor | undefined {
  const of = useJobOf();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [draft, setDraft] = useState<ObjectMapping>();
  // What is edited goes by what was read when that began, so that a change of others meanwhile is told and not overwritten.
  const [base, setBase] = useState<SavedSchema>();
  const read = objectMappings(saved.schema).find((it) => it.sourceObjectName === object);
  const edited = useMemo((): SavedSchema => {
    const { schema, tag } = base ?? saved;
    return { schema: draft ? withMapping(schema, draft) : schema, tag };
  }, [base, saved, draft]);
  const settled = useSettled(edited.schema, 500);
  const affected = useQuery({ ...affectedQuery(of, settled), enabled: draft !== undefined });
  const forget = () => {
    setDraft(undefined);
    setBase(undefined);
  };
  const saving = useMutation({
    mutationFn: () => saveSchema(of, edited),
    onSuccess: async (objects) => {
      toasts.done(`Saved. ${affectedText(objects, affected.data?.everything ?? false)}`);
      await queries.invalidateQueries({ queryKey: schemaQuery(of).queryKey, exact: true });
      forget();
      void queries.invalidateQueries({ queryKey: ["applications"] });
    },
  });
  if (!read) return undefined;
  const mapping = draft ?? read;
  return {
    mapping,
    saved: edited,
    edit: (change) => {
      if (!base) setBase(saved);
      setDraft({ ...mapping, ...change });
      saving.reset();
    },
    discard: () => {
      saving.reset();
      forget();
    },
    save: () => saving.mutate(),
    unsaved: draft !== undefined,
    saving: saving.isPending,
    error: saving.error ?? (draft ? affected.error : null),
    changedByOthers: isChangedByOthers(saving.error),
    reload: () => {
      saving.reset();
      forget();
      void queries.invalidateQueries({ queryKey: schemaQuery(of).queryKey, exact: true });
    },
    consequence: draft && affected.data && settled === edited.schema ? affectedText(affected.data.objects, affected.data.everything) : undefined,
  };
}

/** A property that a form edits as text. */
export interface Editable<Property extends string> {
  property: Property;
  label: string;
  required?: boolean;
  /** Whether it has several lines. */
  long?: boolean;
}

/** Texts that were typed. */
export type Draft<Property extends string> = Partial<Record<Property, string>>;
/** Texts as the server has them. */
export type Values<Property extends string> = Partial<Record<Property, string | null>>;

/** What a draft changes; an emptied field takes the value away. */
export function changes<Property extends string>(draft: Draft<Property>, values: Values<Property>): Values<Property> {
  const changed: Values<Property> = {};
  for (const [property, typed] of Object.entries<string | undefined>(draft) as [Property, string | undefined][]) {
    const text = (typed ?? "").trim();
    if (text !== (values[property] ?? "")) changed[property] = text || null;
  }
  return changed;
}

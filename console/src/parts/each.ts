/** What came of one action for many objects. */
export interface Outcome {
  done: number;
  failures: { name: string; error: unknown }[];
}

/** Does something for each of many, one after the other; one that fails does not keep the others from it. */
export async function each<T>(all: Iterable<T>, nameOf: (one: T) => string, action: (one: T) => Promise<void>): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failures: [] };
  for (const one of all) {
    try {
      await action(one);
      outcome.done += 1;
    } catch (error) {
      outcome.failures.push({ name: nameOf(one), error });
    }
  }
  return outcome;
}

/** A refused or failed call: what happened, and what to do about it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The property that the refusal is about, where it names one. */
  get property(): string | undefined {
    return /property '?([A-Za-z]+)'?/.exec(this.message)?.[1];
  }
}

/** The server did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer.");
    this.name = "Unreachable";
  }
}

interface GraphError {
  error?: { code?: string; message?: string; innerError?: { hint?: unknown } };
}

/** An error from an answer and what was in its body. */
export function errorOf(response: Response, body: unknown): ApiError {
  const { code, message, innerError } = (body as GraphError | undefined)?.error ?? {};
  const hint = typeof innerError?.hint === "string" ? innerError.hint : undefined;
  const after = Number(response.headers.get("Retry-After")) || undefined;
  return new ApiError(response.status, code ?? "Unknown", message ?? `The server answered ${response.status}.`, hint, after);
}

/** An error as two sentences for people. */
export function wording(error: unknown): { message: string; hint?: string } {
  if (error instanceof ApiError) return { message: error.message, hint: error.hint };
  if (error instanceof Unreachable) return { message: error.message, hint: "The console tries again by itself." };
  return { message: error instanceof Error ? error.message : String(error) };
}

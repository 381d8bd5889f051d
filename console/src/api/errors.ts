/** A refused or failed call: what happened, and what to do about it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly retryAfter?: number,
    /** The property that the refusal is about, where it is about one. */
    readonly property?: string,
  ) {
    super(message);
    this.name = "ApiError";
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
  error?: { code?: string; message?: string; innerError?: { hint?: unknown; target?: unknown } };
}

/** An error from an answer and what was in its body. */
export function errorOf(response: Response, body: unknown): ApiError {
  const { code, message, innerError } = (body as GraphError | undefined)?.error ?? {};
  const hint = typeof innerError?.hint === "string" ? innerError.hint : undefined;
  const property = typeof innerError?.target === "string" ? innerError.target : undefined;
  const after = Number(response.headers.get("Retry-After")) || undefined;
  return new ApiError(response.status, code ?? "Unknown", message ?? `The server answered ${response.status}.`, hint, after, property);
}

/** Whether somebody's roles do not permit it, which trying again does not change. A missing CSRF token has the same code. */
export function isDenied(error: unknown): boolean {
  return error instanceof ApiError && error.code === "Authorization_RequestDenied" && error.message.startsWith("Insufficient privileges");
}

/** An error as two sentences for people. */
export function wording(error: unknown): { message: string; hint?: string } {
  if (error instanceof ApiError && isDenied(error)) return { message: "Your roles do not permit this.", hint: error.hint };
  if (error instanceof ApiError) return { message: error.message, hint: error.hint };
  if (error instanceof Unreachable) return { message: error.message, hint: "The console tries again by itself." };
  return { message: error instanceof Error ? error.message : String(error) };
}

import { Toast, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";

import { wording } from "../api/errors";

export const TOASTER = "console";

/** Short messages at the edge of the window: what was done, and what failed that no field can show. */
export function useToasts() {
  const { dispatchToast } = useToastController(TOASTER);
  return {
    done: (message: string) =>
      dispatchToast(<Toast><ToastTitle>{message}</ToastTitle></Toast>, { intent: "success" }),
    failed: (error: unknown) => {
      const { message, hint } = wording(error);
      dispatchToast(
        <Toast><ToastTitle>{message}</ToastTitle>{hint && <ToastBody>{hint}</ToastBody>}</Toast>,
        { intent: "error", timeout: 10_000 },
      );
    },
  };
}
